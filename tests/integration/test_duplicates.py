"""Which events have the title and date of a row, and how many queries that takes."""

from __future__ import annotations

import pytest

from events import duplicates, services
from events.duplicates import TitleAndDay, find_events
from tests.support.builders import store, store_many
from tests.support.import_plans import plan_csv

KEY = TitleAndDay.of("Launch night", "2026-12-01")


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    made: list[object] = []
    search = services.search_events

    def counted(*arguments: object, **options: object) -> object:
        made.append(arguments)
        return search(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(services, "search_events", counted)
    return made


def test_events_are_found_by_title_and_date() -> None:
    store("a", title=" Launch  NIGHT"), store("b", date="2026-12-02"), store("c", title="Lunch")
    assert find_events({KEY, TitleAndDay.of("Lunch", "2026-12-02")}) == ({KEY: "a"}, None)
    assert find_events(set()) == ({}, None)


def test_days_between_are_skipped(queries: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that ends on another day is followed by the next day that is wanted."""
    monkeypatch.setattr(duplicates, "_PAGE", 2)
    store_many(5, "first", date="2026-01-01")
    store_many(9, "between", date="2026-06-01")
    store_many(3, "last", date="2026-12-01")
    wanted = {TitleAndDay.of("Launch night", day) for day in ("2026-01-01", "2026-12-01")}
    assert find_events(wanted)[0].keys() == wanted
    assert len(queries) == 5


def test_a_search_that_would_take_too_many_queries_ends(queries: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "_PAGE", 2)
    monkeypatch.setattr(duplicates, "MOST_QUERIES", 3)
    store_many(8)
    store("z", title="Gala"), store("later", date="2026-12-24")
    wanted = {TitleAndDay.of("Gala", "2026-12-01"), TitleAndDay.of("Launch night", "2026-12-24")}
    assert find_events(wanted) == ({}, "2026-12-01")
    assert len(queries) == 3
    plan = plan_csv(
        "title,date,location,capacity,organizer,status", "Gala,2026-12-01,a,1,b,c", "Gala,2026-12-24,a,1,b,c"
    )
    assert [row.fate for row in plan.rows] == ["new", "new"]
    notice = "There are too many events to compare. Rows from 2026-12-01 on were not checked for duplicates."
    assert notice in plan.notices


def test_only_rows_without_an_id_can_be_duplicates() -> None:
    store()
    plan = plan_csv(
        "eventId,title,date,location,capacity,organizer,status",
        ",launch  night,2026-12-01,Roof,1,Ann,draft",
        "other,Launch night,2026-12-01,Roof,1,Ann,draft",
        ",Launch night,2026-12-02,Roof,1,Ann,draft",
    )
    assert [(row.fate, row.repeats) for row in plan.rows] == [("duplicate", "launch"), ("new", ""), ("new", "")]
    assert [task.optional for task in plan.tasks] == [True, False, False]
