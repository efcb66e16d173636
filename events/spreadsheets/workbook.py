"""Reads and writes Excel's .xlsx with openpyxl. Imported on use only: openpyxl takes longer to load than a request.

openpyxl's public reader is not used: it reads every part of a file without a limit of memory, takes quadratic time for
some files, and loses which cells are formulas without a result. What this module uses instead, beyond openpyxl's
documentation (its version is pinned, and `tests/unit/test_workbooks.py` covers each of them):
- `ExcelReader` with `archive`, `package`, `parser`, `valid_files` and its `read_...` steps: to read only some parts;
- `WorkSheetParser.parse_row`, in a private module: to convert the cells of one row;
- `Text.from_tree`: to join the parts of a formatted text.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import date, datetime
from io import BytesIO
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, Any, cast
from zipfile import ZipFile

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.text import Text
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles import Font
from openpyxl.styles.numbers import builtin_format_code, is_date_format, is_timedelta_format
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._reader import WorkSheetParser
from openpyxl.xml.constants import ARC_STYLE, REL_NS, SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import fromstring, iterparse

from events.domain import FIELD_NAMES, EventFields
from events.fields import FIELDS
from events.spreadsheets.sheet import (
    MAX_CELL_CHARACTERS,
    MAX_COLUMNS,
    Cell,
    Row,
    Sheet,
    SpreadsheetError,
    TooLongForExcelError,
    Unreadable,
    harmless_row,
)
from events.spreadsheets.table import ROWS_SEARCHED, filled_rows, find_header, make_sheet, recognised_in
from events.visible_text import quoted

# These limits fit into a function with 512 MB: text with an emoji takes four bytes per letter, a tag up to 600.
MAX_UNPACKED_BYTES = 32 * 1024 * 1024
MAX_BYTES_WITHOUT_A_TAG = 1024 * 1024  # more than Excel's longest cell with every character escaped
MAX_TAGS = 500_000  # of the cells, or of their texts
MAX_TAGS_ELSEWHERE = 100_000  # of each other part: styles, names of sheets
MAX_CELLS_IN_A_ROW = 16_384  # Excel's own limit
MAX_ROW_NUMBER = 20_000
MAX_FORMAT_CHARACTERS = 255  # Excel's own limit
MAX_SHOWN = 60  # characters of a sheet's name, or of an error code in a message
MAX_NAMED = 10
MAX_SHEETS = 100
# To find the sheet with the table, the first rows of all sheets are read, within these limits for each.
MAX_TAGS_TO_FIND = MAX_TAGS // MAX_SHEETS
MAX_BYTES_TO_FIND = 256 * 1024
# Excel has a 29 February 1900, which never was. Earlier dates differ by a day between programs.
FIRST_EXCEL_DATE = "1900-03-01"

# Characters that XML cannot hold are written as _xHHHH_, and so is the "_" of a text that looks like this
# (ECMA-376, 22.9.2.19).
_ILLEGAL = re.compile("[\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}[_\ufffe\uffff])")
_ESCAPED = re.compile("_x(?![dD][89a-fA-F])([0-9A-Fa-f]{4})_")  # not half a surrogate pair
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
_UNREADABLE = "The file cannot be read as an Excel workbook; please save it again as .xlsx, or as CSV."
_TOO_LARGE = "The workbook is too large when unpacked; please save only its table, or save it as CSV."


def write_workbook(events: Iterable[EventFields]) -> IO[bytes]:
    """Returns an open temporary file. Raises TooLongForExcelError, and everything that `events` raises."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Events")
    sheet.freeze_panes = "A2"
    for number, field in enumerate(FIELDS, 1):
        sheet.column_dimensions[get_column_letter(number)].width = field.width
    with ExitStack() as on_error:
        file = on_error.enter_context(TemporaryFile())
        on_error.callback(workbook.save, file)  # this removes openpyxl's own temporary file
        sheet.append([_bold(sheet, name) for name in FIELD_NAMES])
        for event in events:
            sheet.append([_cell(sheet, event, *named) for named in zip(FIELD_NAMES, harmless_row(event), strict=True)])
        on_error.pop_all()
    workbook.save(file)
    file.seek(0)
    return file


def _bold(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, text)
    cell.font = Font(bold=True)
    return cell


