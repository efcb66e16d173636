"""A spreadsheet of any format: its header, rows and cells. Also keeps formulas out of exported cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from events.domain import FIELD_NAMES, EventFields
from events.visible_text import folded_name, trimmed

MAX_FILE_BYTES = 4 * 1024 * 1024  # encoded in Base64, it just fits into a request to Lambda
MAX_ROWS = 5_000
MAX_CELL_CHARACTERS = 32_767  # Excel's limit, counted in UTF-16 units
TEXT_FIELDS = tuple(name for name in FIELD_NAMES if name not in ("date", "capacity"))

# The beginning of a formula, as some spreadsheet programs see it (full-width signs too); and the same, marked as text.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_MARKED = re.compile(r"'+[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_FIELDS_BY_NAME = {folded_name(name): name for name in FIELD_NAMES}


class SpreadsheetError(Exception):
    """The file cannot be read as a spreadsheet of events; the message tells people why, and what to do."""


class TooLongForExcelError(Exception):
    """A field of this event does not fit into a cell."""

    def __init__(self, event: EventFields, field: str) -> None:
        self.event, self.field = event, field
        super().__init__(f"{field} of {event['eventId']} is longer than {MAX_CELL_CHARACTERS:,} characters")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell without a usable value; `reason` continues a sentence that starts with the column's name."""

    reason: str


Cell = str | int | float | bool | date | Unreadable | None


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its number as spreadsheet programs show it, and its cells; empty cells at the end may be missing."""

    number: int
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The column names, the rows that are not blank, and notices for the person who imports the file."""

    header: list[str]
    rows: list[Row]
    notices: list[str]


def is_blank(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not trimmed(cell))


def make_sheet(rows: Iterable[Row], notices: list[str]) -> Sheet:
    """The first row that is not blank is the header. Raises SpreadsheetError: no header, no rows, or too many."""
    filled = (row for row in rows if not all(map(is_blank, row.cells)))
    header = next(filled, None)
    if header is None:
        raise SpreadsheetError("The file is empty.")
    names = ["" if cell is None else str(cell).strip() for cell in header.cells]
    if not any(field_of(name) for name in names):
        raise SpreadsheetError(
            f"The first row must contain the names of the columns: {', '.join(FIELD_NAMES)}. None of them was found."
        )
    found = list(islice(filled, MAX_ROWS + 1))
    if not found:
        raise SpreadsheetError("The file has no rows below the column names.")
    if len(found) > MAX_ROWS:
        raise SpreadsheetError(f"There are more than {MAX_ROWS:,} rows; please import the file in several parts.")
    return Sheet(names, found, notices)


def field_of(name: str) -> str | None:
    """The field that a column name means: "Event ID" and "event_id" are eventId."""
    return _FIELDS_BY_NAME.get(folded_name(name))


def harmless(text: str) -> str:
    """The text, with an apostrophe before it if a spreadsheet program could treat it as a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def restored(text: str) -> str:
    """The reverse of `harmless`."""
    return text[1:] if _MARKED.match(text) else text


def harmless_row(event: EventFields) -> list[str | int]:
    """The event's fields in the order of the columns."""
    cells: dict[str, Any] = {**event}
    return [harmless(cells[name]) if name in TEXT_FIELDS else cells[name] for name in FIELD_NAMES]
