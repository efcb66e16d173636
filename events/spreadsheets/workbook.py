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
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, datetime
from io import BytesIO
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
from openpyxl.xml.constants import ARC_STYLE, SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import fromstring, iterparse

from events.domain import FIELD_NAMES, EventFields
from events.fields import FIELDS
from events.spreadsheets.sheet import (
    MAX_CELL_CHARACTERS,
    Cell,
    Row,
    Sheet,
    SpreadsheetError,
    TooLongForExcelError,
    Unreadable,
    harmless_row,
    make_sheet,
)

# These limits fit into a function with 512 MB: text with an emoji takes four bytes per letter, a tag up to 600.
MAX_UNPACKED_BYTES = 32 * 1024 * 1024
MAX_BYTES_WITHOUT_A_TAG = 1024 * 1024  # more than Excel's longest cell with every character escaped
MAX_TAGS = 500_000  # of the cells, or of their texts
MAX_TAGS_ELSEWHERE = 100_000  # of each other part: styles, names of sheets
MAX_CELLS_IN_A_ROW = 16_384  # Excel's own limit
MAX_COLUMNS = 256
MAX_ROW_NUMBER = 20_000
MAX_FORMAT_CHARACTERS = 255  # Excel's own limit
MAX_SHOWN = 60  # characters of a name or an error code in a message
# Excel has a 29 February 1900, which never was. Earlier dates differ by a day between programs.
FIRST_EXCEL_DATE = "1900-03-01"

# Characters that XML cannot hold are written as _xHHHH_, and so is the "_" of a text that looks like this
# (ECMA-376, 22.9.2.19).
_ILLEGAL = re.compile("[\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}[_\ufffe\uffff])")
_ESCAPED = re.compile("_x(?![dD][89a-fA-F])([0-9A-Fa-f]{4})_")  # not half a surrogate pair
_DATA_TAG, _ROW_TAG = f"{{{SHEET_MAIN_NS}}}sheetData", f"{{{SHEET_MAIN_NS}}}row"
_FORMULA_TAG, _STRING_TAG = f"{{{SHEET_MAIN_NS}}}f", f"{{{SHEET_MAIN_NS}}}si"
_FORMATS = f"{{{SHEET_MAIN_NS}}}numFmts/{{{SHEET_MAIN_NS}}}numFmt"
_STYLES = f"{{{SHEET_MAIN_NS}}}cellXfs/{{{SHEET_MAIN_NS}}}xf"
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
    """Raises SpreadsheetError if a part has too many tags, or too long a text between two of them."""

    def __init__(self, part: IO[bytes], tags: int = MAX_TAGS) -> None:
        self._part = part
        self._left = tags
        self._since_a_tag = 0

    def read(self, size: int) -> bytes:
        data = self._part.read(size)
        self._left -= data.count(b"<")
        last = data.rfind(b"<")
        self._since_a_tag = self._since_a_tag + len(data) if last < 0 else len(data) - last
        # Each time more data comes, Expat parses an unfinished token from its start again.
        if self._left < 0 or self._since_a_tag > MAX_BYTES_WITHOUT_A_TAG:
            raise SpreadsheetError(_TOO_LARGE)
        return data


class _Reader(ExcelReader):
    """openpyxl's reader, for the parts that are needed."""

    def __init__(self, file: BytesIO) -> None:
        super().__init__(file, read_only=True, data_only=True, keep_links=False)
        self.archive = _Archive(file)

    def read_strings(self) -> None:
        """Keeps the texts unchanged: openpyxl removes every "x005F_" from them."""
        package: Any = self.package
        part = package.find(SHARED_STRINGS)
        if part is not None:
            with self.archive.open(part.PartName[1:]) as source:
                self.shared_strings = list(_strings(source))


def _strings(source: IO[bytes]) -> Iterator[str]:
    for _, element in iterparse(cast(IO[bytes], _LimitedPart(source))):
        if element.tag == _STRING_TAG:
            yield cast(Text, Text.from_tree(element)).content
            element.clear()


def read_workbook(data: bytes) -> Sheet:
    """Reads the first sheet that is not hidden. Raises SpreadsheetError."""
    try:
        with warnings.catch_warnings(), ZipFile(BytesIO(data)) as archive:
            warnings.simplefilter("ignore")  # about parts that are not read here
            _check(archive)
            notices: list[str] = []
            sheet = make_sheet(_rows(data, notices), notices)
            # Cells to the right of the header do not belong to the table.
            return replace(sheet, rows=[Row(row.number, row.cells[: len(sheet.header)]) for row in sheet.rows])
    except SpreadsheetError:
        raise
    except Exception as error:  # for broken files, openpyxl raises errors of many types
        raise SpreadsheetError(_UNREADABLE) from error


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


def _rows(data: bytes, notices: list[str]) -> Iterator[Row]:
    reader = _Reader(BytesIO(data))
    reader.read_manifest()
    reader.read_strings()
    reader.read_workbook()
    workbook: Any = reader.wb
    dates, spans = _styles_of_dates(reader.archive)
    parts = set(reader.valid_files)
    sheets = [
        (sheet.name, relation.target)
        for sheet, relation in reader.parser.find_sheets()
        if sheet.state == "visible" and relation.Type.endswith("/worksheet") and relation.target in parts
    ]
    if len(sheets) > 1:
        notices.append(
            f"The workbook has {len(sheets)} sheets; only the first, “{sheets[0][0][:MAX_SHOWN]}”, was read."
        )
    parser = WorkSheetParser(
        BytesIO(),
        reader.shared_strings,
        data_only=True,
        epoch=workbook.epoch,
        date_formats=dates,
        timedelta_formats=spans,
    )
    with reader.archive.open(sheets[0][1]) as source:
        for _, element in iterparse(cast(IO[bytes], _LimitedPart(source))):
            if element.tag == _ROW_TAG:
                if len(element) > MAX_CELLS_IN_A_ROW:
                    raise SpreadsheetError(_TOO_LARGE)
                number, cells = parser.parse_row(element)
                if number > MAX_ROW_NUMBER:
                    notices.append(f"Rows below row {MAX_ROW_NUMBER:,} were not read.")
                    return
                yield Row(number, _cells(element, cells))
                element.clear()
            elif element.tag == _DATA_TAG:
                return


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
