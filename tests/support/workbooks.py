"""Workbooks to read, some of them invalid."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
from openpyxl.xml.constants import SHARED_STRINGS

from events.spreadsheets import read_spreadsheet
from events.spreadsheets.sheet import Cell


def read(data: bytes) -> list[list[Cell]]:
    sheet = read_spreadsheet(data)
    return [sheet.header, *([*row.cells] for row in sheet.rows)]  # type: ignore[list-item]


def workbook(*rows: list[Any], **settings: Any) -> bytes:
    """A workbook that openpyxl writes. This project writes workbooks without it."""
    book = openpyxl.Workbook()
    for name, value in settings.items():
        setattr(book, name, value)
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def workbook_of(sheets: dict[str, list[list[Any]]], **states: str) -> bytes:
    """A workbook with these sheets and their rows. `states` tells which of them are hidden."""
    book = openpyxl.Workbook()
    del book[book.sheetnames[0]]
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = states.get(name, "visible")
        for row in rows:
            sheet.append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


GOOD = workbook(["title", "date"], ["a", date(2026, 12, 1)])


def repacked(data: bytes, replace: dict[str, bytes | None]) -> bytes:
    """The workbook with some parts replaced, added or (None) removed."""
    file = BytesIO()
    with ZipFile(BytesIO(data)) as old, ZipFile(file, "w", ZIP_DEFLATED) as new:
        parts = {name: old.read(name) for name in old.namelist()} | replace
        for name, content in parts.items():
            if content is not None:
                new.writestr(name, content)
    return file.getvalue()


def sheet_of(xml: str, strings: str | None = None) -> bytes:
    """A workbook with this XML as its sheet."""
    namespace = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    parts: dict[str, bytes | None] = {"xl/worksheets/sheet1.xml": f"<worksheet {namespace}>{xml}</worksheet>".encode()}
    if strings is not None:
        parts["xl/sharedStrings.xml"] = f"<sst {namespace}>{strings}</sst>".encode()
        part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{SHARED_STRINGS}"/></Types>'.encode()
        types = ZipFile(BytesIO(GOOD)).read("[Content_Types].xml")
        parts["[Content_Types].xml"] = types.replace(b"</Types>", part)
    return repacked(GOOD, parts)


def strict(data: bytes) -> bytes:
    """The workbook in the namespaces of "Strict Open XML"."""
    archive = ZipFile(BytesIO(data))
    return repacked(data, {name: _strict(archive.read(name)) for name in archive.namelist()})


def _strict(part: bytes) -> bytes:
    part = part.replace(b"<workbook ", b'<workbook conformance="strict" ')
    part = part.replace(b"<workbookPr ", b'<workbookPr dateCompatibility="0" ')
    for kind in (b"spreadsheetml", b"officeDocument"):
        part = part.replace(
            b"http://schemas.openxmlformats.org/%s/2006/" % kind, b"http://purl.oclc.org/ooxml/%s/" % kind
        )
    return part


def cells_of(data: bytes) -> list[Cell]:
    """The first row below the header."""
    return [*read_spreadsheet(data).rows[0].cells]


HEADER = '<row r="1"><c r="A1" t="inlineStr"><is><t>title</t></is></c></row>'
