"""Importing files of other programs: their columns, hidden rows, sheets and cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from events.spreadsheets import table
from tests.support.builders import store
from tests.support.csv_rows import HEADER, csv_row
from tests.support.import_pages import FOR_ALL, GOOGLE, NEEDED, choose, confirm, event, form_of, send, stored
from tests.support.open_documents import document_of
from tests.support.page_reader import text as text_of
from tests.support.spreadsheets import NAMES, content_of
from tests.support.workbooks import workbook_of


def test_columns_of_another_program_are_recognised_and_the_rest_is_asked_for_once(editor: Client) -> None:
    answer = send(editor, GOOGLE)
    text = text_of(answer)
    assert "Columns of events.csv" in text
    assert "Start Date: 05/30/2027" in text
    assert NEEDED in text
    form = form_of(answer)
    assert {name: form[name] for name in ("title", "date", "location", "description", "capacity", "status")} == {
        "title": "0",
        "date": "1",
        "location": "7",
        "description": "6",
        "capacity": "value",
        "status": "value",
    }
    preview = choose(editor, answer, **FOR_ALL)
    unused = "These columns are not used: “Start Time”, “End Date”, “End Time”, “All Day Event”, “Private”."
    assert unused in text_of(preview)
    assert "1 new 0 changed 0 unchanged 0 rows with errors" in text_of(preview)
    assert "Title: Subject · Description: Description · Date: Start Date" in text_of(preview)
    assert "Capacity: 50 (all rows)" in text_of(preview)
    assert "1 event imported" in confirm(editor, preview)
    assert stored() == [
        {
            "title": "Spring fair",
            "description": "Stalls and music",
            "date": "2027-05-30",
            "location": "Market square, Northtown",
            "capacity": 50,
            "organizer": "Northtown",
            "status": "active",
        }
    ]


# What each file holds, after the person typed what it lacks.
RIGHT = {
    "google-calendar.csv": None,  # the test above
    "tec.csv": [
        event(
            "Jazz night",
            "2027-05-30",
            description="Doors at 7",
            location="Old mill",
            capacity=80,
            organizer="City band",
        )
    ],
    "dates.csv": [event(title, "2027-12-31") for title in "ABCDEFG"],
    "capacities.csv": [event(title, "2027-01-01", capacity=1000) for title in "ABCD"],
    "spaces-in-header.csv": [event("x", "2027-12-31")],
    "status-with-space.csv": [
        event("Annual fair", "2027-07-01", organizer="Team"),
        event("Second fair", "2027-07-02", organizer="Team"),
    ],
    "double-bom.csv": [event("Annual fair changed", "2027-07-01", organizer="Team")],
}


@pytest.mark.parametrize("name", [name for name, events in RIGHT.items() if events])
def test_files_of_people_are_imported_with_the_right_values(name: str, editor: Client) -> None:
    store("hb-sp1", title="Annual fair", date="2027-07-01") if name == "double-bom.csv" else None
    answer = send(editor, content_of(name))
    if name == "tec.csv":
        assert NEEDED in text_of(answer)
        answer = choose(editor, answer, status_value="active")
    confirm(editor, answer)
    assert stored() == RIGHT[name]


def test_every_file_has_a_test() -> None:
    both = ("hidden-row", "numbers-summary-first", "export")
    others = {f"{name}.{extension}" for name in both for extension in ("xlsx", "ods")}
    assert {*RIGHT, "strict.xlsx", *others} == {*NAMES}


@pytest.mark.parametrize("name", ["strict.xlsx", "numbers-summary-first.xlsx", "numbers-summary-first.ods"])
def test_workbooks_of_people_need_no_question(name: str, editor: Client) -> None:
    assert "1 event imported" in confirm(editor, send(editor, content_of(name), name))


def test_an_export_that_was_saved_as_opendocument_changes_nothing(editor: Client) -> None:
    assert "34 events imported" in confirm(editor, send(editor, content_of("export.xlsx")))
    assert "Nothing to import. The file contains no changes." in text_of(send(editor, content_of("export.ods")))


@pytest.mark.parametrize("extension", ["xlsx", "ods"])
def test_hidden_rows_are_counted_and_can_be_left_out(extension: str, editor: Client) -> None:
    preview = send(editor, content_of(f"hidden-row.{extension}"))
    assert "The file has 1 hidden row. It is included." in text_of(preview)
    assert "2 new" in text_of(preview)
    without = choose(editor, preview, hidden_rows="leave out")
    assert "The file has 1 hidden row. It is left out." in text_of(without)
    assert form_of(without)["without_hidden"] == "on"
    assert "1 new" in text_of(choose(editor, without))
    assert "2 new" in text_of(choose(editor, without, hidden_rows="include"))
    assert "1 event imported" in confirm(editor, without)


def test_hidden_rows_that_do_not_fit_are_left_out(editor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_ROWS", 1)
    preview = send(editor, content_of("hidden-row.xlsx"))
    for answer in (preview, choose(editor, preview), choose(editor, preview, hidden_rows="include")):
        assert "so its 1 hidden row was left out." in text_of(answer)
        assert "1 new 0 changed 0 unchanged 0 rows with errors" in text_of(answer)
        assert "without_hidden" not in form_of(answer)
    assert "1 event imported" in confirm(editor, preview)


def test_a_time_in_a_cell_of_opendocument_is_left_out(editor: Client) -> None:
    evening = '<cell office:value-type="date" office:date-value="2027-05-30T19:30:00"><p>30 May</p></cell>'
    names, cells = (
        "".join(f"<cell><p>{text}</p></cell>" for text in row.split(","))
        for row in (HEADER, csv_row(eventId="", date="-"))
    )
    sheet = f"<row>{names}</row><row>{cells.replace('<cell><p>-</p></cell>', evening)}</row>"
    preview = send(editor, document_of({"Sheet1": sheet}))
    assert "19:30" in text_of(preview)
    assert "1 event imported" in confirm(editor, preview)
    assert [event["date"] for event in stored()] == ["2027-05-30"]


def ods_of_sheets(sheets: dict[str, list[list[str]]]) -> bytes:
    def xml(rows: list[list[str]]) -> str:
        return "".join(f"<row>{''.join(f'<cell><p>{cell}</p></cell>' for cell in row)}</row>" for row in rows)

    return document_of({name: xml(rows) for name, rows in sheets.items()})


@pytest.mark.parametrize("write", [workbook_of, ods_of_sheets])
def test_another_sheet_can_be_chosen(write: Callable[[dict[str, Any]], bytes], editor: Client) -> None:
    preview = send(editor, write({"A": [["eventId", "status"], ["x", "y"]], "B": [HEADER.split(","), csv_cells()]}))
    assert form_of(preview)["sheet"] == "B"
    other = choose(editor, preview, sheet="A")
    assert other.status_code == 200
    assert "Columns of" in text_of(other)
    assert form_of(other)["read_sheet"] == "A"
    assert "1 event imported" in confirm(editor, choose(editor, other, sheet="B"))


def test_a_sheet_without_a_table_is_refused_with_its_reason(editor: Client) -> None:
    preview = send(editor, workbook_of({"A": [["x"]], "B": [HEADER.split(","), csv_cells()]}))
    answer = choose(editor, preview, sheet="A")
    assert answer.status_code == 422
    assert form_of(answer)["read_sheet"] == "B"


def csv_cells() -> list[str]:
    return csv_row(eventId="").split(",")
