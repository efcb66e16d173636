"""What is in the tables after each write, and what reads find, on the real engine."""

from __future__ import annotations

import random
import time
from typing import Any

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
    sort_key,
)
from events.storage import events as repository
from events.storage.connection import connection
from events.storage.history import get_history
from events.storage.items import created_event
from events.storage.models import AccessItem, EventItem, HistoryItem
from events.storage.tables import create_tables
from tests.support.builders import ACTOR, make_fields
from tests.support.tables import read_table


def store(**fields: Any) -> Event:
    return services.create_event(make_fields(**fields), ACTOR)


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


def test_the_item_has_the_fields_at_its_top() -> None:
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
def test_a_write_whose_condition_fails_leaves_no_trace(change: str) -> None:
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
    # The mark of the deletion would refuse it, too; DynamoDB removes that after a day.
    connection().delete_item(AccessItem.Meta.table_name, "deleted#launch")
    again = Event(stored.fields, "new", stored.created_at, stored.updated_at, stored.updated_by)
    with pytest.raises(WriteConflictError):
        repository.write(Change.create(again, ACTOR))
    assert repository.get_event("launch") is None
    assert [row.action for row in get_history("launch")] == ["delete", "create"]


def test_an_idempotency_key_expires_after_a_day_and_is_stored_hashed_or_not_at_all() -> None:
    key = IdempotencyKey("hash-of-key", "fingerprint")
    event = services.create_event(make_fields(), ACTOR, key)
    [row] = read_table(AccessItem)
    assert row["key"] == {"S": "idempotency#hash-of-key"}
    assert 86_390 < int(row["expiresAt"]["N"]) - time.time() < 86_410
    assert repository.get_idempotent_create("hash-of-key") == ("fingerprint", event)
    assert repository.get_idempotent_create("another") is None
    with pytest.raises(WriteConflictError):
        repository.write(Change.create(Event.new(make_fields(eventId="other"), ACTOR), ACTOR), key)


def astral(seed: int, length: int) -> str:
    """Text that compresses as badly as text can: any characters of four bytes each."""
    chance = random.Random(seed)
    return "".join(chr(chance.randint(0x10000, 0x10FFFF)) for _ in range(length))


def test_the_largest_event_can_be_created_changed_and_deleted() -> None:
    text = astral(1, 256)
    largest = make_fields(
        eventId=astral(2, 128),
        description=astral(3, 65_536),
        title=text,
        location=text,
        organizer=text,
        status=text,
        capacity=10**15,
    )
    event_id = largest["eventId"]
    created = services.create_event(largest, ACTOR, IdempotencyKey("largest", "x"))
    changes: EventChanges = {
        "description": astral(4, 65_536),
        "title": astral(5, 256),
        "location": astral(7, 256),
        "organizer": astral(8, 256),
        "capacity": 0,
        "status": astral(6, 256),
    }
    changed = services.update_event(event_id, changes, ACTOR)
    assert services.get_event(event_id) == changed
    assert repository.get_idempotent_create("largest") == ("x", created)
    assert services.list_events(EventRange(status=astral(6, 256))) == ([changed.fields], None)
    assert services.list_events(EventRange(last_date="2999-01-01")) == ([changed.fields], None)
    services.delete_event(event_id, ACTOR)
    assert len(read_table(HistoryItem)) == 3


def test_case_folding_may_make_the_search_text_longer_than_the_text() -> None:
    longest = "ΐ" * 512  # folds to three characters
    event = store(title=longest, location=longest, organizer=longest)
    assert services.get_event("launch") == event


def test_lists_longer_than_one_answer_of_dynamodb_are_whole() -> None:
    """Thirty events of 64 KiB: a scan, a query and a batch of DynamoDB each end after 1, 1 and 16 MB."""
    description = "x" * 65_536
    events = [store(eventId=f"{number:02}", description=description).fields for number in range(30)]
    assert services.list_events(EventRange()) == (events, None)
    assert services.list_events(EventRange(status="active")) == (events, None)
    assert services.list_events(EventRange(first_date="2026-12-01")) == (events, None)
    assert services.list_events(EventRange(status="active"), 20) == (events[:20], "2026-12-01#19")
    assert services.list_events(EventRange(), 29) == (events[:29], "2026-12-01#28")
    assert services.list_events(EventRange(), 30) == (events, None)


def test_a_batch_of_more_than_16_mb_is_whole() -> None:
    events = [store(eventId=f"{number:03}", description=astral(number, 65_536)).fields for number in range(70)]
    found, more = services.list_events(EventRange(first_date="2026-12-01"))
    assert [event["eventId"] for event in found] == [event["eventId"] for event in events]
    assert found == events
    assert more is None


def test_more_events_than_one_batch_takes() -> None:
    for number in range(205):
        store(eventId=f"{number:03}", date=f"2026-12-{number % 28 + 1:02}")
    found, _ = services.list_events(EventRange(first_date="2026-01-01", last_date="2026-12-31"))
    assert len(found) == 205
    assert found == services.list_events(EventRange())[0]


