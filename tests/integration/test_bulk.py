"""Bulk edits: which fields of which events change, what is left out, and what cannot change."""

from __future__ import annotations

import zlib

import orjson
import pytest

from events import batches, bulk, services
from events.bulk import Edit
from events.domain import Event, EventFields, InvalidRequestError, Search
from events.storage import access_table
from events.storage.batches import BatchPartItem
from events.tasks import Batch, Outcome
from tests.support.builders import ACTOR, store


def fields(event_id: str) -> EventFields:
    return services.get_event(event_id).fields


def outcomes(batch: Batch) -> list[tuple[str, Outcome | None]]:
    return [(task.event_id, outcome) for task, outcome in batches.tasks_of(batches.get_batch(batch.id, ACTOR))]


@pytest.mark.parametrize("search", [None, Search()])
def test_an_edit_changes_only_its_fields_and_can_be_undone(search: Search | None) -> None:
    before = [store(name, date="2026-12-30", location="Hall").fields for name in "ab"]
    edit = Edit({"location": "Cellar", "capacity": 40}, days=7)
    batch = bulk.prepare_edit(search, "ab", edit, ACTOR)
    assert (batch.kind, batch.note) == ("edit", "Location: Cellar · Capacity: 40 · Date: +7 days")
    [(task, _), _] = batches.tasks_of(batch)
    assert task.changes == {"location": "Cellar", "capacity": 40, "date": "2027-01-06"}
    assert task.before == {"location": "Hall", "capacity": 250, "date": "2026-12-30"}
    batches.run(batch.id, ACTOR)
    for fields_before in before:
        assert fields(fields_before["eventId"]) == {**fields_before, **task.changes}
    batches.run(batches.undo_batch(batch.id, ACTOR).id, ACTOR)
    assert [fields(name) for name in "ab"] == before


def test_events_that_have_the_values_already_are_left_out() -> None:
    store("a", location="Hall", capacity=10)
    store("b", location="Cellar", capacity=20)
    batch = bulk.prepare_edit(None, "ab", Edit({"location": "Hall", "capacity": 10}), ACTOR)
    assert outcomes(batch) == [("b", None)]
    with pytest.raises(InvalidRequestError, match="have these values already"):
        bulk.prepare_edit(None, "a", Edit({"location": "Hall"}), ACTOR)


def test_events_that_cannot_move_come_first_and_fail_with_the_reason() -> None:
    for name, day in {"a": "2026-12-30", "b": "9999-12-30"}.items():
        store(name, date=day)
    batch = bulk.prepare_edit(Search(), [], Edit({}, days=7), ACTOR)
    assert [task.problem for task, _ in batches.tasks_of(batch)] == [bulk._NO_DAY, ""]  # noqa: SLF001
    done = batches.run(batch.id, ACTOR)
    assert (done.done, done.failed) == (1, 1)
    assert outcomes(batch) == [("b", Outcome("failed", bulk._NO_DAY)), ("a", Outcome("done"))]  # noqa: SLF001
    assert fields("b")["date"] == "9999-12-30"
    with pytest.raises(InvalidRequestError, match="None of these events can change"):
        bulk.prepare_edit(None, ["b"], Edit({"location": "Hall"}, days=7), ACTOR)


def test_an_event_that_changed_after_the_preview_is_left_as_it_is() -> None:
    for name in "ab":
        store(name)
    batch = bulk.prepare_edit(None, "ab", Edit({"organizer": "Choir"}), ACTOR)
    other: Event = services.update_event("a", {"capacity": 1}, ACTOR)
    done = batches.run(batch.id, ACTOR)
    assert (done.done, done.failed) == (1, 1)
    assert services.get_event("a") == other


def test_a_status_takes_the_spelling_in_use() -> None:
    store("a", status="Sold out")
    store("b", status="draft")
    batch = bulk.prepare_edit(None, "ab", Edit({"status": "SOLD OUT"}), ACTOR)
    assert (batch.note, outcomes(batch)) == ("Status: Sold out", [("b", None)])
    assert bulk.prepare_status(None, "b", "sold Out", ACTOR).note == "Sold out"
    assert bulk.prepare_status(None, "b", "Sold  out", ACTOR).note == "Sold  out"
    batches.run(batch.id, ACTOR)
    assert services.statuses_in_use() == ["Sold out"]


def test_a_batch_that_an_earlier_version_stored_still_opens() -> None:
    """Its tasks have no values before the change, and no problem."""
    store("a")
    batch = bulk.prepare_status(None, "a", "draft", ACTOR)
    [(task, _)] = batches.tasks_of(batch)
    old = {"action": "update", "event_id": "a", "title": "x", "revision": task.revision, "changes": {"status": "draft"}}
    old |= {"row": None, "undoes": None, "date": "2026-12-01"}
    part = BatchPartItem(f"batch#{batch.id}#0", tasks=zlib.compress(orjson.dumps([old])))
    access_table.put(part)
    assert batches.run(batch.id, ACTOR).done == 1
    assert fields("a")["status"] == "draft"


@pytest.mark.parametrize("selected", [[], ["gone"]])
def test_an_edit_of_no_event_is_refused(selected: list[str]) -> None:
    with pytest.raises(InvalidRequestError, match="must be 1 to"):
        bulk.prepare_edit(None, selected, Edit({"capacity": 1}), ACTOR)
