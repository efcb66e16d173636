"""Reads an OpenDocument spreadsheet (.ods), the format of LibreOffice, within limits of memory and time.

All sheets are in one part of the file, so it is read once, and the cells of the visible sheets are kept. A row that is
repeated is kept once: LibreOffice ends every sheet with a million repeated blank rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time
from math import isfinite
from typing import IO, Any, cast
from zipfile import ZipFile

from defusedxml.ElementTree import iterparse

from events.spreadsheets.open_xml import MAX_UNPACKED_BYTES, TOO_LARGE, LimitedPart
from events.spreadsheets.sheet import (
    IS_A_TIME,
    MAX_COLUMNS,
    MAX_ROW_NUMBER,
    MAX_SHOWN,
    NO_RESULT,
    PROTECTED,
    ROWS_NOT_READ,
    Cell,
    Row,
    SpreadsheetError,
    another_kind,
    cell_error,
)

# A template is read as the spreadsheet that it becomes.
_MEDIA_TYPES = {
    b"application/vnd.oasis.opendocument.spreadsheet",
    b"application/vnd.oasis.opendocument.spreadsheet-template",
}
_CONTENT, _MANIFEST, _MEDIA_TYPE = "content.xml", "META-INF/manifest.xml", "mimetype"


def _names(namespace: str, *names: str) -> list[str]:
    return [f"{{urn:oasis:names:tc:opendocument:xmlns:{namespace}:1.0}}{name}" for name in names]


_SPREADSHEET, _ANNOTATION = _names("office", "spreadsheet", "annotation")
_SHEET, _COLUMN, _ROW, _CELL = _names("table", "table", "table-column", "table-row", "table-cell")
_COVERED_CELL, _COLUMNS, _ROWS = _names(
    "table", "covered-table-cell", "number-columns-repeated", "number-rows-repeated"
)
_NAME, _STYLE, _DISPLAY, _VISIBILITY, _FORMULA = _names(
    "table", "name", "style-name", "display", "visibility", "formula"
)
_KIND, _VALUE, _DATE, _BOOLEAN, _STRING = _names(
    "office", "value-type", "value", "date-value", "boolean-value", "string-value"
)
_PARAGRAPH, _SPACES, _COUNT, _TAB, _LINE_BREAK = _names("text", "p", "s", "c", "tab", "line-break")
_NOT_TEXT = {_ANNOTATION, *_names("text", "note", "ruby-text")}
_SHEET_PROPERTIES, _STYLE_NAME = _names("style", "table-properties", "name")
# LibreOffice's own kind of value: an error has no value in OpenDocument.
_LIBREOFFICE_KIND = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
_ERROR = re.compile(r"#(?:DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!)|Err:[0-9]{3}")
_BYTES_OF_A_CELL = 8


@dataclass(slots=True)
class _Sheet:
    rows: list[tuple[Row, int]] = field(default_factory=list)  # not the blank ones; each with its repetitions
    hidden_columns: list[range] = field(default_factory=list)
    next_column: int = 0
    next_row: int = 1


def is_open_document(archive: ZipFile) -> bool:
    return not {_CONTENT, _MEDIA_TYPE}.isdisjoint(archive.namelist())


class OpenDocumentReader:
    """Reads the visible sheets. Raises SpreadsheetError, and for a broken file errors of many types."""

    def __init__(self, archive: ZipFile) -> None:
        self._left = MAX_UNPACKED_BYTES  # of the cells, and of their repetitions
        self._sheets: dict[str, _Sheet] = {}
        self._hidden_styles: set[str] = set()
        self._parents: list[Any] = []
        self._sheet: _Sheet | None = None
        self._row: Any = None
        parts = archive.namelist()
        if _MEDIA_TYPE in parts and archive.read(_MEDIA_TYPE).strip() not in _MEDIA_TYPES:
            raise another_kind("a document of another kind")
        if _MANIFEST in parts and b"encryption-data" in archive.read(_MANIFEST):
            raise SpreadsheetError(PROTECTED)
        with archive.open(_CONTENT) as content:
            for event, element in iterparse(cast(IO[bytes], LimitedPart(content)), ("start", "end")):
                (self._start if event == "start" else self._end)(element)

    def sheets(self) -> dict[str, str]:
        """The names of the visible sheets, cut to MAX_SHOWN characters; as values, too."""
        return {name: name for name in self._sheets}

    def rows(self, name: str, hidden_columns: list[range], notices: list[str], *_: int) -> Iterator[Row]:
        """The rows of a sheet. Adds the ranges of its hidden columns to `hidden_columns` before the first row."""
        sheet = self._sheets[name]
        hidden_columns += sheet.hidden_columns
        for row, repetitions in sheet.rows:
            for number in range(row.number, row.number + repetitions):
                if number > MAX_ROW_NUMBER:
                    notices.append(ROWS_NOT_READ)
                    return
                yield Row(number, row.cells, row.hidden)

    def _start(self, element: Any) -> None:
        if element.tag == _SHEET and self._parents[-1].tag == _SPREADSHEET:
            self._sheet = self._new_sheet(element)
        elif element.tag == _ROW and self._row is None:
            self._row = element
        self._parents.append(element)

    def _end(self, element: Any) -> None:
        """Removes the element from its parent, except inside a row: a row is read when it ends."""
        self._parents.pop()
        parent = self._parents[-1] if self._parents else None
        if element is self._row:
            self._row = None
            if self._sheet:
                self._add_row(self._sheet, element)
        if self._row is not None or parent is None:
            return
        if element.tag == _SHEET and parent.tag == _SPREADSHEET:
            self._sheet = None
        elif element.tag == _SHEET_PROPERTIES and element.get(_DISPLAY) == "false":
            self._hidden_styles.add(parent.get(_STYLE_NAME, ""))
        elif element.tag == _COLUMN and self._sheet:
            _add_column(self._sheet, element)
        del parent[:]

    def _new_sheet(self, element: Any) -> _Sheet | None:
        name = element.get(_NAME, "")[:MAX_SHOWN]
        if name in self._sheets or element.get(_STYLE) in self._hidden_styles:
            return None
        return self._sheets.setdefault(name, _Sheet())

    def _add_row(self, sheet: _Sheet, element: Any) -> None:
        number, repetitions = sheet.next_row, _number(element, _ROWS)
        sheet.next_row += repetitions
        cells: list[Cell] = []
        column = 0
        for cell in element:
            if cell.tag not in (_CELL, _COVERED_CELL) or column >= MAX_COLUMNS:
                continue
            columns = _number(cell, _COLUMNS)
            value = self._value(cell)
            if value is not None:
                blank = [None] * (column - len(cells))
                cells += [*blank, *[value] * min(columns, MAX_COLUMNS - column)]
            column += columns
        if cells:
            size = sum(_BYTES_OF_A_CELL + len(cell) if isinstance(cell, str) else _BYTES_OF_A_CELL for cell in cells)
            self._take(size * min(repetitions, MAX_ROW_NUMBER))
            sheet.rows.append((Row(number, cells, _is_hidden(element)), repetitions))

    def _take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise SpreadsheetError(TOO_LARGE)

    def _value(self, cell: Any) -> Cell:
        if cell.get(_LIBREOFFICE_KIND) == "error":
            return cell_error("\n".join(self._paragraphs(cell)))
        match cell.get(_KIND):
            case "float" | "percentage" | "currency":
                return _float(cell.get(_VALUE, ""))
            case "date":
                return _date(cell.get(_DATE, ""))
            case "boolean":
                return bool(cell.get(_BOOLEAN) == "true")
            case "time":
                return IS_A_TIME
            case _:
                return self._string(cell)

    def _string(self, cell: Any) -> Cell:
        paragraphs = self._paragraphs(cell)
        text: str = cell.get(_STRING, "\n".join(paragraphs))
        if cell.get(_FORMULA) is not None:
            if _ERROR.fullmatch(text):
                return cell_error(text)
            if cell.get(_KIND) is None and not paragraphs:
                return NO_RESULT
        return text or None

    def _paragraphs(self, cell: Any) -> list[str]:
        paragraphs = []
        for child in cell:
            if child.tag == _PARAGRAPH:
                pieces: list[str] = []
                self._add_text(child, pieces)
                paragraphs.append("".join(pieces))
        return paragraphs

    def _add_text(self, element: Any, pieces: list[str]) -> None:
        """Adds the text of a paragraph. As in LibreOffice, and other than in OpenDocument, no space is left out."""
        pieces.append(element.text or "")
        for child in element:
            if child.tag == _SPACES:
                count = _number(child, _COUNT)
                self._take(count)
                pieces.append(" " * count)
            elif child.tag == _TAB:
                pieces.append("\t")
            elif child.tag == _LINE_BREAK:
                pieces.append("\n")
            elif child.tag not in _NOT_TEXT:
                self._add_text(child, pieces)
            pieces.append(child.tail or "")


def _add_column(sheet: _Sheet, element: Any) -> None:
    first, columns = sheet.next_column, _number(element, _COLUMNS)
    sheet.next_column += columns
    if _is_hidden(element) and len(sheet.hidden_columns) < MAX_COLUMNS:
        sheet.hidden_columns.append(range(first, first + columns))


def _is_hidden(element: Any) -> bool:
    """A person has hidden it ("collapse"), or a filter has."""
    return element.get(_VISIBILITY) in ("collapse", "filter")


def _number(element: Any, attribute: str) -> int:
    return max(1, int(element.get(attribute, 1)))


def _float(text: str) -> Cell:
    """The number; or the text, so that the reader of the field says what is wrong with it."""
    try:
        value = float(text)
    except ValueError:
        return text or None
    if not isfinite(value):
        return text
    return int(value) if value.is_integer() else value


def _date(text: str) -> Cell:
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return text or None
    return moment if moment.time() != time.min else moment.date()
