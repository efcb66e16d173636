"""OpenDocument spreadsheets (.ods): their kinds of cells, repetitions and sheets; refused if invalid or too large."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from events.spreadsheets import read_spreadsheet
from events.spreadsheets.open_xml import MAX_BYTES_WITHOUT_A_TAG, MAX_TAGS, MAX_UNPACKED_BYTES
from events.spreadsheets.sheet import (
    MAX_COLUMNS,
    MAX_ROW_NUMBER,
    MAX_ROWS,
    MAX_SHOWN,
    Cell,
    Row,
    SpreadsheetError,
    Unreadable,
)
from events.spreadsheets.workbook import MAX_SHEETS
from tests.support.open_documents import HEADER, archive_of, content_of, document_of, table_of

TABLE = f"{HEADER}<row><cell><p>a</p></cell><cell><p>b</p></cell></row>"
PLAN = "<row><cell><p>Was</p></cell><cell><p>Wie</p></cell></row><row><cell><p>a</p></cell><cell><p>b</p></cell></row>"
END = (
    '<row table:number-rows-repeated="1048573"><cell table:number-columns-repeated="16384"/></row>'
    '<row><cell table:number-columns-repeated="16384"/></row>'
)
A_TIME = Unreadable("is a time or a duration; please correct the cell")
TOO_LARGE = "contains too much data"
UNREADABLE = "The file cannot be read as a workbook"


def rows_of(xml: str) -> list[Row]:
    return read_spreadsheet(table_of(xml)).rows


def cell_of(cell: str) -> Cell:
    [row] = rows_of(f"<row>{cell}<cell><p>end</p></cell></row>")
    return row.cells[0]


def moment(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001  # spreadsheets have no time zones


@pytest.mark.parametrize(
    ("attributes", "value"),
    [
        ('value-type="float" office:value="1000"', 1000),
        ('value-type="float" office:value="1000.0"', 1000),
        ('value-type="float" office:value="-2.5E-1"', -0.25),
        ('value-type="float" office:value="1E+020"', 10**20),
        ('value-type="percentage" office:value="0.25"', 0.25),
        ('value-type="currency" office:currency="EUR" office:value="12.5"', 12.5),
        ('value-type="float" office:value="NaN"', "NaN"),
        ('value-type="float" office:value="INF"', "INF"),
        ('value-type="float" office:value="1,5"', "1,5"),
        ('value-type="float"', None),
        ('value-type="boolean" office:boolean-value="true"', True),
        ('value-type="boolean" office:boolean-value="false"', False),
        ('value-type="date" office:date-value="2027-12-31"', date(2027, 12, 31)),
        ('value-type="date" office:date-value="2027-12-31T00:00:00"', date(2027, 12, 31)),
        ('value-type="date" office:date-value="2027-12-31T19:30:00"', moment(2027, 12, 31, 19, 30)),
        (
            'value-type="date" office:date-value="2027-12-31T19:30:00.123456789"',
            moment(2027, 12, 31, 19, 30, 0, 123456),
        ),
        ('value-type="date" office:date-value="2027-12-31T23:30:00Z"', moment(2027, 12, 31, 23, 30)),
        ('value-type="date" office:date-value="1582-10-04"', date(1582, 10, 4)),
        ('value-type="date" office:date-value="-0044-03-15"', "-0044-03-15"),
        ('value-type="date" office:date-value="2027-02-30"', "2027-02-30"),
        ('value-type="date"', None),
        ('value-type="time" office:time-value="PT19H30M00S"', A_TIME),
        ('value-type="string"', "shown"),
        ('value-type="string" office:string-value="a&#10;b"', "a\nb"),
        ('value-type="string" office:string-value=""', None),
        ('value-type="void"', "shown"),
    ],
)
def test_cells_have_the_value_of_their_kind(attributes: str, value: Cell) -> None:
    found = cell_of(f"<cell office:{attributes}><p>shown</p></cell>")
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", None),
        ("<p/>", None),
        ("<p>a</p><p/><p>b</p>", "a\n\nb"),
        ('<p><text:s/>a<text:s text:c="3"/>b <text:s/>c </p>', " a   b  c "),
        ("<p>  a  b </p>", "  a  b "),  # as LibreOffice writes it in a text of several lines
        ("<p>a<text:tab/>b<text:line-break/>c</p>", "a\tb\nc"),
        ('<p>a <text:span>b<text:a xmlns:x="x" x:href="c">d</text:a></text:span> e</p>', "a bd e"),
        ("<p>a<text:ruby><text:ruby-base>b</text:ruby-base><text:ruby-text>c</text:ruby-text></text:ruby>d</p>", "abd"),
        ("<office:annotation><p>not this</p></office:annotation><p>a</p>", "a"),
        ("<p>a<office:annotation><p>not this</p></office:annotation>b<!-- nor this --></p>", "ab"),
        ("<table:table><row><cell><p>not this</p></cell></row></table:table><p>a</p>", "a"),
        ("<p>&lt;b&gt; &amp; &#128512;</p>", "<b> & 😀"),
    ],
)
def test_paragraphs_are_the_text_of_a_cell(content: str, text: Cell) -> None:
    assert cell_of(f'<cell office:value-type="string">{content}</cell>') == text


@pytest.mark.parametrize(
    ("attributes", "paragraph", "value"),
    [
        ('office:value-type="float" office:value="2"', "<p>2.00</p>", 2),
        ('office:value-type="string" office:string-value="ab"', "<p>ab</p>", "ab"),
        ('office:value-type="string"', "<p>ab</p>", "ab"),
        ("", "<p/>", None),  # LibreOffice's empty text
        ("", "", Unreadable("is a formula without a result; open the file in Excel or LibreOffice and save it")),
        (
            'office:value-type="string" office:string-value="" calcext:value-type="error"',
            "<p>#DIV/0!</p>",
            Unreadable("contains a spreadsheet error (#DIV/0!); please fix the formula"),
        ),
        (
            'office:value-type="float" office:value="0" calcext:value-type="error"',
            "<p>Err:502</p>",
            Unreadable("contains a spreadsheet error (Err:502); please fix the formula"),
        ),
        (
            'office:value-type="string"',
            "<p>#REF!</p>",
            Unreadable("contains a spreadsheet error (#REF!); please fix the formula"),
        ),
    ],
)
def test_formulas_are_read_as_their_results(attributes: str, paragraph: str, value: Cell) -> None:
    assert cell_of(f'<cell table:formula="of:=x" {attributes}>{paragraph}</cell>') == value


def test_a_text_that_looks_like_an_error_is_text() -> None:
    assert cell_of("<cell><p>#N/A</p></cell>") == "#N/A"


def test_repeated_cells_and_rows_are_read() -> None:
    x = "<cell table:number-columns-repeated='2'><p>x</p></cell>"
    header = (
        f"<row><cell><p>title</p></cell><cell><p>date</p></cell>{x}{x}<cell table:number-columns-repeated='9'/></row>"
    )
    rows = (
        f"<row table:number-rows-repeated='2'>{x}<cell table:number-columns-repeated='2'/>{x}"
        "<cell table:number-columns-repeated='16378'/></row>"
        "<row table:number-rows-repeated='3'><cell table:number-columns-repeated='16384'/></row>"
        f"<row><table:covered-table-cell table:number-columns-repeated='3'/>{x}</row>{END}"
    )
    assert read_spreadsheet(document_of({"Sheet1": header + rows})).rows == [
        Row(2, ["x", "x", None, None, "x", "x"]),
        Row(3, ["x", "x", None, None, "x", "x"]),
        Row(7, [None, None, None, "x", "x"]),
    ]


@pytest.mark.parametrize("count", ["0", "-5"])
def test_a_cell_or_row_is_there_at_least_once(count: str) -> None:
    cell = f'<cell table:number-columns-repeated="{count}"><p>x<text:s text:c="{count}"/></p></cell>'
    assert rows_of(f'<row table:number-rows-repeated="{count}">{cell}</row>') == [Row(2, ["x "])]


def test_rows_in_groups_are_read() -> None:
    row = "<row><cell><p>x</p></cell></row>"
    wrapped = (
        f"<table:table-header-rows>{HEADER}</table:table-header-rows><table:table-rows>{row}</table:table-rows>"
        f"<table:table-row-group><table:table-row-group>{row}</table:table-row-group></table:table-row-group>{row}"
    )
    assert [row.number for row in read_spreadsheet(document_of({"Sheet1": wrapped})).rows] == [2, 3, 4]


@pytest.mark.parametrize("visibility", ["collapse", "filter"])
def test_hidden_rows_are_counted_and_can_be_left_out(visibility: str) -> None:
    data = table_of(
        f'<row table:visibility="{visibility}" table:number-rows-repeated="2"><cell><p>x</p></cell></row>'
        '<row table:visibility="visible"><cell><p>y</p></cell></row>'
    )
    sheet = read_spreadsheet(data)
    assert (sheet.hidden_rows, [row.hidden for row in sheet.rows]) == (2, [True, True, False])
    assert read_spreadsheet(data, include_hidden=False).rows == [Row(4, ["y"])]


@pytest.mark.parametrize(
    ("columns", "notices"),
    [
        ('<column/><column table:visibility="collapse"/>', ["Hidden columns were also read: “date”."]),
        ('<column table:visibility="filter" table:number-columns-repeated="16384"/>', 2),
        ('<column table:number-columns-repeated="2"/><column table:visibility="collapse"/>', []),
        ('<table:table-column-group><column table:visibility="collapse"/></table:table-column-group><column/>', 1),
    ],
)
def test_hidden_columns_are_read_with_a_notice(columns: str, notices: Any) -> None:
    if isinstance(notices, int):
        notices = [f"Hidden columns were also read: {', '.join(['“title”', '“date”'][:notices])}."]
    sheet = read_spreadsheet(document_of({"Sheet1": columns + TABLE}))
    assert (sheet.notices, sheet.rows) == (notices, [Row(2, ["a", "b"])])


def test_the_sheet_with_the_table_is_found_or_chosen() -> None:
    data = document_of({"Plan": PLAN, "Events 2027": TABLE, "Empty": END})
    sheet = read_spreadsheet(data)
    assert (sheet.name, sheet.sheet_names) == ("Events 2027", ("Plan", "Events 2027", "Empty"))
    assert sheet.notices == ["The workbook has 3 sheets; only “Events 2027” was read. You can choose another."]
    assert read_spreadsheet(data, "plan").header == ["Was", "Wie"]
    with pytest.raises(SpreadsheetError, match="The sheet “Empty” is empty"):
        read_spreadsheet(data, "Empty")
    with pytest.raises(SpreadsheetError, match="There is no visible sheet “x”"):
        read_spreadsheet(data, "x")


def styled(display: str) -> bytes:
    style = f'<style:style style:name="ta1"><style:table-properties table:display="{display}"/></style:style>'
    return document_of({"Sheet1": TABLE}, style, 'table:style-name="ta1"')


def test_hidden_sheets_cannot_be_read() -> None:
    assert read_spreadsheet(styled("true")).rows == [Row(2, ["a", "b"])]
    with pytest.raises(SpreadsheetError, match="The workbook has no visible sheet with cells"):
        read_spreadsheet(styled("false"))


def test_tables_that_are_not_sheets_are_not_read() -> None:
    sheet = '<table:table table:name="{}">' + TABLE + "</table:table>"
    link = f"<table:dde-link>{sheet.format('Linked')}</table:dde-link>"
    deleted = "<table:tracked-changes><row><cell><p>x</p></cell></row></table:tracked-changes>"
    data = archive_of({"content.xml": content_of(deleted + sheet.format("Sheet1") + link)})
    assert read_spreadsheet(data).sheet_names == ("Sheet1",)
    assert read_spreadsheet(data).rows == [Row(2, ["a", "b"])]


def test_many_sheets_and_long_names_are_shortened() -> None:
    sheet = read_spreadsheet(document_of({"x" * 100_000: TABLE} | {str(number): "" for number in range(MAX_SHEETS)}))
    assert (sheet.name, len(sheet.sheet_names)) == ("x" * MAX_SHOWN, MAX_SHEETS)
    assert sheet.notices[1:] == ["Only the first 100 sheets can be read."]


@pytest.mark.parametrize("mimetype", ["{}\n", "{}-template", None])
def test_templates_and_repacked_files_are_read(mimetype: str | None) -> None:
    kind = mimetype and mimetype.format("application/vnd.oasis.opendocument.spreadsheet")
    content = content_of(f'<table:table table:name="Sheet1">{TABLE}</table:table>')
    assert read_spreadsheet(archive_of({"mimetype": kind, "content.xml": content})).rows == [Row(2, ["a", "b"])]


ENCRYPTED = '<manifest:file-entry manifest:full-path="{}"><manifest:encryption-data/></manifest:file-entry>'
DEEP = "<text:span>" * 100_000 + "</text:span>" * 100_000
MANY_SPACES = '<text:s text:c="999999"/>'
ENTITY = f'<!DOCTYPE a [<!ENTITY b "{"b" * 100}">]>'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (archive_of({"META-INF/manifest.xml": ENCRYPTED.format("content.xml"), "content.xml": b"?"}), "by a password"),
        (archive_of({"META-INF/manifest.xml": ENCRYPTED.format("encrypted-package")}), "by a password"),
        (
            archive_of({"mimetype": "application/vnd.oasis.opendocument.text"}),
            "This is a document of another kind, not",
        ),
        (archive_of({"mimetype": "application/epub+zip"}), "please import a table as .xlsx, .ods or CSV."),
        (archive_of({}), UNREADABLE),
        (archive_of({"content.xml": b"<a"}), UNREADABLE),
        (archive_of({"content.xml": ENTITY + content_of("<a>&b;</a>")}), UNREADABLE),
        (archive_of({"content.xml": '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'}), "has no visible sheet"),
        (archive_of({"content.xml": f"<table:table {content_of('').split()[1]}/>"}), UNREADABLE),
        (table_of(f"<row><cell><p>{DEEP}</p></cell></row>"), UNREADABLE),
        (table_of('<row table:number-rows-repeated="x"/>'), UNREADABLE),
        (table_of(f'<row table:number-rows-repeated="{"9" * 5_000}"/>'), UNREADABLE),
        (table_of(""), "The file has no rows below the column names."),
        (document_of({"Sheet1": END}), "The file is empty."),
        (archive_of({"content.xml": content_of(""), "bomb": bytes(MAX_UNPACKED_BYTES)}), TOO_LARGE),
        (table_of("<cell/>" * MAX_TAGS), TOO_LARGE),
        (table_of(f"<row><cell><p>{'x' * (MAX_BYTES_WITHOUT_A_TAG + 20_000)}</p></cell></row>"), TOO_LARGE),
        (table_of(f'<row><cell><p><text:s text:c="{MAX_UNPACKED_BYTES}"/></p></cell></row>'), TOO_LARGE),
        (table_of(f"<row><cell><p>{MANY_SPACES * 40}</p></cell></row>"), TOO_LARGE),
        (
            table_of(f'<row><cell table:number-columns-repeated="{MAX_COLUMNS}"><p>{"x" * 200_000}</p></cell></row>'),
            TOO_LARGE,
        ),
        (table_of(f'<row table:number-rows-repeated="9999"><cell><p>{"x" * 4_000}</p></cell></row>'), TOO_LARGE),
        (
            table_of(f'<row><cell table:number-columns-repeated="{MAX_COLUMNS}"><p>x</p></cell></row>' * 15_000),
            TOO_LARGE,
        ),
        (table_of('<row table:number-rows-repeated="5001"><cell><p>x</p></cell></row>'), "more than 5,000 rows"),
    ],
)
def test_invalid_files_are_refused_with_a_sentence(data: bytes, message: str) -> None:
    started = process_time()
    with pytest.raises(SpreadsheetError) as refused:
        read_spreadsheet(data)
    assert message in str(refused.value)
    assert process_time() - started < 5


def test_a_document_in_one_xml_file_is_refused_by_its_name() -> None:
    xml = f'<?xml version="1.0" encoding="UTF-8"?>\n<office:document {" " * 100}/>'
    for text in (xml, "\n<office:document/>"):
        with pytest.raises(SpreadsheetError, match=r"This is a flat OpenDocument file \(\.fods\); please save it as"):
            read_spreadsheet(text.encode())


def test_the_limit_of_rows_is_exact() -> None:
    row = '<row table:number-rows-repeated="{}"><cell><p>x</p></cell></row>'
    assert len(rows_of(row.format(MAX_ROWS) + END)) == MAX_ROWS
    sheet = read_spreadsheet(
        table_of(f'<row/><row table:number-rows-repeated="{MAX_ROW_NUMBER - 4}"/>{row.format(9)}{row.format(10**9)}')
    )
    assert [row.number for row in sheet.rows] == [MAX_ROW_NUMBER - 1, MAX_ROW_NUMBER]
    assert sheet.notices == [f"Rows below row {MAX_ROW_NUMBER:,} were not read."]


def test_columns_beyond_the_limit_are_not_read() -> None:
    header = f'<row><cell><p>title</p></cell><cell table:number-columns-repeated="{10**6}"><p>x</p></cell></row>'
    data = document_of({"Sheet1": f"{header}<row><cell><p>a</p></cell></row>"})
    assert len(read_spreadsheet(data).header) == MAX_COLUMNS


def test_5000_rows_are_read_quickly() -> None:
    row = "<row>" + "<cell><p>Some text</p></cell>" * 8 + "</row>"
    data = table_of(row * MAX_ROWS + END)
    started = process_time()
    assert len(read_spreadsheet(data).rows) == MAX_ROWS
    assert process_time() - started < 5


GOOD = document_of({"Plan": PLAN, "Events": TABLE + END})


@hypothesis_settings(deadline=None)  # slow on a busy machine
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=20))
def test_damaged_files_are_read_or_refused(changes: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD)
    for position, byte in changes:
        data[position] = byte
    with suppress(SpreadsheetError):
        read_spreadsheet(bytes(data))
