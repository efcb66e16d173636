"""The columns of an imported file: recognised, chosen by the person, remembered; and what may go wrong meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from events import services
from events.pages import imports
from events.spreadsheets.sheet import MAX_ROWS
from events.storage import uploads
from eventsite.accounts import people
from tests.support.builders import store
from tests.support.clients import client_of
from tests.support.csv_rows import HEADER, csv_row
from tests.support.import_pages import (
    COLUMNS,
    FOR_ALL,
    GOOGLE,
    IMPORT,
    NEEDED,
    choose,
    confirm,
    event,
    form_of,
    send,
    stored,
)
from tests.support.page_reader import text as text_of

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
