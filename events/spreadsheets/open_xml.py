"""Reads the parts of an .xlsx file with openpyxl, within limits of memory and time.

openpyxl's public reader is not used: it reads every part of a file without a limit of memory, takes quadratic time for
some files, and loses which cells are formulas without a result. What this module uses instead, beyond openpyxl's
documentation (its version is pinned, and `tests/unit/spreadsheets/test_workbook.py` covers each of them):
- `ExcelReader` with `archive`, `package`, `parser`, `valid_files` and its `read_...` steps: to read only some parts;
- `WorkSheetParser.parse_row`, in a private module: to convert the cells of one row;
- `Text.from_tree`: to join the parts of a formatted text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from io import BytesIO
from typing import IO, Any, cast
from zipfile import ZipFile

from openpyxl.cell.text import Text
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.numbers import builtin_format_code, is_date_format, is_timedelta_format
from openpyxl.worksheet._reader import WorkSheetParser
from openpyxl.xml.constants import ARC_STYLE, REL_NS, SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import fromstring, iterparse

from events.spreadsheets.sheet import (
    IS_A_TIME,
    MAX_COLUMNS,
    MAX_ROW_NUMBER,
    MAX_SHOWN,
    NO_RESULT,
    ROWS_NOT_READ,
    Cell,
    Row,
    SpreadsheetError,
    cell_error,
)

# These limits fit into a function with 512 MB: text with an emoji takes four bytes per letter, a tag up to 600.
MAX_UNPACKED_BYTES = 32 * 1024 * 1024
MAX_BYTES_WITHOUT_A_TAG = 1024 * 1024  # more than Excel's longest cell with every character escaped
MAX_TAGS = 500_000  # of the cells, or of their texts
MAX_TAGS_ELSEWHERE = 100_000  # of each other part: styles, names of sheets
MAX_CELLS_IN_A_ROW = 16_384  # Excel's own limit
MAX_FORMAT_CHARACTERS = 255  # Excel's own limit

# A character that XML cannot hold is written as _xHHHH_ (ECMA-376, 22.9.2.19); not half a surrogate pair.
_ESCAPED = re.compile("_x(?![dD][89a-fA-F])([0-9A-Fa-f]{4})_")
_DATA_TAG, _ROW_TAG, _COLUMN_TAG = (f"{{{SHEET_MAIN_NS}}}{name}" for name in ("sheetData", "row", "col"))
_FORMULA_TAG, _STRING_TAG = f"{{{SHEET_MAIN_NS}}}f", f"{{{SHEET_MAIN_NS}}}si"
_FORMATS = f"{{{SHEET_MAIN_NS}}}numFmts/{{{SHEET_MAIN_NS}}}numFmt"
_STYLES = f"{{{SHEET_MAIN_NS}}}cellXfs/{{{SHEET_MAIN_NS}}}xf"
# "Strict Open XML" has other namespaces. They are declared in the first tag of a part.
_STRICT = {
    b"http://purl.oclc.org/ooxml/spreadsheetml/main": SHEET_MAIN_NS.encode(),
    b"http://purl.oclc.org/ooxml/officeDocument/relationships": REL_NS.encode(),
}
_STRICT_NAMESPACE, _FIRST_TAG = re.compile(b"|".join(_STRICT)), re.compile(b"<[A-Za-z_][^>]*")
TOO_LARGE = "The workbook contains too much data; please save only its table, or save it as CSV."


class _Archive(ZipFile):
    """Limits what is read of a part: to its size in the archive's directory, and to as many tags as memory can hold."""

    def read(self, name: Any, pwd: bytes | None = None) -> bytes:
        with self.open(name) as part:
            return LimitedPart(part, MAX_TAGS_ELSEWHERE).read(self.getinfo(name).file_size)


class LimitedPart:
    """Raises SpreadsheetError if a part has too many tags or bytes, or too long a text between two tags."""

    def __init__(self, part: IO[bytes], tags: int = MAX_TAGS, most: int = MAX_UNPACKED_BYTES) -> None:
        self._part = part
        self._tags_left, self._left = tags, most
        self._since_a_tag = 0
        self._is_start = True

    def read(self, size: int) -> bytes:
        data = self._part.read(size)
        self._left -= len(data)
        self._tags_left -= data.count(b"<")
        last = data.rfind(b"<")
        self._since_a_tag = self._since_a_tag + len(data) if last < 0 else len(data) - last
        # Each time more data comes, Expat parses an unfinished token from its start again.
        if min(self._tags_left, self._left) < 0 or self._since_a_tag > MAX_BYTES_WITHOUT_A_TAG:
            raise SpreadsheetError(TOO_LARGE)
        if self._is_start:
            data = _FIRST_TAG.sub(_without_strict_namespaces, data, count=1)
            self._is_start = False
        return data


def _without_strict_namespaces(tag: re.Match[bytes]) -> bytes:
    return _STRICT_NAMESPACE.sub(lambda found: _STRICT[found[0]], tag[0])


