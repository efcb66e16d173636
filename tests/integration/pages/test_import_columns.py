"""The columns of an imported file: recognised, chosen by the person, remembered; and what may go wrong meanwhile."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from events import services
from events.domain import EventRange
from events.pages import imports
from events.spreadsheets import table
from events.spreadsheets.sheet import MAX_ROWS
from events.storage import uploads
from eventsite.accounts import people
from tests.support.builders import store
from tests.support.clients import client_of
from tests.support.csv_rows import HEADER, csv_row
from tests.support.open_documents import document_of
from tests.support.page_reader import text as text_of
from tests.support.spreadsheets import NAMES, content_of
from tests.support.workbooks import workbook_of

NEEDED = "Needed for new events"
IMPORT, COLUMNS = "/staff/import/", "/staff/import/columns/"
GOOGLE = content_of("google-calendar.csv")
FOR_ALL = {"capacity": "value", "capacity_value": "50", "organizer": "value", "organizer_value": "Northtown"}
FOR_ALL |= {"status": "value", "status_value": "active"}


def send(browser: Client, content: bytes | str, name: str = "events.csv") -> Any:
    data = content.encode() if isinstance(content, str) else content
    return browser.post(IMPORT, {"file": SimpleUploadedFile(name, data)})


def form_of(answer: Any) -> dict[str, str]:
    """What a browser sends if the person changes nothing in the form of the columns."""
    page = answer.content.decode()
    [form] = re.findall(r'<form method="post" action="/staff/import/columns/".*?</form>', page, re.DOTALL)
    typed: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        values = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        is_choice = values["type"] in ("radio", "checkbox")
        if not is_choice or " checked" in tag:
            typed[values["name"]] = html.unescape(values.get("value", "on" if is_choice else ""))
    for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.findall(r'<option value="([^"]*)" selected', options)
        typed[name] = html.unescape(chosen[0] if chosen else "")
    return typed


def choose(browser: Client, answer: Any, **chosen: str) -> Any:
    return browser.post(COLUMNS, {**form_of(answer), **chosen})


def confirm(browser: Client, answer: Any, **chosen: Any) -> str:
    """Presses the preview's Import button, and returns the text of the report."""
    page = answer.content.decode()
    [action] = re.findall(r'<form method="post" action="(/staff/batches/[^"]+)"', page)
    select = {"select": "yes"} if 'name="select"' in page else {}
    return text_of(browser.post(action, {**select, **chosen}, follow=True))


def stored() -> list[dict[str, Any]]:
    """All events without their IDs."""
    events = services.list_events(EventRange())[0]
    return [{name: value for name, value in event.items() if name != "eventId"} for event in events]


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


def event(title: str, date: str, **fields: Any) -> dict[str, Any]:
    usual = {"description": "", "location": "Hall", "capacity": 10, "organizer": "T", "status": "active"}
    return {"title": title, "date": date, **usual, **fields}


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


ORDER = "The dates can be read in two ways. Choose whether the day or the month comes first."


def test_the_order_of_day_and_month_is_asked_once_if_no_row_tells(editor: Client) -> None:
    answer = send(editor, f"{HEADER}\n{csv_row(date='3/4/2027')}\n{csv_row(eventId='b', date='5/5/2027')}\n")
    text = text_of(answer)
    assert ORDER in text
    assert "The day comes first: 3/4/2027 is Sat 3 Apr 2027" in text
    assert "The month comes first: 3/4/2027 is Thu 4 Mar 2027" in text
    assert ORDER in text_of(choose(editor, answer))
    assert choose(editor, answer).status_code == 422
    preview = choose(editor, answer, order="month")
    assert "month first" in text_of(preview)
    assert form_of(preview)["order"] == "month"
    confirm(editor, preview)
    assert [event["date"] for event in stored()] == ["2027-03-04", "2027-05-05"]


def test_a_row_that_tells_the_order_decides_for_the_whole_file(editor: Client) -> None:
    preview = send(editor, f"{HEADER}\n{csv_row(date='3/4/2027')}\n{csv_row(eventId='b', date='31/5/2027')}\n")
    assert "day first" in text_of(preview)
    confirm(editor, preview)
    assert [event["date"] for event in stored()] == ["2027-04-03", "2027-05-31"]


def test_columns_with_the_same_name_are_asked_about(editor: Client) -> None:
    answer = send(editor, f"{HEADER},Title\n{csv_row(eventId='')},Gala\n")
    assert "Several columns are named “title”. Choose one." in text_of(answer)
    assert form_of(answer)["title"] == "1"
    confirm(editor, choose(editor, answer, title="8"))
    assert [event["title"] for event in stored()] == ["Gala"]


