"""Finds the table in the rows of a sheet: the row with the names of the columns, and the rows below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import chain, islice

from events.spreadsheets.columns import recognised
from events.spreadsheets.sheet import MAX_COLUMNS, MAX_ROWS, Cell, Row, Sheet, SpreadsheetError, is_blank

# The names of the columns are searched in so many rows that are not blank.
ROWS_SEARCHED = 30
# A longer name is not recognised. This bounds the work for a row of long texts.
_MAX_NAME = 200


def make_sheet(rows: Iterable[Row], notices: list[str], *, include_hidden: bool) -> Sheet:
    """The table in these rows. Raises SpreadsheetError: no names of columns, no rows below them, or too many."""
    filled = filled_rows(rows)
    first = list(islice(filled, ROWS_SEARCHED))
    if not first:
        raise SpreadsheetError("The file is empty.")
    position = find_header(first)
    if position is None:
        raise SpreadsheetError(
            "No row with names of columns was found. The table needs a first row with names such as title and date."
        )
    if position:
        lines = "1 line above the table was" if position == 1 else f"{position} lines above the table were"
        notices.append(f"{lines} left out.")
    below, hidden = _below(chain(first[position + 1 :], filled), include_hidden=include_hidden)
    if not below:
        raise SpreadsheetError(
            "All rows below the column names are hidden." if hidden else "The file has no rows below the column names."
        )
    return Sheet(names_of(first[position]), below, notices, hidden_rows=hidden)


def _below(rows: Iterable[Row], *, include_hidden: bool) -> tuple[list[Row], int]:
    found: list[Row] = []
    hidden = 0
    for row in rows:
        hidden += row.hidden
        if include_hidden or not row.hidden:
            found.append(row)
        if len(found) > MAX_ROWS:
            raise SpreadsheetError(f"There are more than {MAX_ROWS:,} rows; please import the file in several parts.")
    return found, hidden


def filled_rows(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows that are not blank."""
    return (row for row in rows if not all(map(is_blank, row.cells)))


def find_header(rows: Sequence[Row]) -> int | None:
    """The position of the row with the names of the columns, or None.

    It is the row with the most recognised names, if there are two or more. Otherwise it is the first row that fills
    most columns of the table with words, or at last a row with one recognised name.
    """
    known = [len(recognised_in(row)) for row in rows]
    best = known.index(max(known))
    if known[best] > 1:
        return best
    width = max(map(_filled, rows))
    for position, row in enumerate(rows[:-1]):
        words = sum(map(_is_word, row.cells))
        if words > 1 and 2 * words > width:
            return position
    return best if known[best] else None


def recognised_in(row: Row) -> dict[str, int]:
    """The position of each field that this row names."""
    return recognised([name if len(name) <= _MAX_NAME else "" for name in names_of(row)[:MAX_COLUMNS]])


def names_of(row: Row) -> list[str]:
    return [str(cell).strip() if isinstance(cell, str | int | float | date) else "" for cell in row.cells]


def _filled(row: Row) -> int:
    return len(row.cells) - sum(map(is_blank, row.cells))


def _is_word(cell: Cell) -> bool:
    return isinstance(cell, str) and any(map(str.isalpha, cell))
