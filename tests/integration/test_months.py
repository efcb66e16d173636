"""The days of a month or week, also in the first and last year."""

from __future__ import annotations

from calendar import MONDAY, SUNDAY
from datetime import date
from unittest.mock import patch

import pytest

from events import months
from events.domain import SummaryPage
from events.months import Month, Week, get_calendar
from tests.support.builders import store_on


@pytest.mark.parametrize(
    ("text", "previous", "following", "days", "before", "after"),
    [
        ("2026-12", "2026-11", "2027-01", 31, 1, 3),
        ("2024-02", "2024-01", "2024-03", 29, 3, 3),
        ("2026-02", "2026-01", "2026-03", 28, 6, 1),
        ("2027-02", "2027-01", "2027-03", 28, 0, 0),
        ("1900-02", "1900-01", "1900-03", 28, 3, 4),
        ("0001-01", "None", "0001-02", 31, 0, 4),
        ("9999-12", "9999-11", "None", 31, 2, 2),
    ],
)
def test_months(text: str, previous: str, following: str, days: int, before: int, after: int) -> None:
    month = Month.parse(text)
    assert (str(month), str(month.previous), str(month.next)) == (text, previous, following)
    grid = [place.day for place in get_calendar(month).days]
    assert len(grid) % 7 == 0
    assert grid[:before] + grid[len(grid) - after :] == [None] * (before + after)
    shown = grid[before : len(grid) - after]
    assert shown == [month.first.replace(day=number) for number in range(1, days + 1)]
    assert grid.index(month.first) == month.first.weekday()  # the first column is Monday


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "0000-01", "2026-1", "٢٠٢٦-12", "2026-12-01", "x" * 99]
)
def test_invalid_months(text: str) -> None:
    with pytest.raises(ValueError, match=r"month|year"):
        Month.parse(text)


def test_names() -> None:
    assert Month.parse("2026-12").name == "December 2026"
    assert Month.of(date(33, 4, 5)).name == "April 0033"


@pytest.mark.parametrize(
    ("day", "first_weekday", "week"),
    [
        ("2026-12-16", MONDAY, ("2026-12-14", "2026-12-20", "2026-12-07", "2026-12-21", "14 to 20 Dec 2026")),
        ("2026-12-20", MONDAY, ("2026-12-14", "2026-12-20", "2026-12-07", "2026-12-21", "14 to 20 Dec 2026")),
        ("2026-12-20", SUNDAY, ("2026-12-20", "2026-12-26", "2026-12-13", "2026-12-27", "20 to 26 Dec 2026")),
        ("2026-12-01", MONDAY, ("2026-11-30", "2026-12-06", "2026-11-23", "2026-12-07", "30 Nov to 6 Dec 2026")),
        ("2026-12-31", MONDAY, ("2026-12-28", "2027-01-03", "2026-12-21", "2027-01-04", "28 Dec 2026 to 3 Jan 2027")),
        ("0001-01-01", SUNDAY, ("0001-01-01", "0001-01-06", "None", "0001-01-07", "1 to 6 Jan 0001")),
        ("9999-12-31", MONDAY, ("9999-12-27", "9999-12-31", "9999-12-20", "None", "27 to 31 Dec 9999")),
    ],
)
def test_weeks(day: str, first_weekday: int, week: tuple[str, ...]) -> None:
    found = Week.of(date.fromisoformat(day), first_weekday)
    assert (str(found), str(found.last), str(found.previous), str(found.next), found.name) == week
    for outside in (found.previous, found.next):
        if outside:
            store_on(outside.first.isoformat())
    store_on(day)
    page = get_calendar(found, first_weekday=first_weekday)
    assert [event["date"] for place in page.days for event in place.events] == [day]
    assert len(page.days) == 7
    assert [place.day.weekday() == (first_weekday + at) % 7 for at, place in enumerate(page.days) if place.day] == [
        True
    ] * ((found.last - found.first).days + 1)


def test_a_month_can_begin_its_weeks_on_sunday() -> None:
    page = get_calendar(Month.parse("2026-12"), first_weekday=SUNDAY)
    assert page.weekdays == ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    assert [place.day for place in page.days].index(date(2026, 12, 1)) == 2
    assert len(page.days) == 35


@pytest.mark.parametrize("text", ["0001-01", "2024-02", "9999-12"])
def test_a_month_includes_its_first_and_last_day_only(text: str) -> None:
    month = Month.parse(text)
    inside = [month.first.isoformat(), month.last.isoformat()]
    outside = [neighbour.last.isoformat() for neighbour in [month.previous] if neighbour]
    outside += [neighbour.first.isoformat() for neighbour in [month.next] if neighbour]
    for day in inside + outside:
        store_on(day)
    page = get_calendar(month)
    assert [event["date"] for place in page.days for event in place.events] == inside
    assert (page.total, page.shown, page.incomplete_from) == (2, 2, None)


def test_a_full_day_shows_its_first_events_and_the_number_of_others() -> None:
    for _ in range(5):
        store_on("2026-12-24")
    for _ in range(4):
        store_on("2026-12-25")
    page = get_calendar(Month.parse("2026-12"))
    full, fits = (next(place for place in page.days if place.day == date(2026, 12, day)) for day in (24, 25))
    assert (len(full.events), full.more) == (3, 2)  # the link to the others takes the place of the fourth
    assert (len(fits.events), fits.more) == (4, 0)
    assert page.total == 9


def test_one_status_is_shown_and_every_status_is_counted() -> None:
    for status in ("active", "draft", "active"):
        store_on("2026-12-24", status=status)
    page = get_calendar(Month.parse("2026-12"), "draft")
    assert [event["status"] for place in page.days for event in place.events] == ["draft"]
    assert (page.total, page.shown, page.statuses) == (3, 1, [("active", 2), ("draft", 1)])
    with patch("events.months.MOST_STATUSES", 1):
        page = get_calendar(Month.parse("2026-12"))
        assert (page.statuses, page.more_statuses) == ([("active", 2)], 1)
        page = get_calendar(Month.parse("2026-12"), "draft")
        assert (page.statuses, page.more_statuses) == ([("active", 2), ("draft", 1)], 0)
    assert get_calendar(Month.parse("2026-12"), "unheard of").statuses == [
        ("active", 2),
        ("draft", 1),
        ("unheard of", 0),
    ]


def test_a_month_with_too_many_events_says_where_it_is_incomplete() -> None:
    with patch.object(months, "search_events", return_value=SummaryPage([], "2026-12-14#e1", full=False)):
        assert get_calendar(Month.parse("2026-12")).incomplete_from == "2026-12-14"
