"""The items in the tables after each write, and single reads."""

from __future__ import annotations

import time

import pytest

from events import services
from events.domain import (
    Change,
    Event,
    EventChanges,
    EventRange,
    IdempotencyKey,
    RevisionMismatchError,
    WriteConflictError,
)
from events.storage import events as repository
from events.storage.connection import connection
from events.storage.items import created_event
from events.storage.models import AccessItem, EventItem, HistoryItem
from tests.support.builders import ACTOR, astral_text, make_fields, store
from tests.support.stored import get_history
from tests.support.tables import read_table


def test_every_change_has_its_history_row() -> None:
    created = store()
    updated = services.update_event("launch", {"capacity": 9, "title": "Later"}, ACTOR)
    services.delete_event("launch", ACTOR)
    rows = sorted(read_table(HistoryItem), key=lambda row: row["at"]["S"])
    whole = {name: {"N": str(value)} if name == "capacity" else {"S": value} for name, value in make_fields().items()}
    who = {
        "eventId": {"S": "launch"},
        "actor": {"S": "tester"},
        "address": {"S": "192.0.2.7"},
        "createdAt": {"S": created.created_at},
        "allChanges": {"S": "all"},
    }
    assert rows == [
        {
            **who,
            "at": {"S": created.created_at},
            "atAndId": {"S": f"{created.created_at}#launch"},
            "title": {"S": "Launch night"},
            "changed": {"S": ""},
            "action": {"S": "create"},
            "revision": {"S": created.revision},
            "after": {"M": whole},
        },
        {
            **who,
            "at": {"S": updated.updated_at},
            "atAndId": {"S": f"{updated.updated_at}#launch"},
            "title": {"S": "Later"},
            "changed": {"S": "title,capacity"},
            "action": {"S": "update"},
            "revision": {"S": updated.revision},
            "before": {"M": {"title": {"S": "Launch night"}, "capacity": {"N": "250"}}},
            "after": {"M": {"title": {"S": "Later"}, "capacity": {"N": "9"}}},
        },
        {
            **who,
            "at": rows[2]["at"],
            "atAndId": {"S": f"{rows[2]['at']['S']}#launch"},
            "title": {"S": "Later"},
            "changed": {"S": ""},
            "action": {"S": "delete"},
            "before": {"M": {**whole, "title": {"S": "Later"}, "capacity": {"N": "9"}}},
        },
    ]
    assert created_event(rows[0]) == created
    assert read_table(EventItem) == []


def test_an_item_has_the_fields_as_attributes() -> None:
    event = store()
    assert read_table(EventItem) == [
        {
            "eventId": {"S": "launch"},
            "title": {"S": "Launch night"},
            "description": {"S": "Doors at seven."},
            "date": {"S": "2026-12-01"},
            "location": {"S": "Main hall"},
            "capacity": {"N": "250"},
            "organizer": {"S": "Events team"},
            "status": {"S": "active"},
            "revision": {"S": event.revision},
            "createdAt": {"S": event.created_at},
            "updatedAt": {"S": event.created_at},
            "updatedBy": {"S": "tester"},
            "allEvents": {"S": "all"},
            "dateAndId": {"S": "2026-12-01#launch"},
            "searchText": {"S": "launch night\nmain hall\nevents team"},
        }
    ]


@pytest.mark.parametrize("change", ["create", "update", "delete"])
def test_a_write_with_a_failed_condition_changes_nothing(change: str) -> None:
    stored = store()
    stale = Event(stored.fields, "stale", stored.created_at, stored.updated_at, stored.updated_by)
    before = read_table(EventItem), read_table(HistoryItem)
    with pytest.raises(WriteConflictError):
        repository.write(
            {
                "create": Change.create(Event.new(make_fields(title="Other"), ACTOR), ACTOR),
                "update": Change.update(stale, stale.changed({"title": "Other"}, ACTOR), ACTOR),
                "delete": Change.delete(stale, ACTOR),
            }[change],
            IdempotencyKey("key", "fingerprint") if change == "create" else None,
        )
    assert (read_table(EventItem), read_table(HistoryItem)) == before
    assert read_table(AccessItem) == []


