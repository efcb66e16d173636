"""Restore, merge and history: earlier fields are restored exactly, and no other change is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import cast
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import services, undo, versions
from events.domain import (
    Event,
    EventChanges,
    EventNotFoundError,
    RevisionMismatchError,
    VersionNotFoundError,
    VersionOutOfReachError,
)
from events.storage.connection import connection
from events.storage.history import get_activity
from events.storage.models import EventItem, HistoryItem
from tests.support.builders import ACTOR, make_body, make_fields, store
from tests.support.fault_proxy import FaultProxy
from tests.support.history import assert_history_replays
from tests.support.stored import get_history
from tests.support.tables import empty_tables, read_table
from tests.support.writes_between import BETWEEN, EVA, delete, land, restore_and_delete, update


def test_unknown_changes_cannot_be_undone_or_restored() -> None:
    with pytest.raises(VersionNotFoundError):
        undo.undo_change("launch", "2026-01-01T00:00:00.000000Z", ACTOR)
    event = store()
    with pytest.raises(VersionNotFoundError):
        versions.restore_version("launch", "2026-01-01T00:00:00.000000Z", [event.revision], ACTOR)


def test_a_restore_needs_the_current_revision() -> None:
    created = store()
    changed = services.update_event("launch", {"title": "B"}, ACTOR)
    with pytest.raises(RevisionMismatchError):
        versions.restore_version("launch", created.created_at, [created.revision], ACTOR)
    assert services.get_event("launch") == changed


def test_earlier_versions_of_a_deleted_event_can_be_restored() -> None:
    created = store()
    services.update_event("launch", {"title": "B"}, ACTOR)
    services.delete_event("launch", ACTOR)
    restored = versions.restore_version("launch", created.created_at, [""], EVA)
    assert restored.fields == created.fields
    assert restored.created_at == created.created_at


def test_restoring_the_current_version_writes_nothing() -> None:
    created = store()
    assert versions.restore_version("launch", created.created_at, [created.revision], ACTOR) == created
    assert len(get_history("launch")) == 1


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["A", "B", "C"]),
        "description": st.sampled_from(["", "x" * 20_000, "y"]),
        "capacity": st.integers(0, 3),
        "status": st.sampled_from(["active", "draft"]),
    },
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.one_of(CHANGES, st.just("delete and undo"), st.just("delete and create")), max_size=8))
def test_every_version_of_the_history_can_be_restored(steps: list[dict[str, object] | str]) -> None:
    empty_tables()
    was = {}
    event = store()
    was[event.updated_at] = event.fields
    for step in steps:
        if isinstance(step, dict):
            event = services.update_event("launch", cast(EventChanges, step), ACTOR)
        else:
            at = services.delete_event("launch", ACTOR).at
            if step == "delete and undo":
                event = cast(Event, undo.undo_change("launch", at, ACTOR))
            else:
                event = store(title="anew")
        was[event.updated_at] = event.fields
    for at, fields in was.items():
        with patch("events.storage.history._ROWS_AT_FIRST", 1):
            event = versions.restore_version("launch", at, [event.revision], ACTOR)
        assert event.fields == fields


@pytest.fixture
def small_reads() -> Iterator[None]:
    """One request reads two rows in each direction from a version."""
    with patch("events.storage.history._ROWS_AT_FIRST", 2), patch("events.versions._MAX_READS", 1):
        yield


@pytest.mark.usefixtures("small_reads")
def test_a_version_among_too_many_changes_is_restored_in_its_changed_fields() -> None:
    created = [store(title="First")]
    created += [services.update_event("launch", {"capacity": number}, ACTOR) for number in range(7)]
    latest = services.update_event("launch", {"title": "Now"}, ACTOR)
    with pytest.raises(VersionOutOfReachError):
        versions.restore_version("launch", created[3].updated_at, [latest.revision], EVA)
    assert services.get_event("launch") == latest
    restored = versions.restore_version("launch", created[3].updated_at, [latest.revision], EVA, only_changed=True)
    assert restored.fields == {**latest.fields, "capacity": 2}
    for near_the_first in (created[2], created[1], created[0]):
        restored = versions.restore_version("launch", near_the_first.updated_at, [restored.revision], EVA)
        assert restored.fields == near_the_first.fields


@pytest.mark.usefixtures("small_reads")
def test_a_version_of_a_deleted_event_can_be_out_of_reach() -> None:
    store()
    changed = [services.update_event("launch", {"capacity": number}, ACTOR) for number in range(7)]
    services.delete_event("launch", ACTOR)
    with pytest.raises(VersionOutOfReachError):
        versions.restore_version("launch", changed[3].updated_at, [""], EVA)
    with pytest.raises(VersionNotFoundError):
        versions.restore_version("launch", changed[3].updated_at, [""], EVA, only_changed=True)
    with pytest.raises(EventNotFoundError):
        services.get_event("launch")


def test_versions_do_not_mix_events_with_the_same_id() -> None:
    store(title="Earlier")
    services.delete_event("launch", ACTOR)
    item = EventItem.from_event(Event.new(make_fields(title="Of another program"), ACTOR)).serialize()
    connection().dispatch("PutItem", {"TableName": EventItem.Meta.table_name, "Item": item})
    changed = services.update_event("launch", {"capacity": 1}, ACTOR)
    connection().delete_item(EventItem.Meta.table_name, "launch")  # the other program deletes it too
    later = store(title="Later")
    with pytest.raises(VersionOutOfReachError):
        versions.restore_version("launch", changed.updated_at, [later.revision], EVA)
    assert services.get_event("launch") == later


def test_a_deletion_is_not_a_version() -> None:
    created = store()
    at = services.delete_event("launch", ACTOR).at
    with pytest.raises(VersionNotFoundError):
        versions.restore_version("launch", at, [""], ACTOR)
    for unknown in ("", "9" * 3000, "2026"):
        with pytest.raises(VersionNotFoundError):
            versions.get_change("launch", unknown)
    assert versions.get_change("launch", created.created_at).rows[0].after == created.fields


def test_history_rows_of_the_first_release_can_be_read() -> None:
    store()
    at = services.delete_event("launch", ACTOR).at
    for row in read_table(HistoryItem):
        for name in ("title", "changed", "createdAt", "allChanges", "atAndId"):
            del row[name]
        connection().dispatch("PutItem", {"TableName": HistoryItem.Meta.table_name, "Item": row})
    past = versions.get_past("launch")
    assert (past.title, [row.action for row in past.rows]) == ("Launch night", ["delete", "create"])
    restored = undo.undo_change("launch", at, EVA)
    assert restored is not None
    assert restored.fields == make_fields()


def test_long_addresses_find_nothing() -> None:
    store()
    with pytest.raises(VersionNotFoundError):
        versions.restore_version("x" * 3000, "2026", [""], ACTOR)
    with pytest.raises(VersionNotFoundError):
        undo.undo_change("x" * 3000, "2026", ACTOR)
    assert len(versions.get_past("launch", "9" * 3000).rows) == 1


def test_merging_changes_of_two_people() -> None:
    opened = store()
    theirs = services.update_event("launch", {"title": "Theirs", "location": "Cellar", "capacity": 7}, EVA)
    theirs = services.update_event("launch", {"organizer": "Eva"}, EVA)
    mine = {**opened.fields, "title": "Mine", "status": "draft", "capacity": 7}
    fields = {field.name: field for field in versions.merge(theirs, opened.revision, cast(EventChanges, mine))}
    assert {name for name, field in fields.items() if field.clash} == {"title"}
    assert {name for name, field in fields.items() if field.differs} == {
        "title",
        "location",
        "capacity",
        "organizer",
        "status",
    }
    merged = make_body(title="Mine", location="Cellar", capacity=7, organizer="Eva", status="draft")
    assert {name: field.merged for name, field in fields.items()} == merged
    assert (fields["title"].original, fields["title"].theirs) == ("Launch night", "Theirs")


def test_without_the_original_every_difference_is_a_conflict() -> None:
    event = store()
    mine = cast(EventChanges, {**event.fields, "title": "Mine"})
    fields = {field.name: field for field in versions.merge(event, "no such revision", mine)}
    assert fields["title"].original is None
    assert {name for name, field in fields.items() if field.clash} == {"title"}


@pytest.mark.usefixtures("small_reads")
def test_a_merge_searches_only_the_latest_changes_for_the_original() -> None:
    opened = [store()]
    opened += [services.update_event("launch", {"capacity": number}, ACTOR) for number in range(3)]
    mine = cast(EventChanges, opened[-1].fields)
    place = versions.EDITABLE.index("capacity")
    originals = [versions.merge(opened[-1], event.revision, mine)[place].original for event in opened]
    assert originals == [None, None, 1, 2]


def test_the_history_of_an_event_has_pages() -> None:
    store(capacity=0)
    for capacity in range(1, 30):
        services.update_event("launch", {"capacity": capacity}, ACTOR)
    first = versions.get_past("launch")
    assert first.event is not None
    assert len(first.rows) == versions.HISTORY_PAGE
    second = versions.get_past("launch", first.more)
    assert second.more is None
    assert [row.after and row.after["capacity"] for row in first.rows + second.rows] == list(range(29, -1, -1))
    assert versions.get_past("launch", "2000") == first
    with pytest.raises(EventNotFoundError):
        versions.get_past("other")
    with pytest.raises(EventNotFoundError):
        versions.get_past("other", "2999")
    with pytest.raises(EventNotFoundError):
        versions.get_past("../x")


def test_a_last_page_of_the_history_can_be_full() -> None:
    store(capacity=0)
    for capacity in range(1, versions.HISTORY_PAGE):
        services.update_event("launch", {"capacity": capacity}, ACTOR)
    past = versions.get_past("launch")
    assert (len(past.rows), past.more) == (versions.HISTORY_PAGE, None)
    services.update_event("launch", {"capacity": 100}, ACTOR)
    past = versions.get_past("launch")
    assert (len(past.rows), past.more) == (versions.HISTORY_PAGE, past.rows[-1].at)


def test_a_timestamp_that_is_too_long_is_ignored() -> None:
    created_at = store().created_at
    services.update_event("launch", {"title": "B"}, ACTOR)
    assert len(versions.get_past("launch", created_at.ljust(versions.MAX_TIMESTAMP_LENGTH, "0")).rows) == 1
    assert len(versions.get_past("launch", created_at.ljust(versions.MAX_TIMESTAMP_LENGTH + 1, "0")).rows) == 2


def test_the_activity_of_all_events_has_pages() -> None:
    for number in range(5):
        store(f"e{number}")
    services.update_event("e0", {"title": "B", "capacity": 3}, EVA)
    services.delete_event("e4", ACTOR)
    rows = get_activity(3)
    assert [(row.event_id, row.action, row.actor) for row in rows] == [
        ("e4", "delete", "tester"),
        ("e0", "update", "eva"),
        ("e4", "create", "tester"),
    ]
    assert (rows[1].changed, rows[1].title) == (("title", "capacity"), "B")
    rest = get_activity(50, rows[-1].key)
    assert [row.event_id for row in rest] == ["e3", "e2", "e1", "e0"]


@BETWEEN
@pytest.mark.parametrize("write", [update, delete])
def test_a_restore_keeps_a_write_between_its_calls(
    faults: FaultProxy, before_call: int, write: Callable[[], None]
) -> None:
    created = store()
    changed = services.update_event("launch", {"title": "B"}, ACTOR)
    land(faults, write, before_call)
    with pytest.raises(RevisionMismatchError):
        versions.restore_version("launch", created.created_at, [changed.revision], ACTOR)
    assert get_history("launch", limit=1)[0].actor == "eva"
    assert_history_replays()


@BETWEEN
def test_a_restore_of_an_event_deleted_between_its_calls_restores_every_field(
    faults: FaultProxy, before_call: int
) -> None:
    created = store()
    services.update_event("launch", {"title": "B"}, ACTOR)
    land(faults, delete, before_call)
    with suppress(RevisionMismatchError):  # the event was read before it was deleted
        assert versions.restore_version("launch", created.created_at, [""], ACTOR).fields == created.fields
    faults.set(None)  # a restore that is refused makes fewer calls
    assert_history_replays()


@BETWEEN
def test_a_restore_of_a_deleted_event_follows_a_restore_and_a_delete_between_its_calls(
    faults: FaultProxy, before_call: int
) -> None:
    created = store()
    services.delete_event("launch", ACTOR)
    land(faults, restore_and_delete, before_call)
    assert versions.restore_version("launch", created.created_at, [""], ACTOR).fields == created.fields
    assert [row.action for row in get_history("launch")] == [
        "restore",
        "delete",
        "update",
        "restore",
        "delete",
        "create",
    ]
    assert_history_replays()
