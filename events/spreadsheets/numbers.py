"""Reads a whole number as people and programs write it."""

from __future__ import annotations

import re
from typing import Any

from events.rules import MAX_CAPACITY
from events.spreadsheets.sheet import Cell
from events.visible_text import trimmed

# No two repeats may match the same characters: a long cell that does not match would take quadratic time.
_WHOLE_NUMBER = re.compile(r"(-?)([0-9]+)")


def read_capacity(cell: Cell) -> Any:
    """An integer, or a value that the rule will refuse. Raises ValueError."""
    match cell:
        case str() if found := _WHOLE_NUMBER.fullmatch(trimmed(cell)):
            digits = found[2].lstrip("0") or "0"
            # Python refuses to convert thousands of digits.
            return int(found[1] + (digits if len(digits) < 20 else str(MAX_CAPACITY + 1)))
        case float() if cell.is_integer():
            return int(cell)
        case _:
            return cell
