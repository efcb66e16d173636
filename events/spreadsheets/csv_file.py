"""CSV as Excel, LibreOffice, Numbers and programs write it, and as all of them read it."""

from __future__ import annotations

import csv
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator
from io import StringIO

from events.domain import FIELD_NAMES, EventFields
from events.spreadsheets.sheet import MAX_FILE_BYTES, Row, Sheet, SpreadsheetError, field_of, harmless_row, make_sheet

DELIMITERS = ",;\t"
# A first line by which Excel is told the delimiter; it shows none such.
_DELIMITER_LINE = re.compile(r"\"?sep=(.)\"?(\r\n|\r|\n)", re.IGNORECASE)
# Programs that join files, or save one again, write more than one; "ï»¿" is one that was read as Windows-1252.
_BYTE_ORDER_MARKS = re.compile("(?:\ufeff|ï»¿)*")

# The csv module's own limit is for the process: 131,072 characters, also for a column that events do not have.
csv.field_size_limit(MAX_FILE_BYTES)


class _Line:
    """What a CSV writer writes to, and gets its line back from."""

    def write(self, line: str) -> str:
        return line


def write_csv(events: Iterable[EventFields]) -> Iterator[bytes]:
    """Line by line, each as soon as its event is there: UTF-8 with a byte order mark, which Excel needs; RFC 4180.

    All cells are quoted: where Excel expects semicolons, one in a text would begin another cell, and maybe a formula.
    """
    writer = csv.writer(_Line(), quoting=csv.QUOTE_ALL)
    yield BOM_UTF8 + writer.writerow(FIELD_NAMES).encode()
    for event in events:
        yield writer.writerow(harmless_row(event)).encode()


def read_csv(data: bytes) -> Sheet:
    """Raises SpreadsheetError."""
    text, notices = _decode(data)
    text = _without_marks(text)
    told = _DELIMITER_LINE.match(text)
    if told:
        return make_sheet(_records(_without_marks(text[told.end() :]), told[1]), notices)
    delimiter = max(DELIMITERS, key=lambda candidate: _columns_known(text, candidate))
    return make_sheet(_records(text, delimiter), notices)


def _without_marks(text: str) -> str:
    """Before a quotation mark, a byte order mark would make it a part of the first name."""
    return _BYTE_ORDER_MARKS.sub("", text, count=1)


def _decode(data: bytes) -> tuple[str, list[str]]:
    try:
        if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            return data.decode("utf-16"), []
        if b"\0" not in data:
            return _decode_bytewise(data)
    except UnicodeDecodeError:
        pass
    raise SpreadsheetError("This is no spreadsheet that can be read here; please save it as CSV (UTF-8) or .xlsx.")


def _decode_bytewise(data: bytes) -> tuple[str, list[str]]:
    try:
        return data.decode(), []
    except UnicodeDecodeError:
        text = data.decode("cp1252")
    return text, ["The file is not in UTF-8, so it was read as Windows-1252; please check letters such as é and ß."]


def _columns_known(text: str, delimiter: str) -> int:
    try:
        header = next((row.cells for row in _records(text, delimiter) if any(row.cells)), ())
    except SpreadsheetError:
        return 0
    return sum(field_of(str(name)) is not None for name in header)


def _records(text: str, delimiter: str) -> Iterator[Row]:
    # Strict, or a quotation mark that is missing would make one cell of all that follows.
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            yield Row(number, cells)
    except csv.Error as error:
        raise SpreadsheetError(
            f"The file cannot be read on from row {number + 1}: is a quotation mark missing, or one too many?"
        ) from error
