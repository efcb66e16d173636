"""Lists of events: complete, in order, in pages, and at the cost of their own rows."""

from __future__ import annotations

import random
from typing import Any

import pytest

from events import services
from events.domain import (
    EventRange,
    sort_key,
)
from events.storage.connection import connection
from tests.support.builders import ACTOR, make_fields, store, store_all, store_many


def test_lists_longer_than_one_dynamodb_response_are_complete() -> None:
    """Thirty events of 64 KiB: a scan, a query and a batch of DynamoDB each end after 1, 1 and 16 MB."""
    description = "x" * 65_536
    stored = store_all(make_fields(eventId=f"{number:02}", description=description) for number in range(30))
    events = [event.fields for event in stored]
    assert services.list_events(EventRange()) == (events, None)
    assert services.list_events(EventRange(status="active")) == (events, None)
    assert services.list_events(EventRange(first_date="2026-12-01")) == (events, None)
    assert services.list_events(EventRange(status="active"), 20) == (events[:20], "2026-12-01#19")
    assert services.list_events(EventRange(), 29) == (events[:29], "2026-12-01#28")
    assert services.list_events(EventRange(), 30) == (events, None)


def test_a_batch_of_more_than_16_mb_is_complete() -> None:
    """The items are longer than this site accepts, as another program may write them. Few items make the test quick."""
    text = "x" * 390_000
    stored = store_all(make_fields(eventId=f"{number:03}", description=f"{number}{text}") for number in range(45))
    events = [event.fields for event in stored]
    found, more = services.list_events(EventRange(first_date="2026-12-01"))
    assert [event["eventId"] for event in found] == [event["eventId"] for event in events]
    assert found == events
    assert more is None


def test_more_events_than_one_batch_takes() -> None:
    store_all(make_fields(eventId=f"{number:03}", date=f"2026-12-{number % 28 + 1:02}") for number in range(205))
    found, _ = services.list_events(EventRange(first_date="2026-01-01", last_date="2026-12-31"))
    assert len(found) == 205
    assert found == services.list_events(EventRange())[0]


def test_dates_limit_a_list_on_both_sides() -> None:
    ids = ["\U0010ffff" * 3, "a", "#", "$", "~"]
    for day in ("2026-11-30", "2026-12-01", "2026-12-02"):
        for event_id in ids:
            store(f"{event_id}{day}", date=day)

    def days(within: EventRange) -> set[str]:
        return {event["date"] for event in services.list_events(within)[0]}

    assert len(services.list_events(EventRange(first_date="2026-12-01", last_date="2026-12-01"))[0]) == len(ids)
    assert days(EventRange(first_date="2026-12-01", last_date="2026-12-01")) == {"2026-12-01"}
    assert days(EventRange(first_date="2026-12-01")) == {"2026-12-01", "2026-12-02"}
    assert days(EventRange(status="active", last_date="2026-12-01")) == {"2026-11-30", "2026-12-01"}
    assert days(EventRange(first_date="2026-12-02", last_date="2026-12-01")) == set()


@pytest.mark.parametrize("status", [None, "active"])
def test_pages_together_are_the_list(status: str | None) -> None:
    chance = random.Random(7)
    for number in range(40):
        store(f"{chance.choice(['a', 'é', '🎪', '~', 'Z'])}{number}", date=f"2026-12-{chance.randint(1, 5):02}")
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


def test_pages_are_correct_after_edits_between_them() -> None:
    for name in "abcdef":
        store(name)
    _, after = services.list_events(EventRange(), 3)
    services.delete_event("c", ACTOR)  # where the page ended
    services.update_event("e", {"date": "2026-11-01"}, ACTOR)  # moved before the page
    services.update_event("a", {"date": "2026-12-24"}, ACTOR)  # moved after the page
    store("dd")
    page, after = services.list_events(EventRange(after=after), 10)
    assert [event["eventId"] for event in page] == ["d", "dd", "f", "a"]
    assert after is None


def test_the_cost_of_a_page_does_not_depend_on_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
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

    store_many(20, "early", date="2026-01-01", status="rare")
    few = cost(EventRange(), 10), cost(EventRange(status="rare"), 10)
    store_many(400, "late", date="2026-12-31")
    many = cost(EventRange(), 10), cost(EventRange(status="rare"), 10)
    assert few == many
    assert [operation for operation, _ in many[0]] == ["Query", "BatchGetItem"]
    assert [operation for operation, _ in many[1]] == ["Query"]


def test_a_page_starts_after_both_the_first_date_and_the_cursor() -> None:
    for day in ("2026-12-01", "2026-12-02", "2026-12-03"):
        store(day, date=day)
    for after, expected in (("2026-12-01#2026-12-01", 2), ("2026-11-01#x", 2), ("2026-12-02#2026-12-02", 1)):
        found, _ = services.list_events(EventRange(first_date="2026-12-02", after=after))
        assert len(found) == expected
