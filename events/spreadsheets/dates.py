"""Reads a date as people and programs write it.

As in `events/rules.py`, a ValueError holds the end of a sentence that starts with the field's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Literal

from events.spreadsheets.sheet import Cell
from events.visible_text import trimmed

DayOrder = Literal["day", "month"]

_DATE_WITH_DOTS = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_DATE_WITH_SLASHES = re.compile(r"([0-9]{1,4})/([0-9]{1,2})/([0-9]{1,4})")


def find_order(cells: Iterable[Cell]) -> DayOrder | Literal["ask"] | None:
    """Whether a column's dates have the day or the month first; "ask" if its rows do not tell; None if none matters."""
    return None


def read_date(cell: Cell, order: DayOrder | None = None) -> tuple[str, str | None]:
    """The date as YYYY-MM-DD, and the time of day that was left out. Raises ValueError."""
    match cell:
        case date():
            return cell.isoformat(), None
        case str() if found := _DATE_WITH_DOTS.fullmatch(trimmed(cell)):
            return f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}", None
        case str() if found := _DATE_WITH_SLASHES.fullmatch(trimmed(cell)):
            first, second = int(found[1]), int(found[2])
            either_month = first != second and 1 <= first <= 12 and 1 <= second <= 12
            reason = "may be day/month or month/day" if either_month else "must not contain slashes"
            raise ValueError(f"{reason}; please write 2026-12-31 or 31.12.2026")
        case str():
            return trimmed(cell), None
        case _:
            raise ValueError("must be a date as YYYY-MM-DD, or a cell that is formatted as a date")