def test_a_history_row_is_never_overwritten() -> None:
    stored = store()
    changed = stored.changed({"title": "B"}, ACTOR)._replace(updated_at=stored.updated_at)
    with pytest.raises(WriteConflictError):
        repository.write(Change.update(stored, changed, ACTOR))
    assert repository.get_event("launch") == stored
    services.delete_event("launch", ACTOR)
    # The deletion mark would refuse it too. DynamoDB removes it after a day.
    connection().delete_item(AccessItem.Meta.table_name, "deleted#launch")
    again = Event(stored.fields, "new", stored.created_at, stored.updated_at, stored.updated_by)
    with pytest.raises(WriteConflictError):
        repository.write(Change.create(again, ACTOR))
    assert repository.get_event("launch") is None
    assert [row.action for row in get_history("launch")] == ["delete", "create"]


def test_an_idempotency_key_expires_after_a_day_and_is_stored_only_with_its_event() -> None:
    key = IdempotencyKey("hash-of-key", "fingerprint")
    event = services.create_event(make_fields(), ACTOR, key)
    [row] = read_table(AccessItem)
    assert row["key"] == {"S": "idempotency#hash-of-key"}
    assert 86_390 < int(row["expiresAt"]["N"]) - time.time() < 86_410
    assert repository.get_idempotent_create("hash-of-key") == ("fingerprint", event)
    assert repository.get_idempotent_create("another") is None
    with pytest.raises(WriteConflictError):
        repository.write(Change.create(Event.new(make_fields(eventId="other"), ACTOR), ACTOR), key)


def test_the_largest_event_can_be_created_changed_and_deleted() -> None:
    text = astral_text(1, 256)
    largest = make_fields(
        eventId=astral_text(2, 128),
        description=astral_text(3, 65_536),
        title=text,
        location=text,
        organizer=text,
        status=text,
        capacity=10**15,
    )
    event_id = largest["eventId"]
    created = services.create_event(largest, ACTOR, IdempotencyKey("largest", "x"))
    changes: EventChanges = {
        "description": astral_text(4, 65_536),
        "title": astral_text(5, 256),
        "location": astral_text(7, 256),
        "organizer": astral_text(8, 256),
        "capacity": 0,
        "status": astral_text(6, 256),
    }
    changed = services.update_event(event_id, changes, ACTOR)
    assert services.get_event(event_id) == changed
    assert repository.get_idempotent_create("largest") == ("x", created)
    assert services.list_events(EventRange(status=astral_text(6, 256))) == ([changed.fields], None)
    assert services.list_events(EventRange(last_date="2999-01-01")) == ([changed.fields], None)
    services.delete_event(event_id, ACTOR)
    assert len(read_table(HistoryItem)) == 3


def test_case_folding_can_make_the_search_text_longer() -> None:
    longest = "ΐ" * 512  # case folding makes three characters of it
    event = store(title=longest, location=longest, organizer=longest)
    assert services.get_event("launch") == event


def test_an_event_that_another_program_wrote_can_be_changed() -> None:
    def put(event_id: str) -> None:
        fields = make_fields(eventId=event_id).items()
        item = {name: {"N": str(value)} if name == "capacity" else {"S": value} for name, value in fields}
        connection().put_item("events", event_id, attributes=item)

    put("launch")
    assert services.list_events(EventRange()) == ([make_fields()], None)
    assert services.get_event("launch").fields == make_fields()
    services.update_event("launch", {"capacity": 9}, ACTOR)
    assert services.list_events(EventRange(status="active")) == ([make_fields(capacity=9)], None)
    put("other")
    services.delete_event("other", ACTOR)
    assert {row["action"]["S"] for row in read_table(HistoryItem)} == {"update", "delete"}


def test_an_event_that_another_program_changed_is_not_overwritten() -> None:
    def put(title: str) -> Event:
        fields = make_fields(title=title)
        item = {name: {"N": str(value)} if name == "capacity" else {"S": value} for name, value in fields.items()}
        connection().put_item("events", "launch", attributes=item)
        return services.get_event("launch")

    first, second = put("First"), put("Second")
    assert first.revision != second.revision
    with pytest.raises(RevisionMismatchError):
        services.update_event("launch", {"capacity": 1}, ACTOR, [first.revision])
    taken_in = services.update_event("launch", {"capacity": 1}, ACTOR, [second.revision])
    for stale in (first, second):  # read before the update
        with pytest.raises(WriteConflictError):
            repository.write(Change.update(stale, stale.changed({"capacity": 2}, ACTOR), ACTOR))
    assert services.get_event("launch") == taken_in
    services.delete_event("launch", ACTOR)
    with pytest.raises(WriteConflictError):  # a deleted event is not re-created
        repository.write(Change.update(second, second.changed({"capacity": 2}, ACTOR), ACTOR))