def test_unknown_names_are_mapped_by_the_person(editor: Client) -> None:
    answer = send(editor, "Qwert,Zuiop,Asdf\nGala,2027-01-02,Roof\n")
    assert answer.status_code == 200
    assert "Qwert: Gala" in text_of(answer)
    confirm(editor, choose(editor, answer, title="0", date="1", location="2", **FOR_ALL))
    assert stored() == [event("Gala", "2027-01-02", location="Roof", capacity=50, organizer="Northtown")]


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"title": "99"}, "Title: The file has no such column. Choose another one."),
        ({"title": "-1"}, "Title: The file has no such column. Choose another one."),
        ({"title": "x"}, "Title: The file has no such column. Choose another one."),
        ({"title": "1"}, "Date: This column is already chosen for Title. Choose each column once."),
        ({"eventId": "value"}, "Event ID: The file has no such column. Choose another one."),
        ({"capacity_value": ""}, "Capacity for all rows: Type the value, or choose a column."),
        ({"capacity": "value", "capacity_value": "many"}, "Capacity for all rows: Must be"),
        ({"date": "value", "date_value": "2027-02-30"}, "Date for all rows: Must be a day that exists"),
        ({"order": "year"}, "Dates: Select a valid choice."),
        ({"capacity": "", "organizer": "", "status": ""}, f"Capacity: {imports.MISSING}"),
        ({"read_sheet": "Other"}, NEEDED),
    ],
)
def test_invalid_choices_are_refused_and_kept(chosen: dict[str, str], message: str, editor: Client) -> None:
    answer = choose(editor, send(editor, GOOGLE), **{**FOR_ALL, **chosen})
    assert answer.status_code == (200 if "read_sheet" in chosen else 422)
    assert message in text_of(answer)
    assert (NEEDED in text_of(answer)) == ("read_sheet" in chosen)
    assert stored() == []
    assert b"/staff/batches/" not in answer.content


def test_an_invalid_date_is_left_out_of_its_field(editor: Client) -> None:
    chosen = {**FOR_ALL, "date": "value"}
    for typed, shown in {"2027-02-30": "", "1800-01-02": "1800-01-02"}.items():
        answer = choose(editor, send(editor, GOOGLE), **{**chosen, "capacity_value": "many", "date_value": typed})
        assert form_of(answer)["date_value"] == shown


GONE = "This file is no longer stored. Choose it again."


