"""Zip bombs: small workbooks that need much memory. The worst accepted ones must fit into the function."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.conf import settings

from events.spreadsheets.open_xml import MAX_TAGS, MAX_TAGS_ELSEWHERE, MAX_UNPACKED_BYTES
from events.spreadsheets.sheet import MAX_FILE_BYTES
from events.spreadsheets.workbook import MAX_PARTS, MAX_SHEETS
from tests.support.open_documents import archive_of, content_of, table_of
from tests.support.workbooks import GOOD, HEADER, repacked, sheet_of, workbook_of

# The function has 512 MB. It uses 150 MB before it reads a file.
MOST_MEGABYTES = 300

_SPARE = 64 * 1024  # for the rest of the workbook
_EMOJI = "\U0001f3aa"
_STYLES = '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</styleSheet>'
_ROW = '<row r="2"><c r="A2"><v>1</v></c></row>'

# Runs in a new process, because the peak of a process never falls. `resource` would include the parent's peak.
_CHILD = """
import re, sys
from pathlib import Path
import django
django.setup()
import events.spreadsheets.workbook
from events.spreadsheets import SpreadsheetError, read_spreadsheet
def taken():
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
data = Path(sys.argv[1]).read_bytes()
before = taken()
try:
    read_spreadsheet(data)
except SpreadsheetError as error:
    print(error, file=sys.stderr)
