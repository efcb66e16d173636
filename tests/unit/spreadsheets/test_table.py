"""The table is found on a sheet, with lines above it, and with hidden rows."""

from __future__ import annotations

import re
from typing import Any

import pytest

from events.spreadsheets import read_spreadsheet
from events.spreadsheets.sheet import MAX_COLUMNS, MAX_ROWS, Cell, Row, SpreadsheetError, Unreadable
from events.spreadsheets.table import ROWS_SEARCHED, make_sheet


def table(*rows: list[Cell], hidden: tuple[int, ...] = (), include_hidden: bool = True) -> Any:
    numbered = [Row(number, cells, number in hidden) for number, cells in enumerate(rows, 1)]
    return make_sheet(numbered, [], include_hidden=include_hidden)


@pytest.mark.parametrize(
    ("above", "notice"),
    [
        ([], []),
        ([["Events of 2027"]], ["1 line above the table was left out."]),
        ([["Events of 2027"], [], ["", "made on", "2026-11-26"]], ["2 lines above the table were left out."]),
        ([["Title", "Spring programme"]], ["1 line above the table was left out."]),
        ([["Date", "2026-11-26"], ["Status", "draft"]], ["2 lines above the table were left out."]),
        ([[Unreadable("contains an error")]], ["1 line above the table was left out."]),
    ],
)
@pytest.mark.parametrize("header", [["title", "date", "Foo", "Bar", "x"], ["Was", "Wie", "Foo", "Bar", "x"]])
def test_lines_above_the_table_are_left_out(above: list[list[Cell]], notice: list[str], header: list[Cell]) -> None:
    found = table(*above, header, ["a", "2027-01-01", "b", None, "c"])
    assert found.header == header
    assert [row.number for row in found.rows] == [len(above) + 2]
    assert found.notices == notice


def test_a_row_that_names_fields_by_chance_is_not_the_header() -> None:
    """The first row that names a title and a date is the header, even if a later row has more such words."""
    found = table(["title", "date", "Wo"], ["title", "date", "status"], ["a", "b", "c"])
    assert (found.header, len(found.rows)) == (["title", "date", "Wo"], 2)
    found = table(["Was", "Wie", "Wo"], ["a", "title", "b"], ["a", "b", "c"])
    assert (found.header, len(found.rows)) == (["Was", "Wie", "Wo"], 2)


def test_a_header_may_have_numbers_and_names_that_are_unknown() -> None:
    assert table(["title", 2026, 2027], ["a", "b", "c"]).header == ["title", "2026", "2027"]
    assert table([None, "Was", Unreadable("x"), 2027.5, "Wie "], ["a"] * 5).header == ["", "Was", "", "2027.5", "Wie"]


def test_the_header_is_searched_in_the_first_rows_only() -> None:
    lines: list[list[Cell]] = [["x"]] * (ROWS_SEARCHED - 1)
    assert table(*lines, ["title", "date"], ["a", "b"]).rows == [Row(ROWS_SEARCHED + 1, ["a", "b"])]
    with pytest.raises(SpreadsheetError, match=r"has no row with column names\. Please add one"):
        table(["x"], *lines, ["title", "date"], ["a", "b"])


def test_names_to_the_right_of_the_last_column_are_unknown() -> None:
    cells: list[Cell] = ["x"] * MAX_COLUMNS
    assert table(["title", "date"], [*cells, "title", "date", "status"]).header == ["title", "date"]


def test_hidden_rows_are_counted_and_can_be_left_out() -> None:
    rows: list[list[Cell]] = [["Plan"], ["title", "date"], ["a", "1"], ["b", "2"], [], ["c", "3"]]
    every = table(*rows, hidden=(1, 4, 5, 6))
    assert every.hidden_rows == 2
    assert [(row.number, row.hidden) for row in every.rows] == [(3, False), (4, True), (6, True)]
    visible = table(*rows, hidden=(1, 4, 5, 6), include_hidden=False)
    assert visible.hidden_rows == 2
    assert [row.number for row in visible.rows] == [3]
    with pytest.raises(SpreadsheetError, match="All rows below the column names are hidden"):
        table(*rows, hidden=(3, 4, 6), include_hidden=False)


def test_hidden_rows_that_are_left_out_do_not_count_for_the_limit() -> None:
    rows = [Row(number, ["a"], hidden=number > MAX_ROWS + 1) for number in range(2, MAX_ROWS + 3)]
    header = Row(1, ["title"])
    sheet = make_sheet([header, *rows], [], include_hidden=False)
    assert (len(sheet.rows), sheet.hidden_rows) == (MAX_ROWS, 1)
    with pytest.raises(SpreadsheetError, match=r"There are more than 5,000 rows"):
        make_sheet([header, *rows], [], include_hidden=True)


@pytest.mark.parametrize(
    ("hidden", "were"), [({7}, "1 hidden row was"), ({2, 3, MAX_ROWS + 2, MAX_ROWS + 3}, "4 hidden rows were")]
)
def test_hidden_rows_that_do_not_fit_are_left_out_with_a_notice(hidden: set[int], were: str) -> None:
    rows = [Row(number, ["a"], number in hidden) for number in range(2, MAX_ROWS + len(hidden) + 2)]
    sheet = make_sheet([Row(1, ["title"]), *rows], [])
    assert [row.number for row in sheet.rows] == [row.number for row in rows if row.number not in hidden]
    assert sheet.notices == [f"The file has more than 5,000 rows, so its {were} left out."]
    assert sheet.hidden_rows == 0
    with pytest.raises(SpreadsheetError, match=r"There are more than 5,000 rows"):
        make_sheet([Row(1, ["title"]), *rows, Row(9_999, ["a"])], [])


@pytest.mark.parametrize("data", [b"title,date\na,2027-01-01\n", b""])
def test_a_csv_file_has_no_sheets(data: bytes) -> None:
    with pytest.raises(SpreadsheetError, match=re.escape("This is a CSV file. It has no sheets to choose from.")):
        read_spreadsheet(data, "Sheet1")
