"""Cells as values of a field."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import pytest

from events.spreadsheets.cells import field_value, has_time
from events.spreadsheets.dates import DayOrder
from events.spreadsheets.sheet import Unreadable, harmless

EVENING = datetime(2026, 12, 31, 19, 30)  # noqa: DTZ001  # Excel has no time zones


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        ("title", "'=1+1", "=1+1"),
        ("title", "<b>Party</b>", "<b>Party</b>"),
        ("title", 7.0, "7"),
        ("title", None, ""),
        ("description", "One\r\nTwo\rThree", "One\nTwo\nThree"),
        ("date", "3/4/2026", "2026-04-03"),
        ("date", EVENING, "2026-12-31"),
        ("capacity", "1.000", 1000),
        ("status", "active ", "active "),  # the import trims it, unless the event has these spaces
    ],
)
def test_each_field_has_its_own_way_to_read_a_cell(field: str, cell: Any, value: Any) -> None:
    assert field_value(field, cell, "day") == value


@pytest.mark.parametrize("text", ["<p>Write &lt;p&gt;</p>", "a &amp; b", "<br>", " '=1 <a href='https://a.example'>"])
def test_descriptions_of_own_exports_stay_unchanged(text: str) -> None:
    assert field_value("description", harmless(text)) == text


@pytest.mark.parametrize(
    ("field", "cell", "reason"),
    [
        ("date", " ", "must not be empty"),
        ("capacity", None, "must not be empty"),
        (
            "date",
            Unreadable("is a time or a duration; please correct the cell"),
            "is a time or a duration; please correct the cell",
        ),
        ("title", EVENING, "is stored as a date; please format the cell as text and type the value again"),
    ],
)
def test_unusable_cells_have_a_reason(field: str, cell: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        field_value(field, cell)


@pytest.mark.parametrize(
    ("cell", "order", "expected"),
    [
        ("31.12.2026 19:30", None, True),
        ("3/4/2026 19:30", "day", True),
        (EVENING, None, True),
        ("46387.5", None, True),
        ("3/4/2026 19:30", None, False),  # an error, so nothing is left out
        ("31.12.2026", None, False),
        (datetime.combine(date(2026, 12, 31), time.min), None, False),
        (date(2026, 12, 31), None, False),
        ("", None, False),
        (None, None, False),
        (Unreadable("is a time or a duration; please correct the cell"), None, False),
        (7, None, False),
    ],
)
def test_rows_with_a_time_of_day_can_be_counted(cell: Any, order: DayOrder | None, expected: bool) -> None:
    assert has_time(cell, order) is expected
