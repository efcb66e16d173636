"""Excel files: written with types and widths, read with all their kinds of cells, refused if invalid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from datetime import date, datetime, time
from io import BytesIO
from time import process_time
from typing import Any, cast
from zipfile import ZipFile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import MAC_EPOCH

from events.domain import FIELD_NAMES, EventFields
from events.spreadsheets import read_spreadsheet
from events.spreadsheets.sheet import (
    MAX_ROW_NUMBER,
    MAX_ROWS,
    Row,
    SpreadsheetError,
    TooLongForExcelError,
    Unreadable,
    restored,
)
from events.spreadsheets.workbook import MAX_PARTS, write_workbook
from tests.support.builders import make_fields
from tests.support.strategies import spreadsheet_events
from tests.support.workbooks import GOOD, HEADER, cells_of, read, repacked, sheet_of, workbook

relaxed = hypothesis_settings(deadline=None)  # slow on a busy machine


def test_excel_cells_keep_their_types() -> None:
    moment = datetime(2026, 12, 1, 19, 30)  # noqa: DTZ001  # Excel has no time zones
    row: list[Any] = ["a", 7, 2.5, True, None, date(2026, 12, 1), moment, time(8), "x\r\ny"]
    assert cells_of(workbook(["title", *"abcdefgh"], row)) == [
        "a",
        7,
        2.5,
        True,
        None,
        date(2026, 12, 1),
        moment,
        Unreadable("is a time or a duration; please correct the cell"),
        "x\ny",
    ]


def test_dates_of_the_1904_calendar_are_read() -> None:
    book = workbook(["title", "date"], ["a", date(2026, 12, 1)], epoch=MAC_EPOCH)
    assert cells_of(book) == ["a", date(2026, 12, 1)]


def test_formulas_are_read_as_their_results() -> None:
    header = HEADER.replace("</row>", '<c r="D1"><v>1</v></c></row>')
    xml = (
        f'<sheetData>{header}<row r="5"><c r="A5" t="str"><f>A1</f><v>yes</v></c><c r="B5"><f>1+1</f></c>'
        '<c r="C5" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="D5" t="str"><f>""</f><v></v></c></row></sheetData>'
    )
    sheet = read_spreadsheet(sheet_of(xml))
    assert sheet.rows == [
        Row(
            5,
            [
                "yes",
                Unreadable("is a formula without a result; open the file in Excel or LibreOffice and save it"),
                Unreadable("contains a spreadsheet error (#DIV/0!); please fix the formula"),
                None,
            ],
        )
    ]


def test_escapes_of_excel_are_decoded() -> None:
    strings = (
        "<si><t>title</t></si><si><t>_x005F_x0041_ x005F_ _x0041__xD83D_</t></si>"
        "<si><r><t>a</t></r><r><t>b_x000D_\n</t></r></si>"
    )
    rows = '<row><c t="s"><v>0</v></c><c/></row><row><c t="s"><v>1</v></c><c t="s"><v>2</v></c></row>'
    assert cells_of(sheet_of(f"<sheetData>{rows}</sheetData>", strings)) == ["_x0041_ x005F_ A_xD83D_", "ab\r\n"]


LONG = f"<si><t>{'x' * 2**20}</t></si>"  # a text that many cells share


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (workbook(), "The file is empty."),
        (workbook(["title"]), "The file has no rows below the column names."),
        (workbook(["x", date(2026, 1, 1)], ["x"]), "The file has no row with column names. Please add one"),
        (repacked(workbook(["x"]), {"xl/workbook.bin": b""}), "This is a binary workbook (.xlsb)"),
        (repacked(workbook(["x"]), {"[Content_Types].xml": None}), "This is a ZIP archive, not a spreadsheet"),
        (repacked(workbook(["x"]), {"xl/workbook.xml": b"<workbook"}), "The file cannot be read as a workbook"),
        (sheet_of('<sheetData><row><c r="A1" t="s"><v>99</v></c></row></sheetData>'), "cannot be read as a workbook"),
        (repacked(workbook(["x"]), {"bomb": bytes(101 * 2**20)}), "contains too much data"),
        (sheet_of("<sheetData><row>" + "<c/>" * 16_385 + "</row></sheetData>"), "contains too much data"),
        (sheet_of("<sheetData><row>" + "<c/>" * 1_000_001 + "</row></sheetData>"), "contains too much data"),
        (
            repacked(workbook(["x"]), {"xl/styles.xml": b"<a>" + b"<b/>" * 1_000_001 + b"</a>"}),
            "contains too much data",
        ),
        (
            sheet_of("<sheetData>" + HEADER + "<row><c t='s'><v>0</v></c></row>" * 34 + "</sheetData>", LONG),
            "contains too much data",
        ),
        (sheet_of("<sheetData>" + HEADER + "<row/>" * (MAX_ROWS + 1) + "</sheetData>"), "The file has no rows below"),
    ],
)
def test_invalid_workbooks_are_refused_with_a_sentence(data: bytes, message: str) -> None:
    with pytest.raises(SpreadsheetError, match=re.escape(message)):
        read_spreadsheet(data)


@pytest.mark.parametrize(("more", "accepted"), [(0, True), (1, False)])
def test_the_limit_of_files_in_the_archive_is_exact(more: int, accepted: bool) -> None:
    own = len(ZipFile(BytesIO(GOOD)).namelist())
    data = repacked(GOOD, {f"p{number}": b"" for number in range(MAX_PARTS - own + more)})
    with nullcontext() if accepted else pytest.raises(SpreadsheetError, match="contains too much data"):
        read_spreadsheet(data)


def test_the_limit_of_rows_is_exact() -> None:
    rows = '<row><c t="str"><v>a</v></c></row>' * MAX_ROWS
    assert len(read_spreadsheet(sheet_of(f"<sheetData>{HEADER}{rows}</sheetData>")).rows) == MAX_ROWS
    with pytest.raises(SpreadsheetError, match=r"There are more than 5,000 rows"):
        read_spreadsheet(sheet_of(f"<sheetData>{HEADER}{rows}<row><c t='str'><v>a</v></c></row></sheetData>"))


def test_entities_are_not_expanded() -> None:
    xml = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb">]><worksheet>&b;</worksheet>'
    with pytest.raises(SpreadsheetError, match="cannot be read as a workbook"):
        read_spreadsheet(repacked(workbook(["x"]), {"xl/worksheets/sheet1.xml": xml}))


def test_the_declared_size_of_a_sheet_is_ignored() -> None:
    xml = (
        f'<dimension ref="A1:XFD1048576"/><sheetData>{HEADER}'
        '<row r="9"><c r="A9" t="inlineStr"><is><t>a</t></is></c><c r="XFD9"><v>1</v></c></row>'
        '<row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData>'
    )
    sheet = read_spreadsheet(sheet_of(xml))
    assert sheet.rows == [Row(9, ["a"])]
    assert sheet.notices == [f"Rows below row {MAX_ROW_NUMBER:,} were not read."]


def test_wrong_sizes_in_the_zip_directory_are_refused() -> None:
    data = bytearray(repacked(workbook(["title"], ["a"]), {"xl/styles.xml": bytes(3_000_000)}))
    # The uncompressed size is in the header of the part and in the directory.
    assert data.count((3_000_000).to_bytes(4, "little")) == 2
    data = data.replace((3_000_000).to_bytes(4, "little"), (3_000).to_bytes(4, "little"))
    with pytest.raises(SpreadsheetError, match="cannot be read as a workbook"):
        read_spreadsheet(bytes(data))


@relaxed
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=20))
def test_damaged_workbooks_are_read_or_refused(changes: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD)
    for position, byte in changes:
        data[position] = byte
    with suppress(SpreadsheetError):
        read_spreadsheet(bytes(data))


@pytest.mark.parametrize(
    "xml", ['<row r="1" a="{}"/>', "<!--{}-->", '<row r="1"><c r="A1" t="str"><v>{}</v></c></row>']
)
def test_very_long_xml_parts_are_refused_quickly(xml: str) -> None:
    started = process_time()
    with pytest.raises(SpreadsheetError):
        read_spreadsheet(sheet_of(xml.format("A" * 20_000_000)))
    assert process_time() - started < 5


@relaxed
@given(st.lists(spreadsheet_events, min_size=1, max_size=4))
def test_a_workbook_survives_writing_and_reading(written: list[dict[str, Any]]) -> None:
    with write_workbook(cast(list[EventFields], written)) as file:
        rows = read(file.read())[1:]
    for event, row in zip(written, rows, strict=True):
        cells = dict(zip(FIELD_NAMES, row, strict=False))
        assert str(cells.pop("date")) == event.pop("date")
        assert cells.pop("capacity") == event.pop("capacity")
        assert {name: restored(cells[name]) if cells[name] else "" for name in cells} == event  # type: ignore[arg-type]


def test_a_workbook_has_types_and_column_widths() -> None:
    events = [
        make_fields(title="#N/A"),
        make_fields(date="1899-12-31", capacity=10**15, status="TRUE", location="0012", organizer="=1+1"),
    ]
    with write_workbook(events) as file:
        sheet = openpyxl.load_workbook(file)["Events"]
        assert sheet.freeze_panes == "A2"
        assert [cell.font.b for cell in sheet[1]] == [True] * len(FIELD_NAMES)
        assert [cell.value for cell in sheet[1]] == list(FIELD_NAMES)
        first, second = (dict(zip(FIELD_NAMES, row, strict=True)) for row in sheet.iter_rows(min_row=2))
        assert (first["date"].value, first["date"].number_format) == (datetime(2026, 12, 1), "yyyy-mm-dd")  # noqa: DTZ001
        assert (first["title"].value, first["title"].data_type) == ("#N/A", "s")
        assert (first["capacity"].value, second["capacity"].value) == (250, 10**15)
        names = ("date", "location", "organizer", "status")
        assert [second[name].value for name in names] == ["1899-12-31", "0012", "'=1+1", "TRUE"]
        assert sheet.column_dimensions["C"].width == 48


@pytest.mark.parametrize("description", ["x" * 32_767, "🎪" * 16_383])
def test_the_longest_cell_fits(description: str) -> None:
    with write_workbook([make_fields(description=description)]) as file:
        assert cells_of(file.read())[2] == description


@pytest.mark.parametrize("description", ["x" * 32_768, "🎪" * 16_384, "\ufffe" * 5_000])
def test_the_error_names_an_event_that_does_not_fit_into_a_cell(description: str) -> None:
    event = make_fields(description=description)
    with pytest.raises(TooLongForExcelError) as refused:
        write_workbook([make_fields(), event])
    assert (refused.value.event, refused.value.field) == (event, "description")


def test_an_error_while_reading_events_ends_the_workbook() -> None:
    def source() -> Iterator[EventFields]:
        yield make_fields()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_workbook(source())
