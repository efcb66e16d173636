"""The next thirty days in numbers, and their chart."""

from __future__ import annotations

from datetime import date

import pytest

from events.overview import Week, get_overview
from events.pages.charts import capacity_bars, compact
from tests.support.builders import store_on

SUNDAY = date(2026, 11, 22)


def test_only_thirty_days_are_counted() -> None:
    for day in ("2026-11-21", "2026-11-22", "2026-12-21", "2026-12-22"):
        store_on(day, title=day)
    overview = get_overview(SUNDAY)
    assert (overview.first, overview.last) == (SUNDAY, date(2026, 12, 21))
    assert [event["title"] for event in overview.events] == ["2026-11-22", "2026-12-21"]
    assert overview.full


def test_statuses_are_counted_in_order_of_frequency() -> None:
    for status in ("draft", "active", "postponed", "active", "Active"):
        store_on("2026-12-01", status=status)
    assert get_overview(SUNDAY).statuses == [("active", 2), ("Active", 1), ("draft", 1), ("postponed", 1)]


def test_weeks_begin_on_monday_and_end_after_thirty_days() -> None:
    store_on("2026-11-22", capacity=5)
    store_on("2026-11-23", capacity=7)
    store_on("2026-11-29", capacity=0)
    store_on("2026-12-21", capacity=10**15)
    overview = get_overview(SUNDAY)
    assert overview.weeks == [
        Week(date(2026, 11, 22), date(2026, 11, 22), 1, 5),
        Week(date(2026, 11, 23), date(2026, 11, 29), 2, 7),
        Week(date(2026, 11, 30), date(2026, 12, 6), 0, 0),
        Week(date(2026, 12, 7), date(2026, 12, 13), 0, 0),
        Week(date(2026, 12, 14), date(2026, 12, 20), 0, 0),
        Week(date(2026, 12, 21), date(2026, 12, 21), 1, 10**15),
    ]
    assert overview.capacity == 10**15 + 12
    assert [week.first.day for week in get_overview(date(2026, 11, 23)).weeks] == [23, 30, 7, 14, 21]


def test_an_empty_desk_differs_from_one_without_upcoming_events() -> None:
    assert get_overview(SUNDAY).desk_is_empty
    store_on("2020-01-01")
    overview = get_overview(SUNDAY)
    assert (overview.events, overview.statuses, overview.desk_is_empty) == ([], [], False)
    store_on("2026-12-01")
    assert not get_overview(SUNDAY).desk_is_empty


def test_bars_share_the_width_and_the_highest_has_full_height() -> None:
    weeks = [Week(SUNDAY, SUNDAY, 1, capacity) for capacity in (50, 100, 0, 25)]
    bars = capacity_bars(weeks)
    assert [(bar.x, bar.width, bar.middle) for bar in bars] == [
        ("3.75%", "17.50%", "12.50%"),
        ("28.75%", "17.50%", "37.50%"),
        ("53.75%", "17.50%", "62.50%"),
        ("78.75%", "17.50%", "87.50%"),
    ]
    assert [(bar.y, bar.height) for bar in bars] == [
        ("51.00%", "35.00%"),
        ("16.00%", "70.00%"),
        ("86.00%", "0.00%"),
        ("68.50%", "17.50%"),
    ]
    assert {(bar.label, bar.value) for bar in bars[:2]} == {("22 Nov", "50"), ("22 Nov", "100")}


def test_a_chart_without_capacity() -> None:
    assert [bar.height for bar in capacity_bars([Week(SUNDAY, SUNDAY, 0, 0)])] == ["0.00%"]


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "0"),
        (99_999, "99,999"),
        (100_000, "100k"),
        (99_999_999, "99,999k"),
        (10**8, "100m"),
        (10**11, "100bn"),
        (10**15, "1,000T"),
    ],
)
def test_numbers_fit_above_their_bars(number: int, written: str) -> None:
    assert compact(number) == written
