"""CSV: reads what Excel, LibreOffice, Numbers and other programs write, and writes what all of them can read."""

from __future__ import annotations

import csv
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from io import StringIO
from itertools import chain, islice

from events.domain import FIELD_NAMES, EventFields
from events.spreadsheets.sheet import (
    FORMATS,
    MAX_FILE_BYTES,
    MAX_ROW_NUMBER,
    ROWS_NOT_READ,
    Row,
    Sheet,
    SpreadsheetError,
    another_kind,
    harmless_row,
)
from events.spreadsheets.table import ROWS_SEARCHED, filled_rows, make_sheet, recognised_in

DELIMITERS = ",;\t"
_NOT_UTF_8 = (
    "The file is not in UTF-8, so it was read as Windows-1252. If letters are wrong, please save it as CSV UTF-8."
)
# Tells Excel the delimiter; Excel does not show this line.
_DELIMITER_LINE = re.compile(r"\"?sep=(.)\"?(\r\n|\r|\n)", re.IGNORECASE)
# Without this, a file of another kind would be read as a table of one or two columns.
_OTHER_KINDS = {
    "<?xml": "an XML file",
    "<!doctype": "a web page",
    "<html": "a web page",
    "<table": "a web page",
    "%pdf-": "a PDF file",
    "{\\rtf": "a text document",
    "begin:vcalendar": "a calendar file (.ics)",
}
# Programs that join or re-save files may write several; "ï»¿" is a mark that was read as Windows-1252.
_BYTE_ORDER_MARKS = re.compile("(?:\ufeff|ï»¿)*")

_CHARACTERS_OF_A_KIND = 1_000  # a file may have comments first
_CHARACTERS_COMPARED = 256 * 1024  # to find the delimiter

# The csv module's default limit, 131,072 characters, would also apply to columns that are ignored.
csv.field_size_limit(MAX_FILE_BYTES)


class _Line:
    """The csv writer's file: `writerow` returns what its `write` returns, the line."""

    def write(self, line: str) -> str:
        return line


def write_csv(events: Iterable[EventFields]) -> Iterator[bytes]:
    """The names of the fields, and one line for each event, as it is read."""
    return csv_lines(chain([FIELD_NAMES], map(harmless_row, events)))


def csv_lines(rows: Iterable[Sequence[str | int]]) -> Iterator[bytes]:
    """A line for each row, as it is read (RFC 4180, UTF-8 with the byte order mark that Excel needs).

    All cells are quoted: if Excel expects semicolons, an unquoted one would start another cell, perhaps a formula.
    """
    writer = csv.writer(_Line(), quoting=csv.QUOTE_ALL)
    mark = BOM_UTF8
    for row in rows:
        yield mark + writer.writerow(row).encode()
        mark = b""


def read_csv(data: bytes) -> Sheet:
    """Raises SpreadsheetError."""
    text, notices = _decode(data)
    text = _without_marks(text)
    start = text[:_CHARACTERS_OF_A_KIND].lstrip().casefold()
    if start.startswith("<") and "<office:document" in start:
        raise SpreadsheetError(f"This is a flat OpenDocument file (.fods); please save it as {FORMATS}.")
    for beginning, kind in _OTHER_KINDS.items():
        if start.startswith(beginning):
            raise another_kind(kind)
    delimiter_line = _DELIMITER_LINE.match(text)
    if delimiter_line:
        text, delimiter = _without_marks(text[delimiter_line.end() :]), delimiter_line[1]
    else:
        delimiter = max(DELIMITERS, key=lambda candidate: _fitness(text, candidate))
    return make_sheet(_records(text, delimiter, notices), notices)


def _without_marks(text: str) -> str:
    """A quotation mark after a byte order mark would become part of the first name."""
    return _BYTE_ORDER_MARKS.sub("", text, count=1)


def _decode(data: bytes) -> tuple[str, list[str]]:
    try:
        if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            return data.decode("utf-16"), []
        if b"\0" not in data:
            return _decode_bytewise(data)
    except UnicodeDecodeError:
        pass
    raise SpreadsheetError(
        "The file is not a CSV, Excel or OpenDocument file; please save it as .xlsx, .ods or CSV (UTF-8)."
    )


def _decode_bytewise(data: bytes) -> tuple[str, list[str]]:
    try:
        return data.decode(), []
    except UnicodeDecodeError:
        text = data.decode("cp1252")
    return text, [_NOT_UTF_8]


def _fitness(text: str, delimiter: str) -> tuple[int, int, int]:
    """How many columns are recognised, how many rows have the most usual number of cells, and this number."""
    rows: list[Row] = []
    with suppress(SpreadsheetError):
        rows.extend(islice(filled_rows(_records(text[:_CHARACTERS_COMPARED], delimiter, [])), ROWS_SEARCHED))
    widths = Counter(len(row.cells) for row in rows if len(row.cells) > 1)
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    return max((len(recognised_in(row)) for row in rows), default=0), count, width


def _records(text: str, delimiter: str, notices: list[str]) -> Iterator[Row]:
    # Some programs write a space after the delimiter. Spaces inside quotation marks are always kept. Inside of them, a
    # mark is doubled.
    spaced = delimiter != " " and re.search(f'{re.escape(delimiter)} +"(?!")', text) is not None
    # Strict: otherwise a missing quotation mark would turn the rest of the file into one cell.
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=spaced)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if number > MAX_ROW_NUMBER:
                notices.append(ROWS_NOT_READ)
                return
            yield Row(number, cells)
    except csv.Error as error:
        raise SpreadsheetError(
            f"Row {number + 1} cannot be read. Is a quotation mark missing, or is there one too many?"
        ) from error
