"""Finds the table in the rows of a sheet: the row with the names of the columns, and the rows below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import chain, islice

from events.spreadsheets.columns import recognised
from events.spreadsheets.sheet import MAX_COLUMNS, MAX_ROWS, Cell, Row, Sheet, SpreadsheetError, is_blank

# The row with the names of the columns is one of the first rows that are not blank.
ROWS_SEARCHED = 30


def make_sheet(
    rows: Iterable[Row], notices: list[str], *, include_hidden: bool | None = None, what: str = "file"
) -> Sheet:
    """The table in these rows. Raises SpreadsheetError: no names of columns, no rows below them, or too many.

    `include_hidden`: None includes hidden rows, unless the table then has too many. `what`: the file or its sheet, as
    messages name it.
    """
    filled = filled_rows(rows)
    first = list(islice(filled, ROWS_SEARCHED))
    if not first:
        raise SpreadsheetError(f"The {what} is empty.")
    position = find_header(first)
    if position is None:
        raise SpreadsheetError(
            f"The {what} has no row with column names. Please add one, with names such as title and date."
        )
    if position:
        lines = "1 line above the table was" if position == 1 else f"{position} lines above the table were"
        notices.append(f"{lines} left out.")
    below, hidden, fit = _below(chain(first[position + 1 :], filled), include_hidden=include_hidden)
    if not below:
        raise SpreadsheetError(
            "All rows below the column names are hidden. Include the hidden rows, or show them in the file."
            if hidden
            else f"The {what} has no rows below the column names."
        )
    if not fit:
        were = "1 hidden row was" if hidden == 1 else f"{hidden:,} hidden rows were"
        notices.append(f"The {what} has more than {MAX_ROWS:,} rows, so its {were} left out.")
        hidden = 0
    return Sheet(names_of(first[position].cells), below, notices, hidden_rows=hidden)


def _below(rows: Iterable[Row], *, include_hidden: bool | None) -> tuple[list[Row], int, bool]:
    """The rows to read, how many rows are hidden, and False if hidden rows do not fit. Raises SpreadsheetError."""
    found: list[Row] = []
    hidden, fit = 0, True
    for row in rows:
        hidden += row.hidden
        if not row.hidden or (include_hidden is not False and fit):
            found.append(row)
        if len(found) > MAX_ROWS and include_hidden is None and hidden and fit:
            found, fit = [row for row in found if not row.hidden], False
        if len(found) > MAX_ROWS:
            raise SpreadsheetError(f"There are more than {MAX_ROWS:,} rows; please import the file in several parts.")
    return found, hidden, fit


def filled_rows(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows that are not blank."""
    return (row for row in rows if not all(map(is_blank, row.cells)))


def find_header(rows: Sequence[Row]) -> int | None:
    """The position of the row with the names of the columns, or None.

    It is the first row that names a title and a date; otherwise the row with the most names that are known, if there
    are several; otherwise the first row that fills most columns of the table, and has words or one known name.
    """
    known = [recognised_in(row) for row in rows]
    for position, fields in enumerate(known):
        if {"title", "date"} <= fields.keys():
            return position
    best = max(range(len(rows)), key=lambda position: len(known[position]))
    if len(known[best]) > 1:
        return best
    width = max(map(_filled, rows))
    for position, row in enumerate(rows[:-1]):
        if 2 * _filled(row) > width and (known[position] or sum(map(_is_word, row.cells)) > 1):
            return position
    return best if known[best] else None


def recognised_in(row: Row) -> dict[str, int]:
    """The position of each field that this row names."""
    return recognised(names_of(row.cells[:MAX_COLUMNS]))


def names_of(cells: Sequence[Cell]) -> list[str]:
    """The cells of a header as text."""
    return [str(cell).strip() if isinstance(cell, str | int | float | date) else "" for cell in cells]


def _filled(row: Row) -> int:
    return len(row.cells) - sum(map(is_blank, row.cells))


def _is_word(cell: Cell) -> bool:
    return isinstance(cell, str) and any(map(str.isalpha, cell))
