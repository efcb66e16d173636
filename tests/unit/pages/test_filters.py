"""How pages show moments and dates."""

from __future__ import annotations

from datetime import UTC, date, datetime
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.pages import filters


@pytest.mark.parametrize(
    ("timestamp", "shown"),
    [
        ("2026-11-26T04:26:00.123456Z", "today 04:26"),
        ("2026-11-25T17:02:59.000001Z", "yesterday 17:02"),
        ("2026-11-24T11:40:00.000000Z", "24 Nov 11:40"),
        ("2026-11-27T00:00:00.000000Z", "27 Nov 00:00"),  # another machine's clock
        ("2025-11-24T11:40:00+00:00", "24 Nov 2025 11:40"),
        ("1970-01-01T00:00:00.000000Z", "at an unknown time"),
    ],
)
def test_moments(timestamp: str, shown: str) -> None:
    with patch.object(filters, "today", lambda: date(2026, 11, 26)):
        assert filters.moment(timestamp) == shown


@given(st.datetimes(timezones=st.just(UTC)))
def test_iso_times_have_at_most_three_digits_of_a_second(at: datetime) -> None:
    shown = filters.iso_time(at.isoformat())
    assert datetime.fromisoformat(shown) == at.replace(microsecond=at.microsecond // 1000 * 1000)
    assert len(shown.partition(".")[2]) <= len("123+00:00")


@pytest.mark.parametrize(
    ("day", "shown"),
    [
        ("2026-11-26", "today"),
        ("2026-11-27", "tomorrow"),
        ("2026-11-25", "yesterday"),
        ("2026-12-05", "in 9 days"),
        ("2026-11-23", "3 days ago"),
        ("2027-11-26", "in 11 months"),
        ("2016-11-26", "10 years ago"),
        ("not a day", ""),
    ],
)
def test_how_far_away_a_day_is(day: str, shown: str) -> None:
    with patch.object(filters, "today", lambda: date(2026, 11, 26)):
        assert filters.days_away(day) == shown