def _cell(sheet: Any, event: EventFields, field: str, value: str | int) -> Any:
    if isinstance(value, int):
        return value
    if field == "date" and value >= FIRST_EXCEL_DATE:
        return date.fromisoformat(value)
    text = _ILLEGAL.sub(lambda found: f"_x{ord(found[0]):04X}_", _LOOKS_ESCAPED.sub("_x005F_", value))
    if len(text) * 2 > MAX_CELL_CHARACTERS and len(text.encode("utf-16-le")) > MAX_CELL_CHARACTERS * 2:
        raise TooLongForExcelError(event, field)
    if not text.startswith("#"):
        return text
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"  # openpyxl would treat "#N/A" as an error
    return cell


class _Archive(ZipFile):
    """Limits what is read of a part: to its size in the archive's directory, and to as many tags as memory can hold."""

    def read(self, name: Any, pwd: bytes | None = None) -> bytes:
        with self.open(name) as part:
            return _LimitedPart(part, MAX_TAGS_ELSEWHERE).read(self.getinfo(name).file_size)


class _LimitedPart:
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
            raise SpreadsheetError(_TOO_LARGE)
        if self._is_start:
            data = _FIRST_TAG.sub(_without_strict_namespaces, data, count=1)
            self._is_start = False
        return data


def _without_strict_namespaces(tag: re.Match[bytes]) -> bytes:
    return _STRICT_NAMESPACE.sub(lambda found: _STRICT[found[0]], tag[0])


class _Reader(ExcelReader):
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

    def rows(self, part: str, hidden_columns: set[int], notices: list[str], *limits: int) -> Iterator[Row]:
        """The rows of a sheet. Adds the positions of its hidden columns to `hidden_columns` before the first row."""
        workbook: Any = self.wb
        parser = WorkSheetParser(
            BytesIO(),
            self.shared_strings,
            data_only=True,
            epoch=workbook.epoch,
            date_formats=self.dates,
            timedelta_formats=self.spans,
        )
        with self.archive.open(part) as source:
            for _, element in iterparse(cast(IO[bytes], _LimitedPart(source, *limits))):
                if element.tag == _ROW_TAG:
                    if len(element) > MAX_CELLS_IN_A_ROW:
                        raise SpreadsheetError(_TOO_LARGE)
                    number, cells = parser.parse_row(element)
                    if number > MAX_ROW_NUMBER:
                        notices.append(f"Rows below row {MAX_ROW_NUMBER:,} were not read.")
                        return
                    yield Row(number, _cells(element, cells), _is_hidden(element, "ht"))
                    element.clear()
                elif element.tag == _COLUMN_TAG and _is_hidden(element, "width"):
                    first, last = (int(element.get(end, 0)) for end in ("min", "max"))
                    hidden_columns.update(range(max(first - 1, 0), min(last, MAX_COLUMNS)))
                elif element.tag == _DATA_TAG:
                    return


def _is_hidden(element: Any, size: str) -> bool:
    return element.get("hidden") in ("1", "true") or element.get(size) in ("0", "0.0")


def _strings(source: IO[bytes]) -> Iterator[str]:
    for _, element in iterparse(cast(IO[bytes], _LimitedPart(source))):
        if element.tag == _STRING_TAG:
            yield cast(Text, Text.from_tree(element)).content
            element.clear()


def read_workbook(data: bytes, sheet_name: str | None, *, include_hidden: bool) -> Sheet:
    """Reads the sheet with this name, or the one with the table. Raises SpreadsheetError."""
    try:
        with warnings.catch_warnings(), ZipFile(BytesIO(data)) as archive:
            warnings.simplefilter("ignore")  # about parts that are not read here
            _check(archive)
            return _read(_Reader(BytesIO(data)), sheet_name, include_hidden=include_hidden)
    except SpreadsheetError:
        raise
    except Exception as error:  # for broken files, openpyxl raises errors of many types
        raise SpreadsheetError(_UNREADABLE) from error


