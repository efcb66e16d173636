"""Reads and writes Excel's .xlsx, and reads OpenDocument's .ods.

Imported on use only: openpyxl takes longer to load than a request.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import date
from io import BytesIO
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, Any
from zipfile import ZipFile

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from events.domain import FIELD_NAMES, EventFields
from events.fields import FIELDS
from events.spreadsheets.open_document import OpenDocumentReader, is_open_document
from events.spreadsheets.open_xml import MAX_TAGS, MAX_UNPACKED_BYTES, TOO_LARGE, WorkbookReader
from events.spreadsheets.sheet import (
    FORMATS,
    MAX_CELL_CHARACTERS,
    MAX_SHOWN,
    Row,
    Sheet,
    SpreadsheetError,
    TooLongForExcelError,
    harmless_row,
)
from events.spreadsheets.table import ROWS_SEARCHED, filled_rows, find_header, make_sheet, recognised_in
from events.visible_text import quoted

MAX_NAMED = 10
MAX_SHEETS = 100
MAX_PARTS = 5_000  # files in the archive; a workbook has a few for each sheet and each picture
# To find the sheet with the table, the first rows of all sheets are read, within these limits for each.
MAX_TAGS_TO_FIND = MAX_TAGS // MAX_SHEETS
MAX_BYTES_TO_FIND = 256 * 1024

_Reader = WorkbookReader | OpenDocumentReader

# Excel has a 29 February 1900, which never was. Earlier dates differ by a day between programs.
FIRST_EXCEL_DATE = "1900-03-01"

# Characters that XML cannot hold are written as _xHHHH_, and so is the "_" of a text that looks like this
# (ECMA-376, 22.9.2.19).
_ILLEGAL = re.compile("[\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}[_\ufffe\uffff])")
_UNREADABLE = f"The file cannot be read as a workbook; please save it again as {FORMATS}."


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


def read_workbook(data: bytes, sheet_name: str | None, *, include_hidden: bool | None) -> Sheet:
    """Reads the sheet with this name, or the one with the table. Raises SpreadsheetError."""
    try:
        with warnings.catch_warnings(), ZipFile(BytesIO(data)) as archive:
            warnings.simplefilter("ignore")  # about parts that are not read here
            _check(archive)
            reader = OpenDocumentReader(archive) if is_open_document(archive) else WorkbookReader(BytesIO(data))
            return _read(reader, sheet_name, include_hidden=include_hidden)
    except SpreadsheetError:
        raise
    except Exception as error:  # for broken files, openpyxl raises errors of many types
        raise SpreadsheetError(_UNREADABLE) from error


def _read(reader: _Reader, sheet_name: str | None, *, include_hidden: bool | None) -> Sheet:
    every = reader.sheets()
    if not every:
        raise SpreadsheetError(
            "The workbook has no visible sheet with cells. Please show the sheet with the table, and save the file."
        )
    sheets = dict(islice(every.items(), MAX_SHEETS))
    notices: list[str] = []
    name = _find(reader, sheets) if sheet_name is None else _chosen(sheets, sheet_name)
    if sheet_name is None and len(every) > 1:
        notices.append(f"The workbook has {len(every):,} sheets; only {quoted(name)} was read. You can choose another.")
    if len(every) > MAX_SHEETS:
        notices.append(f"Only the first {MAX_SHEETS} sheets can be read.")
    hidden_columns: list[range] = []
    rows = reader.rows(sheets[name], hidden_columns, notices)
    what = f"sheet {quoted(name)}" if len(sheets) > 1 else "file"
    sheet = make_sheet(rows, notices, include_hidden=include_hidden, what=what)
    hidden = [
        column
        for position, column in enumerate(sheet.header)
        if column and any(position in span for span in hidden_columns)
    ]
    if hidden:
        notices.append(f"Hidden columns were also read: {_listed(hidden)}.")
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
    raise SpreadsheetError(f"There is no visible sheet {quoted(wanted)}. The workbook has: {_listed([*sheets])}.")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(quoted(name[:MAX_SHOWN]) for name in names[:MAX_NAMED]) + more


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
        found = filled_rows(reader.rows(part, [], [], MAX_TAGS_TO_FIND, MAX_BYTES_TO_FIND))
        rows.extend(islice(found, ROWS_SEARCHED))
    header = find_header(rows) if rows else None
    if header is None or header + 1 == len(rows):
        return False, 0, False
    fields = recognised_in(rows[header])
    return {"title", "date"} <= fields.keys(), len(fields), True


def _check(archive: ZipFile) -> None:
    if len(archive.infolist()) > MAX_PARTS:
        raise SpreadsheetError(TOO_LARGE)
    names = set(archive.namelist())
    if "xl/workbook.bin" in names:
        raise SpreadsheetError(f"This is a binary workbook (.xlsb); please save it as {FORMATS}.")
    if "[Content_Types].xml" not in names and not is_open_document(archive):
        raise SpreadsheetError("This is a ZIP archive, not a spreadsheet; please import the spreadsheet itself.")
    if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED_BYTES:
        raise SpreadsheetError(TOO_LARGE)
