"""The list of staff: pages in both directions and orders, searches in steps, and the cost of a page."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import product
from threading import Event
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from events import listing, services
from events.domain import EventRange, Search
from events.listing import ListPage, list_page
from events.samples import generated_events
from events.storage import cached_queries
from events.storage import events as repository
from events.storage import lists as event_lists
from events.storage.connection import DynamoDB
from eventsite.aws_calls import Service
from tests.support.builders import ACTOR, store, store_all, store_titled, titled_fields
from tests.support.fault_proxy import FaultProxy

SIZE = 4


@pytest.fixture(autouse=True)
def short_pages() -> Iterator[None]:
    with patch.object(listing, "PAGE_SIZE", SIZE):
        yield


def store_days(*days: int, **fields: Any) -> None:
    for day in days:
        store(f"e{day:02}", date=f"2026-12-{day:02}", **fields)


def ids(page: ListPage) -> list[str]:
    return [event["eventId"] for event in page.events]


def walk(search: Search) -> tuple[list[list[str]], list[list[str]]]:
    """The pages forward to the end, and the pages back."""
    page = list_page(search)
    there = [ids(page)]
    while page.next:
        page = list_page(search, after=page.next)
        there.append(ids(page))
    back = []
    while page.previous:
        page = list_page(search, before=page.previous)
        back.append(ids(page))
    return there, back


@pytest.mark.parametrize("latest_first", [False, True])
@pytest.mark.parametrize("status", [None, "active"])
def test_pages_forward_and_back(latest_first: bool, status: str | None) -> None:
    store_days(*range(1, 11))
    there, back = walk(Search(EventRange(status), latest_first=latest_first))
    days = [f"e{day:02}" for day in range(1, 11)]
    if latest_first:
        days.reverse()
    assert there == [days[:4], days[4:8], days[8:]]
    assert back == [days[4:8], days[:4]]


def test_an_edit_between_pages_neither_skips_nor_repeats_other_rows() -> None:
    store_days(*range(1, 11))
    first = list_page(Search())
    services.delete_event("e04", ACTOR)  # the next page starts after this row
    services.update_event("e02", {"date": "2026-12-30"}, ACTOR)
    second = list_page(Search(), after=first.next)
    assert ids(second) == ["e05", "e06", "e07", "e08"]
    services.delete_event("e05", ACTOR)
    assert ids(list_page(Search(), before=second.previous)) == ["e01", "e03"]


def test_an_empty_previous_page_becomes_the_first_page() -> None:
    store_days(5, 6)
    page = list_page(Search(), before="2026-12-05#e05")
    assert (ids(page), page.previous, page.next) == (["e05", "e06"], None, None)


def test_an_empty_page_leads_back() -> None:
    store_days(5)
    page = list_page(Search(), after="2026-12-07#e07")
    assert (ids(page), page.next) == ([], None)
    assert page.previous is not None
    assert ids(list_page(Search(), before=page.previous)) == ["e05"]


def test_text_is_found_in_title_location_and_organizer_in_any_case() -> None:
    store_days(1, title="STRASSE")
    store_days(2, location="am Fluß")
    store_days(3, organizer="Ævar Ltd")
    store_days(4, description="straße")
    for text, found in {
        "straße": ["e01"],
        "FLUSS": ["e02"],
        "ævar": ["e03"],
        "%": [],
        "launch": ["e02", "e03", "e04"],
    }.items():
        assert ids(list_page(Search(text=text))) == found


def test_all_words_are_found_in_any_order_and_field() -> None:
    store_days(1, title="Candlelight tour of the old harbour", location="Pier")
    store_days(2, title="Harbour swim")
    for text, found in {
        "harbour candle": ["e01"],
        "  pier\ttour ": ["e01"],
        "harbour": ["e01", "e02"],
        "harbour chess": [],
        " ": ["e01", "e02"],
        "harbour " * 30: [],  # from the 20th word on, the text is searched as it is
        "o " * 19 + "of the old": ["e01"],
    }.items():
        assert ids(list_page(Search(text=text))) == found
        assert [event["eventId"] for event in services.export_events(Search(text=text))] == found


def test_text_range_and_status_are_combined() -> None:
    store_days(*range(1, 9))
    services.update_event("e03", {"status": "draft"}, ACTOR)
    within = EventRange("active", "2026-12-02", "2026-12-05")
    assert ids(list_page(Search(within, "launch"))) == ["e02", "e04", "e05"]


def look_once_among_five(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_lists, "_FIRST_QUERY_ITEMS", 5)
    real = services.search_events
    monkeypatch.setattr(listing, "search_events", lambda search, limit: real(search, limit, max_queries=1))


def test_a_search_for_a_rare_text_continues_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    store_days(*range(1, 21), title="Common")
    services.update_event("e19", {"title": "Rare"}, ACTOR)
    look_once_among_five(monkeypatch)
    first = list_page(Search(text="rare"))
    assert (ids(first), first.full) == ([], False)
    page, looks = first, 1
    while not page.events:
        page, looks = list_page(Search(text="rare"), after=page.next), looks + 1
    assert (ids(page), looks) == (["e19"], 4)


def test_a_search_for_a_rare_text_works_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    store_days(*range(1, 21), title="Common")
    services.update_event("e02", {"title": "Rare"}, ACTOR)
    look_once_among_five(monkeypatch)
    page = list_page(Search(text="rare"), before="2026-12-20#e20")
    assert (ids(page), page.full, page.next) == ([], False, "2026-12-20#e20")
    while not page.events:
        page = list_page(Search(text="rare"), before=page.previous)
    assert ids(page) == ["e02"]


def test_a_cursor_does_not_widen_the_range() -> None:
    store_days(1, 2, 3)
    within = EventRange(last_date="2026-12-01")
    assert ids(list_page(Search(within), before="2026-12-09#x")) == ["e01"]


@contextmanager
def counted() -> Iterator[list[float]]:
    """Records the capacity units of each call inside the block."""
    units: list[float] = []

    def call(service: DynamoDB, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        answer = Service.call(service, operation, parameters)
        if operation == "Query":
            units.append(answer["ConsumedCapacity"]["CapacityUnits"])
        return answer

    with patch.object(DynamoDB, "call", call):
        yield units


@pytest.mark.parametrize(
    "search", [Search(), Search(latest_first=True), Search(EventRange("active")), Search(text="a")]
)
def test_a_page_costs_only_its_own_rows(search: Search) -> None:
    costs = []
    for count in (20, 400):
        store_all(
            {**fields, "eventId": f"{count}-{number}"}
            for number, fields in enumerate(generated_events(count, seed=count))
        )
        with counted() as units:
            page = list_page(search)
            list_page(search, after=page.next)
        costs.append((len(units), sum(units)))
    assert costs[0][0] == costs[1][0] == 2
    # A search first reads 500 events.
    assert costs[1][1] <= (60 if search.text else costs[0][1] + 1)


def test_the_statuses_in_use() -> None:
    assert services.statuses_in_use() == []
    store_days(1, 2, status="draft")
    store_days(3, status="active")
    store_days(4, status="à venir")
    assert services.statuses_in_use() == ["active", "draft", "à venir"]
    services.delete_event("e03", ACTOR)
    assert services.statuses_in_use() == ["draft", "à venir"]
    cached_queries.forget_cached()
    with counted() as units:
        services.statuses_in_use()
    assert len(units) == 3


def test_the_statuses_in_use_are_cached_for_some_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(cached_queries, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    assert services.statuses_in_use() == []
    with patch.object(repository, "forget_cached", lambda _: None):  # as if another process wrote the event
        store_days(1, status="draft")
    for clock[0], seen in ((20.0, []), (20.1, ["draft"]), (30.0, ["draft"])):
        assert services.statuses_in_use() == seen
    with counted() as units:
        services.statuses_in_use()
    assert units == []
    services.update_event("e01", {"status": "cancelled"}, ACTOR)
    assert services.statuses_in_use() == ["cancelled"]


def test_the_statuses_in_use_are_kept_by_a_write_that_changes_none() -> None:
    store_days(1, 2, status="draft")
    assert services.statuses_in_use() == ["draft"]
    store_days(3, status="draft")
    services.update_event("e01", {"capacity": 7}, ACTOR)
    with counted() as units:
        assert services.statuses_in_use() == ["draft"]
    assert units == []
    store_days(4, status="active")
    assert services.statuses_in_use() == ["active", "draft"]
    services.delete_event("e04", ACTOR)
    assert services.statuses_in_use() == ["draft"]


def test_results_may_arrive_while_they_are_forgotten() -> None:
    """Other threads add results at any moment; a write must not fail for it."""
    ended = Event()

    def add() -> None:
        while not ended.is_set():
            for number in range(90):
                cached_queries._cached(int, number)  # noqa: SLF001

    with ThreadPoolExecutor(4) as threads:
        adding = [threads.submit(add) for _ in range(4)]
        try:
            for _ in range(20_000):
                cached_queries.forget_cached("draft")
        finally:
            ended.set()
    assert [each.exception() for each in adding] == [None] * 4


def test_the_locations_and_organizers_in_use() -> None:
    assert services.values_in_use() == {"location": [], "organizer": []}
    places = {"Cellar": 1, "Hall": 2, "Long ago": -90}
    for number, place in enumerate(["Cellar", "Hall", "Hall", "Long ago"]):
        store_titled(f"e{number}", places[place], location=place, organizer="Choir")
    assert services.values_in_use() == {"location": ["Hall", "Cellar"], "organizer": ["Choir"]}
    with counted() as units:
        services.values_in_use()
    assert units == []
    cached_queries.forget_cached()
    with counted() as units:
        services.values_in_use()
    assert len(units) == 1


def test_an_export_has_every_row_with_all_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "_EXPORT_PAGE", 3)
    store_days(*range(1, 9))
    exported = list(services.export_events(Search(EventRange(first_date="2026-12-02"))))
    assert exported == [services.get_event(f"e{day:02}").fields for day in range(2, 9)]
    latest = list(services.export_events(Search(latest_first=True)))
    assert [event["eventId"] for event in latest] == [f"e{day:02}" for day in range(8, 0, -1)]


@pytest.mark.parametrize(("read_at_once", "queries"), [(3, 6), (4, 5), (10, 3), (500, 1)])
def test_events_at_a_location_on_some_days(
    monkeypatch: pytest.MonkeyPatch, faults: FaultProxy, read_at_once: int, queries: int
) -> None:
    """One query serves all days that it reaches; events between the days are left out."""
    monkeypatch.setattr(event_lists, "_FIRST_QUERY_ITEMS", read_at_once)
    places = ("Main hall", "MAIN HALL", "Cellar")
    store_all(
        titled_fields(f"{day}-{number}", f"2026-12-{day:02}", location=places[number])
        for day, number in product(range(1, 10), range(3))
    )
    days = [f"2026-12-{day:02}" for day in (9, 1, 3, 5, 7, 3, 20)]
    faults.set(None)
    found = services.events_at("main hall", days)
    assert {day: [event["eventId"] for event in events] for day, events in found.items()} == {
        f"2026-12-{day:02}": [f"{day}-0", f"{day}-1"] for day in (1, 3, 5, 7, 9)
    }
    assert faults.calls == ["Query"] * queries