def test_a_file_that_is_no_longer_stored_is_asked_for_again(editor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = send(editor, GOOGLE)
    form = form_of(answer)
    for sent in ({**form, "upload": "x"}, {**form, "upload": ""}, {}):
        assert GONE in text_of(editor.post(COLUMNS, sent, follow=True))
    send(editor, f"{HEADER}\n{csv_row()}\n")
    assert GONE in text_of(editor.post(COLUMNS, form, follow=True))
    monkeypatch.setattr(uploads, "UPLOADS_LIVE", timedelta(seconds=-1))
    form = form_of(send(editor, GOOGLE))
    assert GONE in text_of(editor.post(COLUMNS, form, follow=True))


def test_nobody_else_can_use_a_file(editor: Client, admin: Client) -> None:
    form = form_of(send(editor, GOOGLE))
    assert GONE in text_of(admin.post(COLUMNS, form, follow=True))


def test_the_page_of_the_columns_leads_to_the_import(editor: Client) -> None:
    assert editor.get(COLUMNS)["Location"] == IMPORT


def test_what_was_chosen_is_remembered_for_the_same_columns(editor: Client, admin: Client) -> None:
    choose(editor, send(editor, GOOGLE), **FOR_ALL)
    again = send(editor, GOOGLE.replace(b"Spring fair", b"Autumn fair"))
    assert "1 new" in text_of(again)
    assert "Capacity: 50 (all rows)" in text_of(again)
    assert NEEDED in text_of(send(admin, GOOGLE))
    assert NEEDED in text_of(send(editor, GOOGLE.replace(b"Private", b"Public")))


def test_one_date_for_all_rows_is_not_remembered(editor: Client) -> None:
    content = GOOGLE.replace(b"Start Date", b"Qwert")
    choose(editor, send(editor, content), **FOR_ALL, date="value", date_value="2027-05-30")
    again = send(editor, content)
    assert NEEDED in text_of(again)
    assert form_of(again)["capacity_value"] == "50"
    assert form_of(again)["date_value"] == ""


def test_recognised_columns_are_not_remembered(editor: Client) -> None:
    preview = send(editor, f"{HEADER}\n{csv_row()}\n")
    choose(editor, preview, description="")
    assert len(_remembered()) == 1
    choose(editor, preview)
    assert _remembered() == {}


def _remembered() -> dict[str, Any]:
    staff = people.get_staff("edith")
    assert staff is not None
    remembered: dict[str, Any] = staff.preferences.get("imports", {})
    return remembered


def test_the_latest_choices_are_remembered(editor: Client) -> None:
    for number in range(imports.MOST_REMEMBERED + 1):
        choose(editor, send(editor, f"{HEADER},{number}\n{csv_row()},x\n"), description="")
    assert len(_remembered()) == imports.MOST_REMEMBERED
    choose(editor, send(editor, f"{HEADER},z\n{csv_row()},x\n"), description="value", description_value="x" * 60_000)
    assert len(_remembered()) == imports.MOST_REMEMBERED


def test_a_remembered_choice_that_is_no_longer_valid_is_forgotten(editor: Client) -> None:
    answer = send(editor, GOOGLE)
    choose(editor, answer, **FOR_ALL)
    staff = people.get_staff("edith")
    assert staff is not None
    [key] = _remembered()
    staff.preferences = {"imports": {key: {"title": 99}}}
    staff.save(update_fields=["preferences"])
    assert NEEDED in text_of(send(client_of(staff), GOOGLE))


def test_possible_duplicates_are_imported_only_if_selected(editor: Client) -> None:
    store("there", title="Spring Fair", date="2027-05-30")
    content = f"{HEADER}\n{csv_row(eventId='', title='spring fair', date='2027-05-30')}\n{csv_row(eventId='')}\n"
    preview = send(editor, content)
    text = text_of(preview)
    assert "1 new 1 possible duplicate 0 changed 0 unchanged 0 rows with errors" in text
    assert "1 possible duplicate will be skipped, unless you select it below. 1 event will be imported." in text
    assert "Import 1 event and the selected rows" in text
    assert 'href="/staff/event/there/"' in preview.content.decode()
    assert "1 event imported" in confirm(editor, preview)
    assert len(stored()) == 2
    assert "1 event imported" in confirm(editor, preview, event="2")  # the batch has begun: nothing more is selected
    assert len(stored()) == 2


@pytest.mark.parametrize("chosen", [{"event": ["2", "3"]}, {"all": "yes"}])
def test_selected_duplicates_are_imported(chosen: dict[str, Any], editor: Client) -> None:
    store("there", date="2027-05-30")
    row = csv_row(eventId="", date="2027-05-30")
    preview = send(editor, "\n".join([HEADER, row, row, csv_row(eventId="new")]))
    assert "3 events imported" in confirm(editor, preview, **chosen)
    assert len(stored()) == 4


def test_an_import_of_duplicates_only_needs_a_selection(editor: Client) -> None:
    store("there", date="2027-05-30")
    preview = send(editor, f"{HEADER}\n{csv_row(eventId='', date='2027-05-30')}\n")
    assert "Import the selected rows" in text_of(preview)
    for wrong in ({}, {"event": "3"}, {"event": "x"}):
        text = confirm(editor, preview, **wrong)
        assert "Select at least one row." in text
        assert "Possible duplicate" in text
    assert "1 event imported" in confirm(editor, preview, event="2")


def test_a_time_of_day_is_left_out_with_a_notice(editor: Client) -> None:
    preview = send(editor, f"{HEADER}\n{csv_row(date='2027-05-30 10:00')}\n{csv_row(eventId='b')}\n")
    assert "1 row has a time of day. Only the date is imported." in text_of(preview)


def test_a_status_takes_the_spelling_in_use(editor: Client) -> None:
    store("a", status="Active")
    confirm(editor, send(editor, f"{HEADER}\n{csv_row(eventId='b', status='ACTIVE ')}\n"))
    assert services.get_event("b").fields["status"] == "Active"


def test_html_of_our_own_export_stays_as_it_is(editor: Client) -> None:
    store("a", description="<p>Doors at 7</p>")
    content = b"".join(editor.get("/staff/export/?ended=on&format=csv"))
    assert "0 new 0 changed 1 unchanged" in text_of(send(editor, content))


def test_an_import_continues_after_a_person_sent_the_form_twice(editor: Client) -> None:
    answer = send(editor, GOOGLE)
    previews = [choose(editor, answer, **FOR_ALL) for _ in range(2)]
    assert "1 event imported" in confirm(editor, previews[1])
    assert len(stored()) == 1


def test_the_largest_number_of_rows(editor: Client) -> None:
    rows = "".join(f"Evening {number},05/{number % 28 + 1:02}/2027\n" for number in range(MAX_ROWS))
    answer = send(editor, f"Subject,Start Date\n{rows}")
    preview = choose(editor, answer, location="value", location_value="Hall", **FOR_ALL)
    assert "5,000 new 0 changed 0 unchanged 0 rows with errors" in text_of(preview)
    assert "Only the first 200 of 5000 rows are shown." in text_of(preview)
    assert send(editor, f"Subject,Start Date\n{rows}Evening,05/30/2027\n").status_code == 422
