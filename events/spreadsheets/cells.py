"""Converts a cell into the value of an event's field. The field's rule checks this value later.

As in `events/rules.py`, a ValueError holds the end of a sentence that starts with the field's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from events.rules import MAX_CAPACITY
from events.spreadsheets.sheet import Cell, Unreadable, is_blank, restored
from events.visible_text import trimmed

MAX_EXACT_NUMBER = 10**15  # spreadsheet programs replace further digits by zeros

# No two repeats may match the same characters: a long cell that does not match would take quadratic time.
_WHOLE_NUMBER = re.compile(r"(-?)([0-9]+)")
_DATE_WITH_DOTS = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_DATE_WITH_SLASHES = re.compile(r"([0-9]{1,4})/([0-9]{1,2})/([0-9]{1,4})")


def field_value(field: str, cell: Cell) -> Any:
    """The value of the field in this cell. Raises ValueError."""
    if isinstance(cell, Unreadable):
        raise ValueError(cell.reason)  # noqa: TRY004  # as rules do
    return _CONVERTERS.get(field, _text)(cell)


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


def _description(cell: Cell) -> str:
    return _text(cell.replace("\r\n", "\n").replace("\r", "\n") if isinstance(cell, str) else cell)


def _date(cell: Cell) -> str:
    _require(cell)
    match cell:
        case date():
            return cell.isoformat()
        case str() if found := _DATE_WITH_DOTS.fullmatch(trimmed(cell)):
            return f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}"
        case str() if found := _DATE_WITH_SLASHES.fullmatch(trimmed(cell)):
            first, second = int(found[1]), int(found[2])
            either_month = first != second and 1 <= first <= 12 and 1 <= second <= 12
            reason = "may be day/month or month/day" if either_month else "must not contain slashes"
            raise ValueError(f"{reason}; please write 2026-12-31 or 31.12.2026")
        case str():
            return trimmed(cell)
        case _:
            raise ValueError("must be a date as YYYY-MM-DD, or a cell that is formatted as a date")


def _capacity(cell: Cell) -> Any:
    """An integer, or a value that the rule will refuse."""
    _require(cell)
    match cell:
        case str() if found := _WHOLE_NUMBER.fullmatch(trimmed(cell)):
            digits = found[2].lstrip("0") or "0"
            # Python refuses to convert thousands of digits.
            return int(found[1] + (digits if len(digits) < 20 else str(MAX_CAPACITY + 1)))
        case float() if cell.is_integer():
            return int(cell)
        case _:
            return cell


def _require(cell: Cell) -> None:
    if is_blank(cell):
        raise ValueError("must not be empty")


_CONVERTERS: dict[str, Callable[[Cell], Any]] = {"description": _description, "date": _date, "capacity": _capacity}
