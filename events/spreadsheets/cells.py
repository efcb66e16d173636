"""Converts a cell into the value of an event's field. The field's rule checks this value later.

As in `events/rules.py`, a ValueError holds the end of a sentence that starts with the field's name.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from events.spreadsheets.dates import DayOrder, read_date
from events.spreadsheets.numbers import read_capacity
from events.spreadsheets.sheet import Cell, Unreadable, is_blank, restored

MAX_EXACT_NUMBER = 10**15  # spreadsheet programs replace further digits by zeros


def field_value(field: str, cell: Cell, order: DayOrder | None = None) -> Any:
    """The value of the field in this cell; `order`: of the dates of this column. Raises ValueError."""
    if isinstance(cell, Unreadable):
        raise ValueError(cell.reason)  # noqa: TRY004  # as rules do
    if field in ("date", "capacity") and is_blank(cell):
        raise ValueError("must not be empty")
    match field:
        case "date":
            return read_date(cell, order)[0]
        case "capacity":
            return read_capacity(cell)
        case "description":
            return _text(cell).replace("\r\n", "\n").replace("\r", "\n")
        case _:
            return _text(cell)


def has_time(cell: Cell, order: DayOrder | None = None) -> bool:
    """Whether `field_value` leaves out a time of day in this cell of the date's column."""
    if is_blank(cell) or isinstance(cell, Unreadable):
        return False
    try:
        return read_date(cell, order)[1] is not None
    except ValueError:
        return False


def without_html(text: str) -> str:
    """The description of another program as text."""
    from events.spreadsheets.html_text import html_as_text  # noqa: PLC0415  # slow to load, needed only here

    return html_as_text(text)


def _text(cell: Cell) -> str:
    match cell:
        case str():
            return restored(cell)
        case bool():
            raise ValueError(f"must be text, not {str(cell).upper()}")
        case date():
            raise ValueError("is stored as a date; please format the cell as text and type the value again")
        case int() | float() if abs(cell) >= MAX_EXACT_NUMBER:
            raise ValueError("is a number with too many digits; please format the cell as text and type it again")
        case int() | float():
            return str(int(cell) if float(cell).is_integer() else cell)
        case _:
            return ""
