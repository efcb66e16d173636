"""The days of repeated copies."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.copies import MAX_COPIES, TooManyCopiesError, repeat

SATURDAY = date(2026, 12, 5)


def test_every_week_until_a_day_which_counts() -> None:
    assert repeat("week", SATURDAY, date(2026, 12, 19), None).days == [SATURDAY, date(2026, 12, 12), date(2026, 12, 19)]
    assert repeat("week", SATURDAY, date(2026, 12, 18), None, with_start=False).days == [date(2026, 12, 12)]


def test_every_week_so_many_times() -> None:
    days = repeat("week", SATURDAY, None, 10, with_start=False).days
    assert (len(days), days[0], days[-1]) == (10, date(2026, 12, 12), date(2027, 2, 13))


def test_every_month_names_months_without_the_day() -> None:
    found = repeat("month", date(2027, 1, 31), date(2027, 5, 31), None)
    assert found.days == [date(2027, 1, 31), date(2027, 3, 31), date(2027, 5, 31)]
    assert found.skipped == [date(2027, 2, 28), date(2027, 4, 30)]
    assert repeat("month", date(2027, 1, 31), date(2027, 2, 27), None).skipped == []
    assert repeat("month", date(2028, 2, 29), None, 2).days == [date(2028, 2, 29), date(2028, 3, 29)]


@pytest.mark.parametrize("every", ["week", "month"])
def test_at_most_a_hundred(every: str) -> None:
    assert len(repeat(every, SATURDAY, None, MAX_COPIES).days) == MAX_COPIES  # type: ignore[arg-type]
    for until, times in ((None, MAX_COPIES + 1), (date.max, None)):
        with pytest.raises(TooManyCopiesError):
            repeat(every, SATURDAY, until, times)  # type: ignore[arg-type]


@given(st.sampled_from(["week", "month"]), st.dates(), st.dates(), st.none() | st.integers(1, 100), st.booleans())
def test_any_days(every: str, start: date, until: date, times: int | None, with_start: bool) -> None:
    try:
        days, skipped = repeat(every, start, until, times, with_start)  # type: ignore[arg-type]
    except TooManyCopiesError:
        assert (until - start) / 7 > timedelta(MAX_COPIES - 1)
        return
    assert days == sorted(set(days))
    assert len(days) <= (times or MAX_COPIES)
    assert all(start <= day <= until for day in [*days, *skipped])
    assert (start in days) is (with_start and start <= until)
    assert all(day.weekday() == start.weekday() if every == "week" else day.day == start.day for day in days)
    assert all(day.day < start.day for day in skipped)
