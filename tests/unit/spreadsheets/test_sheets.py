"""Which sheet of a workbook is read, and which of its rows and columns are hidden."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest

from events.spreadsheets import read_spreadsheet
from events.spreadsheets.sheet import MAX_SHOWN, Row, Sheet, SpreadsheetError
from events.spreadsheets.workbook import MAX_BYTES_TO_FIND, MAX_SHEETS, MAX_TAGS_TO_FIND
from tests.support.workbooks import GOOD, HEADER, cells_of, repacked, sheet_of, strict, workbook, workbook_of

TABLE: list[list[Any]] = [["title", "date"], ["a", date(2027, 1, 1)]]
PLAN: list[list[Any]] = [["Was", "Wie", "Wo"], ["a", "b", "c"]]
# What Numbers puts before the tables.
SUMMARY: list[list[Any]] = [
    [],
    [],
    [None, "This document was exported from Numbers. Each table was converted to an Excel worksheet."],
    [],
    [None, "Numbers Sheet Name", "Numbers Table Name", "Excel Worksheet Name"],
    [None, "Sheet 1"],
    [None, None, None, "Sheet 1 - Table 1"],
]


@pytest.mark.parametrize(
    ("sheets", "name"),
    [
        ({"Export Summary": SUMMARY, "Sheet 1 - Table 1": TABLE}, "Sheet 1 - Table 1"),
        ({"Empty": [], "A": TABLE, "B": TABLE}, "A"),
        ({"A": TABLE, "B": [["title", "date", "status"], ["a", "b", "c"]]}, "B"),
        ({"A": [["title", "location", "status"], ["a", "b", "c"]], "B": TABLE}, "B"),
        ({"A": PLAN, "B": [["title", "Wie"], ["a", "b"]]}, "B"),
        ({"Note": [["Hello there"]], "A": PLAN, "B": PLAN}, "A"),
        ({"Form": [["title", "date", "status"]], "A": TABLE}, "A"),
        ({"Long": [["x"]] * 29 + TABLE[:1], "A": TABLE}, "A"),
    ],
)
def test_the_sheet_with_the_table_is_found(sheets: dict[str, list[list[Any]]], name: str) -> None:
    sheet = read_spreadsheet(workbook_of(sheets))
    assert (sheet.name, sheet.sheet_names) == (name, tuple(sheets))
    assert sheet.header == next(filter(None, sheets[name]))
    notice = f"The workbook has {len(sheets)} sheets; only “{name}” was read. You can choose another."
    assert sheet.notices == [notice]


def test_a_workbook_with_one_sheet_needs_no_notice() -> None:
    sheet = read_spreadsheet(GOOD)
    assert (sheet.name, sheet.sheet_names, sheet.notices) == ("Sheet", ("Sheet",), [])


def test_only_visible_sheets_with_cells_can_be_read() -> None:
    book = openpyxl.load_workbook(
        BytesIO(workbook_of({"Old": TABLE, "Older": TABLE, "Plan": PLAN}, Old="hidden", Older="veryHidden"))
    )
    book.create_chartsheet("Chart", 0)
    file = BytesIO()
    book.save(file)
    sheet = read_spreadsheet(file.getvalue())
    assert (sheet.name, sheet.sheet_names, sheet.header) == ("Plan", ("Plan",), PLAN[0])
    assert sheet.notices == []
    for name in ("Old", "Older", "Chart"):
        with pytest.raises(SpreadsheetError, match=f"There is no visible sheet “{name}”. The workbook has: “Plan”."):
            read_spreadsheet(file.getvalue(), name)


def test_a_workbook_without_a_visible_sheet_is_refused() -> None:
    content = ZipFile(BytesIO(GOOD)).read("xl/workbook.xml").replace(b'state="visible"', b'state="hidden"')
    with pytest.raises(SpreadsheetError, match="The workbook has no visible sheet with cells"):
        read_spreadsheet(repacked(GOOD, {"xl/workbook.xml": content}))


@pytest.mark.parametrize("wanted", ["Plan 2027", "plan 2027", " PLAN 2027  "])
def test_a_sheet_can_be_chosen(wanted: str) -> None:
    sheet = read_spreadsheet(workbook_of({"Events": TABLE, "Plan 2027": PLAN}), wanted)
    assert (sheet.name, sheet.header, sheet.notices) == ("Plan 2027", PLAN[0], [])
    assert sheet.sheet_names == ("Events", "Plan 2027")


def test_the_exact_name_of_a_sheet_is_preferred() -> None:
    content = ZipFile(BytesIO(workbook_of({"Plan": TABLE, "PlaN": PLAN}))).read("xl/workbook.xml")
    data = repacked(workbook_of({"Plan": TABLE, "PlaN": PLAN}), {"xl/workbook.xml": content.replace(b"PlaN1", b"plan")})
    assert read_spreadsheet(data, "plan").header == PLAN[0]
    assert read_spreadsheet(data, "PLAN").header == TABLE[0]


def test_an_unknown_sheet_is_refused_with_the_names_of_the_others() -> None:
    few = workbook_of({"Events": TABLE, "Plan": PLAN})
    with pytest.raises(SpreadsheetError, match=r"There is no visible sheet “x”. The workbook has: “Events”, “Plan”\."):
        read_spreadsheet(few, "x")
    many = workbook_of({f"Week {number}": TABLE for number in range(1, 54)})
    with pytest.raises(SpreadsheetError, match=r"“Week 9”, “Week 10” and 43 more\."):
        read_spreadsheet(many, "x" * 1_000_000)


def test_a_chosen_sheet_without_a_table_is_refused() -> None:
    data = workbook_of({"Events": TABLE, "Empty": [], "Note": [["Hello"]]})
    with pytest.raises(SpreadsheetError, match="The sheet “Empty” is empty"):
        read_spreadsheet(data, "Empty")
    with pytest.raises(SpreadsheetError, match=r"The sheet “Note” has no row with column names\. Please add one"):
        read_spreadsheet(data, "Note")


def named(name: str) -> bytes:
    """A workbook whose second sheet has this name, as XML."""
    data = workbook_of({"Plan": PLAN, "Other": TABLE})
    content = ZipFile(BytesIO(data)).read("xl/workbook.xml").decode()
    return repacked(data, {"xl/workbook.xml": content.replace('"Other"', f'"{name}"').encode()})


@pytest.mark.parametrize(
    ("xml", "name", "shown"),
    [
        ("&lt;b&gt;&quot;", '<b>"', '“<b>"”'),
        ("a\u202eb", "a\u202eb", "“a[U+202E]b”"),
        ("x" * 100_000, "x" * MAX_SHOWN, f"“{'x' * MAX_SHOWN}”"),
        ("  ", "  ", None),
    ],
)
def test_hostile_names_of_sheets_are_shortened_and_shown_safely(xml: str, name: str, shown: str | None) -> None:
    sheet = read_spreadsheet(named(xml))
    assert (sheet.name, sheet.sheet_names) == (name, ("Plan", name))
    assert shown is None or f"only {shown} was read" in sheet.notices[0]
    assert read_spreadsheet(named(xml), sheet.name).header == TABLE[0]


def test_a_sheet_may_have_many_others_beside_it() -> None:
    data = workbook_of({f"Week {number}": TABLE if number == MAX_SHEETS else [] for number in range(1, MAX_SHEETS + 6)})
    sheet = read_spreadsheet(data)
    assert (sheet.name, len(sheet.sheet_names)) == (f"Week {MAX_SHEETS}", MAX_SHEETS)
    assert sheet.notices == [
        "The workbook has 105 sheets; only “Week 100” was read. You can choose another.",
        "Only the first 100 sheets can be read.",
    ]


def test_a_part_that_several_sheets_name_is_read_once() -> None:
    content = ZipFile(BytesIO(GOOD)).read("xl/workbook.xml").decode()
    again = '<sheet name="Again" sheetId="2" r:id="rId1"/>'
    sheet = read_spreadsheet(
        repacked(GOOD, {"xl/workbook.xml": content.replace("</sheets>", f"{again}</sheets>").encode()})
    )
    assert sheet.sheet_names == ("Sheet",)


@pytest.mark.parametrize("before", ["<x/>" * MAX_TAGS_TO_FIND, f"<x>{'x' * MAX_BYTES_TO_FIND}</x>"])
def test_the_search_for_the_table_reads_only_the_start_of_each_sheet(before: str) -> None:
    data = workbook_of({"Large": TABLE, "Plan": PLAN})
    content = ZipFile(BytesIO(data)).read("xl/worksheets/sheet1.xml").decode()
    large = content.replace("<sheetData>", f"{before}<sheetData>").encode()
    data = repacked(data, {"xl/worksheets/sheet1.xml": large})
    assert read_spreadsheet(data).name == "Plan"
    assert read_spreadsheet(data, "Large").header == TABLE[0]


def test_a_wide_table_is_found() -> None:
    """Its first rows have more tags than are read of each sheet."""
    wide = [["title", "date", *map(str, range(250))], *[["a"] * 252] * 40]
    assert read_spreadsheet(workbook_of({"Plan": PLAN, "Wide": wide})).name == "Wide"


def hidden_sheet(rows: dict[int, str], columns: str = "", **options: Any) -> Sheet:
    xml = "".join(
        f'<row r="{number}" {attributes}><c t="str"><v>{number}</v></c><c t="str"><v>x</v></c></row>'
        for number, attributes in rows.items()
    )
    header = '<row r="1"><c t="str"><v>title</v></c><c t="str"><v>date</v></c></row>'
    return read_spreadsheet(sheet_of(f"{columns}<sheetData>{header}{xml}</sheetData>"), **options)


@pytest.mark.parametrize(
    "attributes",
    [
        'hidden="1"',
        'hidden="true"',
        'hidden="1" outlineLevel="1"',
        'ht="0" customHeight="1"',
        'spans="1:2" s="1" customFormat="1" hidden="1" ht="12.75"',
    ],
)
def test_hidden_rows_are_counted_and_can_be_left_out(attributes: str) -> None:
    rows = {2: "", 3: attributes, 5: attributes, 6: 'hidden="0" ht="20" collapsed="1"'}
    every = hidden_sheet(rows)
    assert every.hidden_rows == 2
    assert [(row.number, row.hidden) for row in every.rows] == [(2, False), (3, True), (5, True), (6, False)]
    visible = hidden_sheet(rows, include_hidden=False)
    assert (visible.hidden_rows, [row.number for row in visible.rows]) == (2, [2, 6])


def test_a_filter_of_excel_hides_rows() -> None:
    book = openpyxl.load_workbook(BytesIO(workbook(["title", "date"], ["shown", 1], ["filtered away", 2])))
    sheet = book.active
    assert sheet is not None
    sheet.auto_filter.ref = "A1:B3"
    sheet.auto_filter.add_filter_column(0, ["shown"])
    sheet.row_dimensions[3].hidden = True
    file = BytesIO()
    book.save(file)
    assert read_spreadsheet(file.getvalue()).hidden_rows == 1
    assert read_spreadsheet(file.getvalue(), include_hidden=False).rows == [Row(2, ["shown", 1])]


@pytest.mark.parametrize(
    ("columns", "notices"),
    [
        ('<col min="2" max="2" hidden="1"/>', ["Hidden columns were also read: “date”."]),
        ('<col min="1" max="16384" width="0"/>', ["Hidden columns were also read: “title”, “date”."]),
        ('<col min="1" max="2" width="8.5" hidden="0"/><col min="3" max="9" hidden="1"/>', []),
        ('<col min="0" max="-5" hidden="1"/>', []),
        ('<col hidden="1"/>', []),
    ],
)
def test_hidden_columns_are_read_with_a_notice(columns: str, notices: list[str]) -> None:
    sheet = hidden_sheet({2: ""}, f"<cols>{columns}</cols>")
    assert sheet.notices == notices
    assert [[*row.cells] for row in sheet.rows] == [["2", "x"]]


def test_strict_open_xml_is_read() -> None:
    data = strict(workbook_of({"Note": [["Hello"]], "Events": [["title", "date"], ["Straße", date(2027, 12, 31)]]}))
    assert b"purl.oclc.org" in ZipFile(BytesIO(data)).read("xl/worksheets/sheet1.xml")
    sheet = read_spreadsheet(data)
    assert sheet.name == "Events"
    assert sheet.rows == [Row(2, ["Straße", date(2027, 12, 31)])]


def test_dates_of_strict_open_xml_are_text() -> None:
    cells = '<c t="d" r="A2"><v>2027-12-31</v></c><c t="d" r="B2"><v>2027-12-31T00:00:00.000</v></c>'
    data = strict(sheet_of(f'<sheetData>{HEADER}<row r="2">{cells}</row></sheetData>'))
    assert cells_of(data) == [date(2027, 12, 31)]
    header = HEADER.replace("</row>", '<c r="B1" t="str"><v>date</v></c></row>')
    data = strict(sheet_of(f'<sheetData>{header}<row r="2">{cells}</row></sheetData>'))
    assert cells_of(data) == [date(2027, 12, 31), date(2027, 12, 31)]


def test_the_names_of_strict_open_xml_stay_unchanged_in_cells() -> None:
    text = "<x xmlns='http://purl.oclc.org/ooxml/spreadsheetml/main'>"
    assert read_spreadsheet(workbook(["title"], [text])).rows == [Row(2, [text])]
