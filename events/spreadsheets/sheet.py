"""A spreadsheet of any format: its header, rows and cells. Also keeps formulas out of exported cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings

from events.domain import FIELD_NAMES, EventFields
from events.visible_text import trimmed

MAX_FILE_BYTES: int = settings.MAX_IMPORT_BYTES
MAX_ROWS = 5_000
MAX_ROW_NUMBER = 20_000  # blank rows count, too
ROWS_NOT_READ = f"Rows below row {MAX_ROW_NUMBER:,} were not read."
MAX_COLUMNS = 256
MAX_SHOWN = 60  # characters of a sheet's name, or of an error code in a message
MAX_CELL_CHARACTERS = 32_767  # Excel's limit, counted in UTF-16 units
FORMATS = ".xlsx, .ods or CSV"
PROTECTED = "The workbook is protected by a password; please save it without one."
TEXT_FIELDS = tuple(name for name in FIELD_NAMES if name not in ("date", "capacity"))

# The beginning of a formula, as some spreadsheet programs see it (full-width signs too); and the same, marked as text.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_MARKED = re.compile(r"'+[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


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


IS_A_TIME = Unreadable("is a time or a duration; please correct the cell")
NO_RESULT = Unreadable("is a formula without a result; open the file in Excel or LibreOffice and save it")

# A date with a time of day is a datetime, which is a date too.
Cell = str | int | float | bool | date | Unreadable | None


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its number as spreadsheet programs show it, and its cells; empty cells at the end may be missing.

    `hidden`: a person or a filter has hidden it.
    """

    number: int
    cells: Sequence[Cell]
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: its column names, its rows that are not blank, and notices for the person who imports the file.

    `hidden_rows` counts the hidden rows, even if `rows` does not contain them. It is 0 if they do not fit: then
    there is a notice about them.
    `name` is the sheet that was read, and `sheet_names` are all that can be chosen. A CSV file has neither.
    """

    header: list[str]
    rows: list[Row]
    notices: list[str]
    hidden_rows: int = 0
    name: str | None = None
    sheet_names: tuple[str, ...] = ()


def another_kind(kind: str) -> SpreadsheetError:
    return SpreadsheetError(f"This is {kind}, not a spreadsheet; please import a table as {FORMATS}.")


def cell_error(code: str) -> Unreadable:
    return Unreadable(f"contains a spreadsheet error ({code[:MAX_SHOWN]}); please fix the formula")


def is_blank(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not trimmed(cell))


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
