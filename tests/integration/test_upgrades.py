"""Stored events are converted to the newest format, also while other programs change them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings

from events import services, upgrades
from events.domain import Search, StorageError
from events.storage import events as repository
from events.storage.connection import connection
from events.storage.models import EventItem, HistoryItem
from tests.support.builders import ACTOR, make_fields, store
from tests.support.commands import run_command
from tests.support.fault_proxy import FAIL, THROTTLE, FaultProxy
from tests.support.stored import set_attribute, store_former
from tests.support.tables import read_table

NEWEST = "zurich\nmain hall\nevents team"


def upgrade() -> upgrades.Progress:
    return list(upgrades.upgrade_events())[-1]


def texts() -> dict[str, str]:
    return {item["eventId"]["S"]: item["searchText"]["S"] for item in read_table(EventItem, ["eventId", "searchText"])}


def found(text: str) -> list[str]:
    return [event["eventId"] for event in services.search_events(Search(text=text), 50).events]


def before_the_write(faults: FaultProxy, change: Callable[[], object]) -> None:
    """Runs a change of another writer when the upgrade has read the events, before it writes."""

    def change_first(handler: Any, body: bytes) -> None:
        faults.set(None)
        change()
        handler.answer(*handler.forward(body))

    faults.set(change_first, "UpdateItem", times=1)


def test_only_the_text_for_searches_changes() -> None:
    store_former(title="Zürich")
    services.update_event("launch", {"capacity": 3}, ACTOR)
    store_former("SE-15", title="Zürich")
    [before] = [item for item in read_table(EventItem) if item["eventId"]["S"] == "SE-15"]
    history = read_table(HistoryItem)
    assert found("zurich") == ["launch"]
    assert upgrade() == upgrades.Progress(read=2, upgraded=1, unfit=0)
    assert found("zurich") == ["SE-15", "launch"]
    assert found("se-15") == ["SE-15"]
    [after] = [item for item in read_table(EventItem) if item["eventId"]["S"] == "SE-15"]
    assert after == {**before, "searchText": {"S": f"{NEWEST}\nse-15"}}
    assert read_table(HistoryItem) == history


def test_events_of_the_newest_form_are_not_written(faults: FaultProxy) -> None:
    store()
    faults.set(None)
    assert upgrade() == upgrades.Progress(1, 0, 0)
    assert faults.calls == ["Scan"]


def test_an_upgrade_that_fails_can_be_repeated(faults: FaultProxy) -> None:
    for number in range(40):
        store_former(f"e{number:02}", title="Zürich")
    faults.set(FAIL, "UpdateItem", after=15)
    with pytest.raises(StorageError):
        upgrade()
    done = list(texts().values()).count(NEWEST)
    assert 15 <= done < 40
    faults.set(None)
    assert upgrade() == upgrades.Progress(40, 40 - done, 0)
    assert set(texts().values()) == {NEWEST}


def test_a_killed_upgrade_can_be_repeated(faults: FaultProxy) -> None:
    for number in range(40):
        store_former(f"e{number:02}", title="Zürich")
    environment = {**os.environ, "DYNAMODB_ENDPOINT_URL": faults.url, "DEBUG": "true"}
    command = [sys.executable, "manage.py", "upgrade_events"]
    with subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:

        def kill(handler: Any, body: bytes) -> None:
            process.kill()
            handler.reset()

        faults.set(kill, "UpdateItem", after=15)
        assert process.wait(60) == -9
    faults.settle()
    faults.set(None)
    done = list(texts().values()).count(NEWEST)
    assert 15 <= done < 40
    assert found("zurich") == sorted(event_id for event_id, text in texts().items() if text == NEWEST)
    assert upgrade() == upgrades.Progress(40, 40 - done, 0)
    assert set(texts().values()) == {NEWEST}


@pytest.mark.parametrize(
    "change",
    [{"title": "Basel"}, {"capacity": 7}, {"date": "2027-01-01"}],
    ids=["title", "capacity", "date"],
)
def test_a_change_meanwhile_is_not_overwritten(faults: FaultProxy, change: Any) -> None:
    store_former(title="Zürich")
    before_the_write(faults, lambda: services.update_event("launch", change, ACTOR))
    assert upgrade() == upgrades.Progress(1, 0, 0)
    event = services.get_event("launch")
    assert event.fields == make_fields(**{"title": "Zürich", **change})
    [item] = read_table(EventItem)
    assert item == EventItem.from_event(event).serialize()


def test_an_event_that_is_deleted_meanwhile_stays_deleted(faults: FaultProxy) -> None:
    store_former(title="Zürich")
    before_the_write(faults, lambda: services.delete_event("launch", ACTOR))
    assert upgrade() == upgrades.Progress(0, 0, 0)
    assert read_table(EventItem) == []


def test_an_event_that_is_created_again_meanwhile_keeps_its_text(faults: FaultProxy) -> None:
    store_former(title="Zürich")

    def create_again() -> None:
        services.delete_event("launch", ACTOR)
        store(title="Zürich")

    before_the_write(faults, create_again)
    assert upgrade().upgraded == 0
    assert texts() == {"launch": NEWEST}


def test_a_former_version_that_writes_meanwhile(faults: FaultProxy) -> None:
    """As while a deploy replaces the function."""
    store_former(title="Genève")

    def write_former() -> None:
        services.update_event("launch", {"title": "Zürich"}, ACTOR)
        set_attribute("launch", searchText={"S": "zürich\nmain hall\nevents team"})

    before_the_write(faults, write_former)
    assert upgrade() == upgrades.Progress(1, 1, 0)
    assert texts() == {"launch": NEWEST}


def test_another_program_that_writes_meanwhile_without_a_revision(faults: FaultProxy) -> None:
    store_former(title="Genève")
    before_the_write(faults, lambda: set_attribute("launch", title={"S": "Zürich"}))
    assert upgrade() == upgrades.Progress(1, 1, 0)
    assert texts() == {"launch": NEWEST}


def test_a_write_of_a_user_during_the_upgrade_succeeds() -> None:
    store_former(title="Zürich")
    event = services.get_event("launch")
    upgrade()
    assert services.update_event("launch", {"capacity": 7}, ACTOR, [event.revision]).fields["capacity"] == 7


def test_throttling_is_waited_out(faults: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("events.storage.upgrades.time.sleep", pauses.append)
    store_former(title="Zürich")
    for operation in ("Scan", "UpdateItem"):
        faults.set(None)
        set_attribute("launch", searchText={"S": "former"})
        faults.set(THROTTLE, operation, times=6)  # two rounds of three attempts
        assert upgrade().upgraded == 1
    assert len([pause for pause in pauses if pause]) >= 4


class TestItemsOfAnotherProgram:
    def put(self, event_id: str = "foreign", **values: dict[str, Any] | None) -> None:
        """An item with an event's fields only."""
        store(event_id)
        own = dict.fromkeys(["allEvents", "dateAndId", "searchText", "revision", "createdAt", "updatedAt", "updatedBy"])
        set_attribute(event_id, **{**own, **values})

    def test_they_appear_in_lists_and_searches(self) -> None:
        self.put(title={"S": "Zürich"})
        before = services.get_event("foreign")
        assert found("zurich") == []
        assert upgrade() == upgrades.Progress(1, 1, 0)
        assert found("zurich") == ["foreign"]
        assert services.get_event("foreign") == before
        assert upgrade() == upgrades.Progress(1, 0, 0)

    @pytest.mark.parametrize("field", ["title", "location", "organizer"])
    @pytest.mark.parametrize("value", [None, {"N": "5"}], ids=["missing", "number"])
    def test_a_field_of_another_type(self, field: str, value: Any) -> None:
        self.put(**{field: value})
        assert upgrade() == upgrades.Progress(1, 1, 0)
        [item] = read_table(EventItem)
        assert item.get(field) == value
        assert item["searchText"]["S"].count("\n") == 2
        assert upgrade() == upgrades.Progress(1, 0, 0)

    @pytest.mark.parametrize("value", [None, {"N": "20261201"}, {"S": "soon"}], ids=["missing", "number", "no day"])
    def test_without_a_day_they_keep_their_place(self, value: Any) -> None:
        store()
        set_attribute("launch", date=value, searchText=None)
        assert upgrade() == upgrades.Progress(1, 1, 0)
        assert found("night") == ["launch"]

    def test_a_date_that_another_program_changed(self) -> None:
        store()
        set_attribute("launch", date={"S": "2027-01-05"})
        assert upgrade() == upgrades.Progress(1, 1, 0)
        [item] = read_table(EventItem)
        assert item["dateAndId"] == {"S": "2027-01-05#launch"}

    def test_ids_that_the_site_does_not_accept_are_left_alone(self) -> None:
        item = {"eventId": {"S": "a/b"}, "title": {"S": "Zürich"}}
        connection().dispatch("PutItem", {"TableName": "events", "Item": item})
        assert upgrade() == upgrades.Progress(1, 0, 0)
        assert read_table(EventItem) == [item]

    def test_one_that_would_become_too_long_does_not_stop_the_others(self) -> None:
        store_former(title="Zürich")
        self.put(title={"S": "\ufdfa" * 50_000})
        assert upgrade() == upgrades.Progress(2, 1, 1)
        assert found("zurich") == ["launch"]


def test_the_command(faults: FaultProxy) -> None:
    store_former(title="Zürich")
    assert run_command("upgrade_events") == "1 events read, 1 upgraded.\n"
    assert run_command("upgrade_events") == "1 events read, 0 upgraded.\n"


def test_the_command_names_its_destination_first_and_fails_with_a_sentence(faults: FaultProxy) -> None:
    store_former()
    faults.set(FAIL, "Scan")
    environment = {**os.environ, "DYNAMODB_ENDPOINT_URL": faults.url, "DEBUG": "true"}
    command = [sys.executable, "manage.py", "upgrade_events"]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    first, *_, last = done.stderr.splitlines()
    assert first == f"Storage: {faults.url}, table events"
    assert last.startswith("CommandError: DynamoDB failed: ")
    assert repository.get_event("launch")