class WorkbookReader(ExcelReader):
    """openpyxl's reader, for the parts that are needed."""

    def __init__(self, file: BytesIO) -> None:
        super().__init__(file, read_only=True, data_only=True, keep_links=False)
        self.archive = _Archive(file)
        self.read_manifest()
        self.read_strings()
        self.read_workbook()
        self.dates, self.spans = _styles_of_dates(self.archive)

    def read_strings(self) -> None:
        """Keeps the texts unchanged: openpyxl removes every "x005F_" from them."""
        package: Any = self.package
        part = package.find(SHARED_STRINGS)
        if part is not None:
            with self.archive.open(part.PartName[1:]) as source:
                self.shared_strings = list(_strings(source))

    def sheets(self) -> dict[str, str]:
        """The names of the visible sheets with cells, cut to MAX_SHOWN characters, and their parts."""
        parts = set(self.valid_files)
        sheets: dict[str, str] = {}
        for sheet, relation in self.parser.find_sheets():
            name, part = sheet.name[:MAX_SHOWN], relation.target
            is_readable = relation.Type.endswith("/worksheet") and part in parts
            if sheet.state == "visible" and is_readable and name not in sheets:
                parts.remove(part)  # a part that is used again would be read again
                sheets[name] = part
        return sheets

    def rows(self, part: str, hidden_columns: list[range], notices: list[str], *limits: int) -> Iterator[Row]:
        """The rows of a sheet. Adds the ranges of its hidden columns to `hidden_columns` before the first row."""
        workbook: Any = self.wb
        parser = WorkSheetParser(
            BytesIO(),
            self.shared_strings,
            data_only=True,
            epoch=workbook.epoch,
            date_formats=self.dates,
            timedelta_formats=self.spans,
        )
        left = MAX_UNPACKED_BYTES  # of the texts: any number of cells may share a long one
        with self.archive.open(part) as source:
            for _, element in iterparse(cast(IO[bytes], LimitedPart(source, *limits))):
                if element.tag == _ROW_TAG:
                    if len(element) > MAX_CELLS_IN_A_ROW:
                        raise SpreadsheetError(TOO_LARGE)
                    number, cells = parser.parse_row(element)
                    left -= sum(len(cell["value"]) for cell in cells if isinstance(cell["value"], str))
                    if left < 0:
                        raise SpreadsheetError(TOO_LARGE)
                    if number > MAX_ROW_NUMBER:
                        notices.append(ROWS_NOT_READ)
                        return
                    yield Row(number, _cells(element, cells), _is_hidden(element, "ht"))
                    element.clear()
                elif element.tag == _COLUMN_TAG and _is_hidden(element, "width") and len(hidden_columns) < MAX_COLUMNS:
                    hidden_columns.append(range(int(element.get("min", 0)) - 1, int(element.get("max", 0))))
                elif element.tag == _DATA_TAG:
                    return


def _is_hidden(element: Any, size: str) -> bool:
    return element.get("hidden") in ("1", "true") or element.get(size) in ("0", "0.0")


def _strings(source: IO[bytes]) -> Iterator[str]:
    for _, element in iterparse(cast(IO[bytes], LimitedPart(source))):
        if element.tag == _STRING_TAG:
            yield _decoded(cast(Text, Text.from_tree(element)).content)
            element.clear()


def _styles_of_dates(archive: ZipFile) -> tuple[set[int], set[int]]:
    """The numbers of the styles that show a number as a date, and as a duration.

    openpyxl would check a format again for each style that uses it, which takes quadratic time.
    """
    try:
        root = fromstring(archive.read(ARC_STYLE))
    except KeyError:
        return set(), set()
    formats = {int(item.get("numFmtId", 0)): item.get("formatCode", "") for item in root.iterfind(_FORMATS)}
    dates: set[int] = set()
    spans: set[int] = set()
    known: dict[int, tuple[bool, bool]] = {}
    for number, style in enumerate(root.iterfind(_STYLES)):
        id_ = int(style.get("numFmtId", 0))
        if id_ not in known:
            code = (formats.get(id_) or builtin_format_code(id_) or "")[:MAX_FORMAT_CHARACTERS]
            known[id_] = is_date_format(code), is_timedelta_format(code)
        for kind, found in zip((dates, spans), known[id_], strict=True):
            if found:
                kind.add(number)
    return dates, spans


def _cells(row: Any, parsed: list[dict[str, Any]]) -> list[Cell]:
    cells: list[Cell] = []
    for element, cell in zip(row, parsed, strict=True):
        column = cell["column"]
        if 0 < column <= MAX_COLUMNS:
            cells += [None] * (column - len(cells))
            cells[column - 1] = _value(element, cell["data_type"], cell["value"])
    return cells


def _decoded(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _value(element: Any, kind: str, value: Any) -> Cell:
    if kind == "e":
        return cell_error(str(value))
    if isinstance(value, str):
        return value if element.get("t") == "s" else _decoded(value)
    if value is None:
        calculated = element.find(_FORMULA_TAG) is None or element.get("t") == "str"
        return None if calculated else NO_RESULT
    if isinstance(value, datetime):
        return value if value.time() != time.min else value.date()
    if isinstance(value, int | float | date):
        return value
    return IS_A_TIME