print((taken() - before) // 1024)
"""


def filled(piece: str, tags: int = MAX_TAGS, around: int = 1000) -> str:
    """The piece, repeated up to the limits."""
    by_tags = (tags - around) // piece.count("<")
    return piece * min(by_tags, (MAX_UNPACKED_BYTES - _SPARE) // len(piece.encode()))


def text_piece(tags: int, most_tags: int, form: str) -> str:
    """A text in tags. Repeated, it reaches both limits at once. With the emoji, each character takes four bytes."""
    return form.format(_EMOJI + "x" * ((MAX_UNPACKED_BYTES - _SPARE) * tags // most_tags - len(form) - 8))


def attributes(count: int = 3000) -> str:
    return "".join(f' a{number}=""' for number in range(count))


def inside(part: str, end: str, piece: str) -> bytes:
    """A workbook in which one part repeats the piece before its end."""
    content = ZipFile(BytesIO(GOOD)).read(part).decode()
    return repacked(GOOD, {part: content.replace(end, filled(piece, MAX_TAGS_ELSEWHERE) + end).encode()})


def number_formats(count: int) -> str:
    return "".join(f'<numFmt numFmtId="{number}" formatCode="a{number}"/>' for number in range(count))


def styles(piece: str) -> bytes:
    return repacked(GOOD, {"xl/styles.xml": _STYLES.format(piece).encode()})


def rows(pieces: Iterable[str]) -> bytes:
    return sheet_of(f"<sheetData>{HEADER}{''.join(f'<row>{piece}</row>' for piece in pieces)}</sheetData>")


def strings(texts: str) -> bytes:
    return sheet_of(f'<sheetData>{HEADER}<row r="2"><c r="A2" t="s"><v>1</v></c></row></sheetData>', texts)


def many_sheets() -> bytes:
    """All sheets are as large as the search for the table allows, and the last one has the table."""
    names = [f"Sheet {number}" for number in range(MAX_SHEETS)]
    data = workbook_of({name: [["title", "date"], ["a", "b"]] if name == names[-1] else [] for name in names})
    piece = '<c t="inlineStr"><is><t>x</t></is></c>'
    line = f"<row>{piece * 200}</row>"
    lines = line * ((MAX_UNPACKED_BYTES - 20 * _SPARE) // MAX_SHEETS // len(line))
    parts = [f"xl/worksheets/sheet{number}.xml" for number in range(1, MAX_SHEETS)]
    full = ZipFile(BytesIO(data)).read(parts[0]).replace(b"</sheetData>", f"{lines}</sheetData>".encode())
    return repacked(data, dict.fromkeys(parts, full))


def cells() -> bytes:
    piece = text_piece(6, MAX_TAGS, '<c t="inlineStr"><is><t>{}</t></is></c>')
    each = filled(piece).count("<c ") // 4990
    return rows([piece * each] * 4990)


def cells_of_open_document() -> bytes:
    piece = text_piece(5, MAX_TAGS, "<table:table-cell><text:p>{}</text:p></table:table-cell>")
    each = filled(piece).count("<table") // 4990
    return table_of(f"<row>{piece * each}</row>" * 4990)


def sheets_of_open_document() -> bytes:
    names = range(MAX_TAGS - 1000)
    return archive_of({"content.xml": content_of("".join(f'<table:table table:name="{name}"/>' for name in names))})


BOMBS: dict[str, Callable[[], bytes]] = {
    "wide letters": lambda: strings(filled(text_piece(4, MAX_TAGS, "<si><t>{}</t></si>"))),
    "styles": lambda: styles(f"<cellXfs>{filled('<xf/>', MAX_TAGS_ELSEWHERE)}</cellXfs>"),
    "names of tags": lambda: sheet_of(
        "".join(f"<n{number}/>" for number in range(MAX_TAGS - 1000)) + f"<sheetData>{HEADER}{_ROW}</sheetData>"
    ),
    "cells": cells,
    "attributes": lambda: styles(filled(f"<x{attributes()}/>", MAX_TAGS_ELSEWHERE)),
    "attributes of rows": lambda: sheet_of(
        f"<sheetData>{HEADER}{filled(f'<row{attributes()}><c><v>1</v></c></row>')}</sheetData>"
    ),
    "texts": lambda: strings(filled("<si/>")),
    "runs of a text": lambda: strings(f"<si>{filled('<r><t>x</t></r>')}</si>"),
    "number formats": lambda: styles(f"<numFmts>{number_formats(MAX_TAGS_ELSEWHERE - 1000)}</numFmts>"),
    "fonts": lambda: styles(f"<fonts>{filled('<font><b/></font>', MAX_TAGS_ELSEWHERE)}</fonts>"),
    "kinds of parts": lambda: inside("[Content_Types].xml", "</Types>", '<Override PartName="/a" ContentType="b"/>'),
    "relations": lambda: inside(
        "xl/_rels/workbook.xml.rels", "</Relationships>", '<Relationship Id="a" Type="x" Target="b"/>'
    ),
    "sheets": lambda: inside("xl/workbook.xml", "</sheets>", '<sheet name="a" sheetId="1" id="rId1"/>'),
    "deep": lambda: rows(["<c>" + "<x>" * (MAX_TAGS // 2 - 1000) + "</x>" * (MAX_TAGS // 2 - 1000) + "</c>"]),
    "parts": lambda: repacked(GOOD, {f"p{number}": b"" for number in range(MAX_PARTS - 20)}),
    "many sheets": many_sheets,
    "cells of .ods": cells_of_open_document,
    "sheets of .ods": sheets_of_open_document,
    "spaces of .ods": lambda: table_of(f"<row><cell><p>{filled('<text:s/>')}</p></cell></row>"),
    "columns of .ods": lambda: table_of(filled('<table:table-column table:visibility="collapse"/>')),
    "no tag": lambda: sheet_of("A" * (MAX_UNPACKED_BYTES - _SPARE)),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name == "styles" else pytest.mark.stress) for name in BOMBS],
)
def test_accepted_workbooks_fit_into_memory(
    name: str, tmp_path: Path, record_property: Callable[[str, Any], None]
) -> None:
    data = BOMBS[name]()
    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux reports the peak memory of a process")
    assert len(data) <= MAX_FILE_BYTES
    assert sum(part.file_size for part in ZipFile(BytesIO(data)).infolist()) <= MAX_UNPACKED_BYTES
    (tmp_path / "bomb.xlsx").write_bytes(data)
    child = subprocess.run(
        [sys.executable, "-c", _CHILD, str(tmp_path / "bomb.xlsx")],
        cwd=settings.BASE_DIR,
        env={"DJANGO_SETTINGS_MODULE": "eventsite.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    record_property("MB more", int(child.stdout))
    record_property("KiB sent", len(data) // 1024)
    assert "contains too much data" not in child.stderr or name == "no tag"
    assert int(child.stdout) < MOST_MEGABYTES, child.stderr