def test_dates_bound_a_list_on_both_sides() -> None:
    ids = ["\U0010ffff" * 3, "a", "#", "$", "~"]
    for day in ("2026-11-30", "2026-12-01", "2026-12-02"):
        for event_id in ids:
            store(eventId=f"{event_id}{day}", date=day)

    def days(within: EventRange) -> set[str]:
        return {event["date"] for event in services.list_events(within)[0]}

    assert len(services.list_events(EventRange(first_date="2026-12-01", last_date="2026-12-01"))[0]) == len(ids)
    assert days(EventRange(first_date="2026-12-01", last_date="2026-12-01")) == {"2026-12-01"}
    assert days(EventRange(first_date="2026-12-01")) == {"2026-12-01", "2026-12-02"}
    assert days(EventRange(status="active", last_date="2026-12-01")) == {"2026-11-30", "2026-12-01"}
    assert days(EventRange(first_date="2026-12-02", last_date="2026-12-01")) == set()


@pytest.mark.parametrize("status", [None, "active"])
def test_pages_put_together_are_the_list(status: str | None) -> None:
    chance = random.Random(7)
    for number in range(40):
        store(eventId=f"{chance.choice(['a', 'é', '🎪', '~', 'Z'])}{number}", date=f"2026-12-{chance.randint(1, 5):02}")
    whole, _ = services.list_events(EventRange(status=status))
    for size in (1, 7, 40):
        pages, after = [], None
        while True:
            page, after = services.list_events(EventRange(status=status, after=after), size)
            pages += page
            if after is None:
                break
            assert len(page) == size
            assert after == sort_key(page[-1]["date"], page[-1]["eventId"])
        assert pages == whole


def test_pages_survive_edits_in_between() -> None:
    for name in "abcdef":
        store(eventId=name)
    _, after = services.list_events(EventRange(), 3)
    services.delete_event("c", ACTOR)  # where the page ended
    services.update_event("e", {"date": "2026-11-01"}, ACTOR)  # moved to before
    services.update_event("a", {"date": "2026-12-24"}, ACTOR)  # moved to behind
    store(eventId="dd")
    page, after = services.list_events(EventRange(after=after), 10)
    assert [event["eventId"] for event in page] == ["d", "dd", "f", "a"]
    assert after is None


def test_a_page_costs_its_own_rows_and_not_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    dispatch = connection().dispatch
    used: list[tuple[str, float]] = []

    def counted(operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = dispatch(operation, arguments)
        capacity = answer["ConsumedCapacity"]
        capacities = capacity if isinstance(capacity, list) else [capacity]
        used.append((operation, sum(each["CapacityUnits"] for each in capacities)))
        return answer

    def cost(within: EventRange, limit: int) -> list[tuple[str, float]]:
        used.clear()
        with monkeypatch.context() as patched:
            patched.setattr(connection(), "dispatch", counted)
            services.list_events(within, limit)
        return list(used)

    for number in range(20):
        store(eventId=f"early{number:03}", date="2026-01-01", status="rare")
    few = cost(EventRange(), 10), cost(EventRange(status="rare"), 10)
    for number in range(400):
        store(eventId=f"late{number:03}", date="2026-12-31")
    many = cost(EventRange(), 10), cost(EventRange(status="rare"), 10)
    assert few == many
    assert [operation for operation, _ in many[0]] == ["Query", "BatchGetItem"]
    assert [operation for operation, _ in many[1]] == ["Query"]


def test_an_event_put_there_by_other_means_is_taken_in() -> None:
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


def test_an_event_put_there_by_other_means_is_not_overwritten_unseen() -> None:
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
    for stale in (first, second):  # somebody has it since
        with pytest.raises(WriteConflictError):
            repository.write(Change.update(stale, stale.changed({"capacity": 2}, ACTOR), ACTOR))
    assert services.get_event("launch") == taken_in
    services.delete_event("launch", ACTOR)
    with pytest.raises(WriteConflictError):  # and it does not come back
        repository.write(Change.update(second, second.changed({"capacity": 2}, ACTOR), ACTOR))


def test_expired_rows_are_dynamodbs_to_remove() -> None:
    described = connection().dispatch("DescribeTimeToLive", {"TableName": "events-access"})
    assert described["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiresAt"}


def test_a_page_begins_where_both_the_dates_and_the_cursor_let_it() -> None:
    for day in ("2026-12-01", "2026-12-02", "2026-12-03"):
        store(eventId=day, date=day)
    for after, expected in (("2026-12-01#2026-12-01", 2), ("2026-11-01#x", 2), ("2026-12-02#2026-12-02", 1)):
        found, _ = services.list_events(EventRange(first_date="2026-12-02", after=after))
        assert len(found) == expected


def test_tables_are_made_once() -> None:
    assert create_tables() == []
    described = connection().describe_table("events")
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    keys = {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for index in described["GlobalSecondaryIndexes"]
    }
    assert keys == {
        "by-status": ["status", "dateAndId"],
        "by-date": ["allEvents", "dateAndId"],
        "by-status-name": ["allEvents", "status"],
    }
