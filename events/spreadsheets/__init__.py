"""Spreadsheet files, CSV, Excel and OpenDocument: reads events from them and writes events to them."""

from __future__ import annotations

from events.spreadsheets.csv_file import read_csv
from events.spreadsheets.sheet import FORMATS, MAX_FILE_BYTES, PROTECTED, Sheet, SpreadsheetError

_ZIP = b"PK\x03\x04"
_COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read_spreadsheet(data: bytes, sheet_name: str | None = None, *, include_hidden: bool | None = None) -> Sheet:
    """Reads CSV, Excel or OpenDocument; the content decides which, not the file's name. Raises SpreadsheetError.

    `sheet_name` chooses a sheet of a workbook; without it, the sheet with the table is found. `include_hidden`: None
    includes hidden rows, unless the table then has too many.
    """
    if len(data) > MAX_FILE_BYTES:
        raise SpreadsheetError(
            f"The file is larger than {MAX_FILE_BYTES // 1024**2} MiB; please import it in several parts."
        )
    if data.startswith(_COMPOUND_FILE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise SpreadsheetError(PROTECTED)
        raise SpreadsheetError(f"This is an old Excel file (.xls); please save it as {FORMATS}.")
    if data.startswith(_ZIP):
        from events.spreadsheets.workbook import read_workbook  # noqa: PLC0415  # openpyxl is slow to load

        return read_workbook(data, sheet_name, include_hidden=include_hidden)
    if sheet_name is not None:
        raise SpreadsheetError("This is a CSV file. It has no sheets to choose from.")
    return read_csv(data)
