"""What a spreadsheet is, whatever file it came in: columns, rows, cells; and what keeps formulas out of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from events.domain import FIELD_NAMES, EventFields
from events.visible_text import folded_name, trimmed

MAX_FILE_BYTES = 4 * 1024 * 1024  # as base64, what Lambda takes of a request
MAX_ROWS = 5_000
MAX_CELL_CHARACTERS = 32_767  # Excel's own limit, in UTF-16
TEXT_FIELDS = tuple(name for name in FIELD_NAMES if name not in ("date", "capacity"))

# What a spreadsheet program may take for the beginning of a formula, full-width signs too; and so marked as text.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_MARKED = re.compile(r"'+[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_FIELDS_BY_NAME = {folded_name(name): name for name in FIELD_NAMES}


class SpreadsheetError(Exception):
    """The file cannot be read as a spreadsheet of events; the message tells a person why, and what to do."""


class TooLongForExcelError(Exception):
    """A field of this event does not fit into a cell."""

    def __init__(self, event: EventFields, field: str) -> None:
        self.event, self.field = event, field
        super().__init__(f"{field} of {event['eventId']} is longer than {MAX_CELL_CHARACTERS:,} characters")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell without a value of its own; `reason` goes on from the column's name."""

    reason: str


Cell = str | int | float | bool | date | Unreadable | None


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, and its number as a spreadsheet program shows it; empty cells may be missing at its end."""

    number: int
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The names of the columns, the rows that hold anything, and what the reader of the file should be told."""

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
            "This does not look like a table of events: its first row must name the columns, "
            f"and none of them is {', '.join(FIELD_NAMES[:-1])} or {FIELD_NAMES[-1]}."
        )
    read = list(islice(filled, MAX_ROWS + 1))
    if not read:
        raise SpreadsheetError("There is nothing below the names of the columns.")
    if len(read) > MAX_ROWS:
        raise SpreadsheetError(f"There are more than {MAX_ROWS:,} rows; please import the file in several parts.")
    return Sheet(names, read, notices)


def field_of(name: str) -> str | None:
    """The field that a column is for: "Event ID" and "event_id" are eventId."""
    return _FIELDS_BY_NAME.get(folded_name(name))


def harmless(text: str) -> str:
    """The text, marked with an apostrophe if a spreadsheet program could take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def restored(text: str) -> str:
    """What `harmless` was given."""
    return text[1:] if _MARKED.match(text) else text


def harmless_row(event: EventFields) -> list[str | int]:
    """The event's fields in the order of the columns."""
    cells: dict[str, Any] = {**event}
    return [harmless(cells[name]) if name in TEXT_FIELDS else cells[name] for name in FIELD_NAMES]
