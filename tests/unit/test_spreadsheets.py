"""Spreadsheet files: what is written is read as it was, and what others write is read as they meant it."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time
from io import BytesIO, StringIO
from typing import Any, cast
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import MAC_EPOCH
from openpyxl.xml.constants import SHARED_STRINGS

from events.domain import FIELD_NAMES, EventFields
from events.spreadsheets import read_spreadsheet
from events.spreadsheets.csv_file import write_csv
from events.spreadsheets.sheet import (
    MAX_FILE_BYTES,
    MAX_ROWS,
    Cell,
    Row,
    SpreadsheetError,
    TooLongForExcelError,
    Unreadable,
    harmless,
    restored,
)
from events.spreadsheets.workbook import MAX_ROW_NUMBER, write_workbook
from tests.builders import make_fields
from tests.strategies import event_ids, field_values

# What the two formats have trouble with.
troubling = st.text(st.sampled_from("_x00F5E4F\ufffe\uffff'=-+@\t\n;,\"\uff1d \u2028\ufeff🎪"), max_size=30)
prose = field_values["description"] | troubling
names = troubling.map(lambda text: re.sub(r"[\t\n]", "", text) + "!")
events = st.fixed_dictionaries(
    {
        "eventId": event_ids,
        **field_values,
        "title": field_values["title"] | names,
        "status": field_values["status"] | names,
        "description": prose,
    }
)

relaxed = hypothesis_settings(deadline=None)  # files take long on a busy machine


def read(data: bytes) -> list[list[Cell]]:
    sheet = read_spreadsheet(data)
    return [sheet.header, *([*row.cells] for row in sheet.rows)]  # type: ignore[list-item]


def workbook(*rows: list[Any], **settings: Any) -> bytes:
    """As openpyxl, which is not how this project writes, writes it."""
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


GOOD = workbook(["title", "date"], ["a", date(2026, 12, 1)])


def repacked(data: bytes, replace: dict[str, bytes | None]) -> bytes:
    """The workbook with parts replaced, added or (None) left out."""
    file = BytesIO()
    with ZipFile(BytesIO(data)) as old, ZipFile(file, "w", ZIP_DEFLATED) as new:
        parts = {name: old.read(name) for name in old.namelist()} | replace
        for name, content in parts.items():
            if content is not None:
                new.writestr(name, content)
    return file.getvalue()


def sheet_of(xml: str, strings: str | None = None) -> bytes:
    """A workbook whose sheet holds these rows."""
    namespace = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    parts: dict[str, bytes | None] = {"xl/worksheets/sheet1.xml": f"<worksheet {namespace}>{xml}</worksheet>".encode()}
    if strings is not None:
        parts["xl/sharedStrings.xml"] = f"<sst {namespace}>{strings}</sst>".encode()
        part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{SHARED_STRINGS}"/></Types>'.encode()
        types = ZipFile(BytesIO(GOOD)).read("[Content_Types].xml")
        parts["[Content_Types].xml"] = types.replace(b"</Types>", part)
    return repacked(GOOD, parts)


def cells_of(data: bytes) -> list[Cell]:
    """The first row below the header."""
    return [*read_spreadsheet(data).rows[0].cells]


HEADER = '<row r="1"><c r="A1" t="inlineStr"><is><t>title</t></is></c></row>'


@relaxed
@given(st.lists(events, min_size=1, max_size=4))
def test_csv_is_read_as_it_was_written(written: list[dict[str, Any]]) -> None:
    data = b"".join(write_csv(cast(list[EventFields], written)))
    assert [{**event, "capacity": str(event["capacity"])} for event in written] == [
        {name: restored(str(cell)) for name, cell in zip(FIELD_NAMES, row, strict=True)} for row in read(data)[1:]
    ]


@relaxed
@given(st.lists(events, min_size=1, max_size=4))
def test_a_workbook_is_read_as_it_was_written(written: list[dict[str, Any]]) -> None:
    with write_workbook(cast(list[EventFields], written)) as file:
        rows = read(file.read())[1:]
    for event, row in zip(written, rows, strict=True):
        cells = dict(zip(FIELD_NAMES, row, strict=False))
        assert str(cells.pop("date")) == event.pop("date")
        assert cells.pop("capacity") == event.pop("capacity")
        assert {name: restored(cells[name]) if cells[name] else "" for name in cells} == event  # type: ignore[arg-type]


@relaxed
@given(prose)
def test_formulas_are_made_harmless_and_restored(text: str) -> None:
    assert restored(harmless(text)) == text
    assert not re.match("[=+@\uff1d\uff0b\uff0d\uff20\t\r\n-]", harmless(text))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("'=1+1", "''=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-5°", "'-5°"),
        ("\uff1d1", "'\uff1d1"),
        ("'quoted'", "'quoted'"),
        ("'", "'"),
        ("5-1", "5-1"),
    ],
)
def test_what_could_be_a_formula_gets_an_apostrophe(text: str, written: str) -> None:
    assert harmless(text) == written


def test_csv_is_what_excel_and_the_rfc_want() -> None:
    events = [make_fields(title='Say "hi", all', description="One\nTwo", organizer="=cmd")]
    assert b"".join(write_csv(events)).decode() == (
        "\ufeffeventId,title,description,date,location,capacity,organizer,status\r\n"
        'launch,"Say ""hi"", all","One\nTwo",2026-12-01,Main hall,250,\'=cmd,active\r\n'
    )


def test_csv_is_written_while_the_events_are_read() -> None:
    taken: list[int] = []

    def source() -> Iterator[EventFields]:
        for number in range(3):
            taken.append(number)
            yield make_fields(eventId=str(number))

    lines = write_csv(source())
    next(lines)
    assert taken == []
    next(lines)
    assert taken == [0]


def test_a_workbook_is_one_to_work_with() -> None:
    events = [
        make_fields(title="#N/A"),
        make_fields(date="1899-12-31", capacity=10**15, status="TRUE", location="0012", organizer="=1+1"),
    ]
    with write_workbook(events) as file:
        sheet = openpyxl.load_workbook(file)["Events"]
        assert sheet.freeze_panes == "A2"
        assert [cell.font.b for cell in sheet[1]] == [True] * 8
        assert [cell.value for cell in sheet[1]] == list(FIELD_NAMES)
        assert (sheet["D2"].value, sheet["D2"].number_format) == (datetime(2026, 12, 1), "yyyy-mm-dd")  # noqa: DTZ001
        assert (sheet["B2"].value, sheet["B2"].data_type) == ("#N/A", "s")
        assert (sheet["F2"].value, sheet["F3"].value) == (250, 10**15)
        assert [sheet[f"{column}3"].value for column in "DEGH"] == ["1899-12-31", "0012", "'=1+1", "TRUE"]
        assert sheet.column_dimensions["C"].width == 48


@pytest.mark.parametrize("description", ["x" * 32_767, "🎪" * 16_383])
def test_the_longest_cell_fits(description: str) -> None:
    with write_workbook([make_fields(description=description)]) as file:
        assert cells_of(file.read())[2] == description


@pytest.mark.parametrize("description", ["x" * 32_768, "🎪" * 16_384, "\ufffe" * 5_000])
def test_what_does_not_fit_into_a_cell_is_refused_by_name(description: str) -> None:
    event = make_fields(description=description)
    with pytest.raises(TooLongForExcelError) as refused:
        write_workbook([make_fields(), event])
    assert (refused.value.event, refused.value.field) == (event, "description")


def test_what_breaks_off_the_events_breaks_off_the_workbook() -> None:
    def source() -> Iterator[EventFields]:
        yield make_fields()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_workbook(source())


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv_of_all_kinds_is_read(line_end: str, delimiter: str, encoding: str) -> None:
    lines = [["title", "Event ID", "note, or such"], ["Tag der offenen Tür", "=1", ""], ["", "", ""], ["a;b,c\td", "2"]]
    file = StringIO(newline="")
    csv.writer(file, delimiter=delimiter, lineterminator=line_end).writerows(lines)
    sheet = read_spreadsheet(file.getvalue().encode(encoding))
    assert sheet.header == lines[0]
    assert sheet.rows == [Row(2, lines[1]), Row(4, lines[3])]
    assert sheet.notices == []


def test_windows_1252_is_read_with_a_notice() -> None:
    sheet = read_spreadsheet("title;location\r\nTür „Süd“;Café\r\n".encode("cp1252"))
    assert sheet.rows == [Row(2, ["Tür „Süd“", "Café"])]
    assert sheet.notices == [
        "The file is not in UTF-8, so it was read as Windows-1252; please check letters such as é and ß."
    ]


def test_blank_lines_are_skipped_but_counted() -> None:
    sheet = read_spreadsheet(b'\n ,\ntitle,date\n\n"a\nb",2026-01-01\n,\n\t,  \nc,d\n\n\n')
    assert [(row.number, row.cells[0]) for row in sheet.rows] == [(5, "a\nb"), (8, "c")]


def test_a_line_that_tells_excel_the_delimiter_is_taken_at_its_word() -> None:
    sheet = read_spreadsheet(b"sep=|\r\ntitle|date\r\na,b;c|2026-01-01\r\n")
    assert sheet.rows == [Row(2, ["a,b;c", "2026-01-01"])]


OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The file is empty."),
        (b"\xef\xbb\xbf\r\n, ,\r\n", "The file is empty."),
        (b"title,date\n\n,\n", "There is nothing below the names of the columns."),
        (b"Hello there.\nHow are you?\n", "its first row must name the columns"),
        (b"\x89PNG\r\n\x1a\n\0\0", "This is no spreadsheet that can be read here"),
        (b"\xff\xfea", "This is no spreadsheet that can be read here"),
        (b"title\n\x81\n", "This is no spreadsheet that can be read here"),
        (b'title,date\na,b\n"c,d\ne,f\n', "The file cannot be read on from row 3: is a quotation mark missing"),
        (b'title\n"' + b"a" * 140_000 + b'"\n', "The file cannot be read on from row 2"),
        (b"title\n" + b"a\n" * (MAX_ROWS + 1), "There are more than 5,000 rows"),
        (b"title\n" + b"a" * MAX_FILE_BYTES, "The file is larger than 4 MiB"),
        (OLD_EXCEL, "This is an old Excel file (.xls); please save it as .xlsx or CSV."),
        (OLD_EXCEL + "EncryptedPackage".encode("utf-16-le"), "The workbook is protected by a password"),
        (b"PK\x03\x04 and no more", "The file cannot be read as an Excel workbook"),
    ],
)
def test_what_is_no_table_of_events_is_refused_in_a_sentence(data: bytes, message: str) -> None:
    with pytest.raises(SpreadsheetError, match=re.escape(message)):
        read_spreadsheet(data)


def test_excel_cells_are_read_for_what_they_are() -> None:
    moment = datetime(2026, 12, 1, 19, 30)  # noqa: DTZ001  # Excel knows no zones
    row: list[Any] = ["a", 7, 2.5, True, None, date(2026, 12, 1), moment, time(8), "x\r\ny"]
    assert cells_of(workbook(["title", *"abcdefgh"], row)) == [
        "a",
        7,
        2.5,
        True,
        None,
        date(2026, 12, 1),
        Unreadable("has a time of day (19:30); only a day can be taken"),
        Unreadable("is a time of day, or a span of time"),
        "x\ny",
    ]


def test_dates_of_the_old_mac_excel_are_read_too() -> None:
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
                Unreadable("is a formula without a result; open the file in Excel and save it"),
                Unreadable("is an error in the spreadsheet (#DIV/0!)"),
                None,
            ],
        )
    ]


def test_excels_escapes_are_read_as_excel_means_them() -> None:
    strings = (
        "<si><t>title</t></si><si><t>_x005F_x0041_ x005F_ _x0041__xD83D_</t></si>"
        "<si><r><t>a</t></r><r><t>b_x000D_\n</t></r></si>"
    )
    rows = '<row><c t="s"><v>0</v></c><c/></row><row><c t="s"><v>1</v></c><c t="s"><v>2</v></c></row>'
    assert cells_of(sheet_of(f"<sheetData>{rows}</sheetData>", strings)) == ["_x0041_ x005F_ A_xD83D_", "ab\r\n"]


def test_only_the_first_sheet_that_can_be_seen_is_read() -> None:
    book = openpyxl.Workbook()
    hidden = book.active
    assert hidden is not None
    hidden.sheet_state = "hidden"
    book.create_chartsheet("Chart")
    for name in ("Plan", "Old"):
        sheet = book.create_sheet(name)
        sheet.append(["title"])
        sheet.append([name])
    file = BytesIO()
    book.save(file)
    read = read_spreadsheet(file.getvalue())
    assert read.rows == [Row(2, ["Plan"])]
    assert read.notices == ["The workbook has 2 sheets; only the first, “Plan”, was read."]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (workbook(), "The file is empty."),
        (workbook(["title"]), "There is nothing below the names of the columns."),
        (workbook(["name", date(2026, 1, 1)], ["x"]), "its first row must name the columns"),
        (repacked(workbook(["x"]), {"xl/workbook.bin": b""}), "This is a binary workbook (.xlsb)"),
        (repacked(workbook(["x"]), {"mimetype": b""}), "This is an OpenDocument file"),
        (repacked(workbook(["x"]), {"[Content_Types].xml": None}), "This is a ZIP archive, but no Excel workbook"),
        (repacked(workbook(["x"]), {"xl/workbook.xml": b"<workbook"}), "The file cannot be read as an Excel workbook"),
        (sheet_of('<sheetData><row><c r="A1" t="s"><v>99</v></c></row></sheetData>'), "cannot be read as an Excel"),
        (repacked(workbook(["x"]), {"bomb": bytes(101 * 2**20)}), "unpacks to more than can be read"),
        (sheet_of("<sheetData><row>" + "<c/>" * 16_385 + "</row></sheetData>"), "unpacks to more than can be read"),
        (sheet_of("<sheetData><row>" + "<c/>" * 1_000_001 + "</row></sheetData>"), "unpacks to more than can be read"),
        (
            repacked(workbook(["x"]), {"xl/styles.xml": b"<a>" + b"<b/>" * 1_000_001 + b"</a>"}),
            "unpacks to more than can be read",
        ),
        (sheet_of("<sheetData>" + HEADER + "<row/>" * (MAX_ROWS + 1) + "</sheetData>"), "There is nothing below"),
    ],
)
def test_workbooks_that_hold_no_table_are_refused_in_a_sentence(data: bytes, message: str) -> None:
    with pytest.raises(SpreadsheetError, match=re.escape(message)):
        read_spreadsheet(data)


def test_entities_are_not_expanded() -> None:
    xml = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb">]><worksheet>&b;</worksheet>'
    with pytest.raises(SpreadsheetError, match="cannot be read as an Excel workbook"):
        read_spreadsheet(repacked(workbook(["x"]), {"xl/worksheets/sheet1.xml": xml}))


def test_a_sheet_that_says_it_is_huge_is_read_for_what_it_holds() -> None:
    xml = (
        f'<dimension ref="A1:XFD1048576"/><sheetData>{HEADER}'
        '<row r="9"><c r="A9" t="inlineStr"><is><t>a</t></is></c><c r="XFD9"><v>1</v></c></row>'
        '<row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData>'
    )
    sheet = read_spreadsheet(sheet_of(xml))
    assert sheet.rows == [Row(9, ["a"])]
    assert sheet.notices == [f"What is below row {MAX_ROW_NUMBER:,} was not read."]


def test_a_directory_that_lies_about_sizes_gains_nothing() -> None:
    data = bytearray(repacked(workbook(["title"], ["a"]), {"xl/styles.xml": bytes(3_000_000)}))
    # The uncompressed size, in the part's own header and in the directory.
    assert data.count((3_000_000).to_bytes(4, "little")) == 2
    data = data.replace((3_000_000).to_bytes(4, "little"), (3_000).to_bytes(4, "little"))
    with pytest.raises(SpreadsheetError, match="cannot be read as an Excel workbook"):
        read_spreadsheet(bytes(data))


@relaxed
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=20))
def test_broken_workbooks_are_no_surprise(changes: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD)
    for position, byte in changes:
        data[position] = byte
    with suppress(SpreadsheetError):
        read_spreadsheet(bytes(data))


@relaxed
@given(st.binary(max_size=200) | st.builds(lambda text: text.encode("utf-8", "surrogatepass"), st.text()))
def test_no_file_is_a_surprise(data: bytes) -> None:
    with suppress(SpreadsheetError):
        read_spreadsheet(data)


def test_what_is_slow_to_load_is_not_loaded_at_the_start() -> None:
    code = "import sys, eventsite.wsgi, eventsite.urls; print({'openpyxl', 'icalendar'} & sys.modules.keys())"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, cwd=settings.BASE_DIR
    )
    assert told.stdout == "set()\n"