def _read(reader: _Reader, sheet_name: str | None, *, include_hidden: bool) -> Sheet:
    every = reader.sheets()
    if not every:
        raise SpreadsheetError("The workbook has no sheet with cells, or all of them are hidden.")
    sheets = dict(islice(every.items(), MAX_SHEETS))
    notices: list[str] = []
    name = _find(reader, sheets) if sheet_name is None else _chosen(sheets, sheet_name)
    if sheet_name is None and len(every) > 1:
        notices.append(f"The workbook has {len(every):,} sheets; only {quoted(name)} was read. You can choose another.")
    if len(every) > MAX_SHEETS:
        notices.append(f"Only the first {MAX_SHEETS} sheets can be read.")
    hidden_columns: set[int] = set()
    rows = reader.rows(sheets[name], hidden_columns, notices)
    what = f"sheet {quoted(name)}" if len(sheets) > 1 else "file"
    sheet = make_sheet(rows, notices, include_hidden=include_hidden, what=what)
    hidden = [column for position, column in enumerate(sheet.header) if column and position in hidden_columns]
    if hidden:
        named = ", ".join(quoted(column[:MAX_SHOWN]) for column in hidden[:MAX_NAMED])
        more = f" and {len(hidden) - MAX_NAMED:,} more" if len(hidden) > MAX_NAMED else ""
        notices.append(f"Hidden columns were read too: {named}{more}.")
    # Cells to the right of the header do not belong to the table.
    below = [replace(row, cells=row.cells[: len(sheet.header)]) for row in sheet.rows]
    return replace(sheet, rows=below, name=name, sheet_names=tuple(sheets))


def _chosen(sheets: dict[str, str], wanted: str) -> str:
    """Forms remove spaces around a name. As in Excel, upper and lower case are the same."""
    wanted = wanted[:MAX_SHOWN]
    for name in sheets:
        if wanted == name:
            return name
    for name in sheets:
        if wanted.strip().casefold() == name.strip().casefold():
            return name
    named = ", ".join(map(quoted, islice(sheets, MAX_NAMED)))
    more = f" and {len(sheets) - MAX_NAMED} more" if len(sheets) > MAX_NAMED else ""
    raise SpreadsheetError(f"There is no visible sheet {quoted(wanted)}. The workbook has: {named}{more}.")


def _find(reader: _Reader, sheets: dict[str, str]) -> str:
    """The name of the sheet with the table: the first one of those with the most recognised columns.

    A table with a title and a date is preferred. If no column is recognised, it is the first sheet with a table.
    """
    if len(sheets) == 1:
        return next(iter(sheets))
    return max(sheets, key=lambda name: _fitness(reader, sheets[name]))


def _fitness(reader: _Reader, part: str) -> tuple[bool, int, bool]:
    rows: list[Row] = []
    with suppress(SpreadsheetError):
        found = filled_rows(reader.rows(part, set(), [], MAX_TAGS_TO_FIND, MAX_BYTES_TO_FIND))
        rows.extend(islice(found, ROWS_SEARCHED))
    header = find_header(rows) if rows else None
    if header is None or header + 1 == len(rows):
        return False, 0, False
    fields = recognised_in(rows[header])
    return {"title", "date"} <= fields.keys(), len(fields), True


def _check(archive: ZipFile) -> None:
    names = set(archive.namelist())
    if "xl/workbook.bin" in names:
        raise SpreadsheetError("This is a binary workbook (.xlsb); please save it as .xlsx or CSV.")
    if "mimetype" in names:
        raise SpreadsheetError("This is an OpenDocument file; please save it as .xlsx or CSV.")
    if "[Content_Types].xml" not in names:
        raise SpreadsheetError("This is a ZIP archive, not an Excel workbook; please import the spreadsheet itself.")
    if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED_BYTES:
        raise SpreadsheetError(_TOO_LARGE)


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


def _value(element: Any, kind: str, value: Any) -> Cell:
    if kind == "e":
        return Unreadable(f"contains a spreadsheet error ({str(value)[:MAX_SHOWN]})")
    if isinstance(value, str):
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
    if value is None:
        calculated = element.find(_FORMULA_TAG) is None or element.get("t") == "str"
        return None if calculated else Unreadable("is a formula without a result; open the file in Excel and save it")
    if isinstance(value, datetime):
        day, time = value.date(), value.time()
        return day if time == time.min else Unreadable(f"contains a time ({time:%H:%M}); please enter only the date")
    if isinstance(value, int | float | date):
        return value
    return Unreadable("is a time or a duration")
