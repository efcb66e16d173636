"""Many events at once, as staff change them: selection, form, confirmation, progress, report and undo."""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
from django.test import Client

from events import batches, services
from events.domain import EventRange
from events.storage.history import get_activity
from eventsite.accounts import people
from eventsite.accounts.domain import Role
from tests.support.builders import ACTOR, make_staff, store_all, titled_fields
from tests.support.builders import store_titled as store
from tests.support.clients import client_of
from tests.support.fault_proxy import FAIL, FaultProxy
from tests.support.page_reader import fields, links, text
from tests.support.stored import get_history

LIST = "/staff/events/"


def choose(client: Client, query: str = "", **sent: Any) -> Any:
    return client.post(f"/staff/events/bulk/{query}", sent, follow=True)


def test_a_status_for_the_selected_events(editor: Client) -> None:
    for title in ("A", "B", "C"):
        store(title)
    confirm = choose(editor, "?list=q%3Da", event=["A", "B"], do="status", status="draft")
    page = text(confirm)
    assert "Change the status of 2 events to “draft”?" in page
    assert "2 events will change. You can undo this." in page
    assert services.get_event("A").fields["status"] == "active"
    address = confirm.redirect_chain[-1][0]
    report: Any = editor.post(address, follow=True)
    assert "2 events updated" in text(report)
    assert links(report)["Back to the events"] == "/staff/events/?q=a"
    assert [services.get_event(title).fields["status"] for title in "ABC"] == ["draft", "draft", "active"]
    row = get_history("A")[0]
    assert (row.actor, row.address) == ("edith", "127.0.0.1")
    batch = urlsplit(address).path
    undone: Any = editor.post(f"{batch}undo/", follow=True)
    assert "2 changes undone" in text(undone)
    assert [services.get_event(title).fields["status"] for title in "ABC"] == ["active"] * 3


def test_delete_all_that_match_lists_and_counts_them(editor: Client) -> None:
    store_all(titled_fields(f"Jazz {number:02}", number) for number in range(60))
    store("Chess")
    confirm = choose(editor, "?list=q%3Djazz", all="yes", do="delete")
    page = text(confirm)
    assert "Delete 60 events?" in page
    assert "Jazz 59" in page
    assert "Chess" not in page
    report: Any = editor.post(confirm.redirect_chain[-1][0], follow=True)
    assert "60 events deleted" in text(report)
    assert [event["title"] for event in services.list_events(EventRange())[0]] == ["Chess"]


def test_what_was_not_done_is_reported_with_its_reason(editor: Client) -> None:
    store("A")
    store("B")
    confirm = choose(editor, event=["A", "B"], do="delete")
    services.update_event("A", {"capacity": 1}, ACTOR)
    report: Any = editor.post(confirm.redirect_chain[-1][0], follow=True)
    assert "1 event deleted 1 failed" in text(report)
    assert "A The event has a newer change, so nothing was done." in text(report)


def test_a_report_names_the_first_failures_and_reads_no_further(editor: Client, faults: FaultProxy) -> None:
    titles_ = [f"J{number:03}" for number in range(60)]  # in two parts
    store_all(titled_fields(title) for title in titles_)
    confirm = choose(editor, all="yes", do="delete")
    for title in titles_[:9]:
        services.update_event(title, {"capacity": 1}, ACTOR)
    address = confirm.redirect_chain[-1][0]
    while "9 failed" not in text(editor.post(address, follow=True)):
        pass
    for most, named, more in ((200, 9, ""), (4, 4, "And 5 more.")):
        faults.set(None)
        with patch("events.pages.batches.MOST_SHOWN", most):
            page = text(editor.get(address))
        assert page.count("The event has a newer change") == named
        assert more in page
        assert faults.calls == ["BatchGetItem"] + ["GetItem"] * 2  # session and account, batch, first part


def test_long_ones_show_their_progress(editor: Client) -> None:
    store_all(titled_fields(f"J{number}") for number in range(60))
    confirm = choose(editor, all="yes", do="delete")
    address = confirm.redirect_chain[-1][0]
    with patch.object(batches, "run", lambda batch, actor, run=batches.run: run(batch, actor, 0)):
        progress: Any = editor.post(address, follow=True)
    assert "50 of 60 done" in text(progress)
    assert 'max="60" value="50"' in progress.content.decode()
    report: Any = editor.post(address, follow=True)
    assert "60 events deleted" in text(report)


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"do": "delete"}, "Select 1 to 5,000 events."),
        ({"do": "edit"}, "Select 1 to 5,000 events."),
        ({"do": "change", "event": "gone", "capacity": "1"}, "Select 1 to 5,000 events."),
        ({"do": "status", "event": "gone", "status": "x"}, "Select 1 to 5,000 events."),
    ],
)
def test_what_cannot_be_done_is_said_on_the_list(editor: Client, sent: dict[str, str], sentence: str) -> None:
    store("A")
    response = choose(editor, **sent)
    assert response.redirect_chain[-1][0] == LIST
    assert sentence in text(response)


def test_somebody_elses_batch_is_not_found(editor: Client) -> None:
    store("A")
    address = choose(editor, event="A", do="delete").redirect_chain[-1][0]
    other = client_of(make_staff("eva", "editor"))
    for response in (other.get(address), other.post(address), other.post(f"{urlsplit(address).path}undo/")):
        assert response.status_code == 404
    assert services.get_event("A")


def test_a_batch_whose_owner_may_no_longer_edit(editor: Client, admin: Client) -> None:
    """An admin continues and undoes it; the owner can read what became of it."""
    store_all(titled_fields(f"J{number}") for number in range(60))
    address = urlsplit(choose(editor, all="yes", do="delete").redirect_chain[-1][0]).path
    with patch.object(batches, "run", lambda batch, actor, run=batches.run: run(batch, actor, 0)):
        editor.post(address)
    people.change_role("edith", Role.VIEWER, ACTOR)
    edith = client_of(people.get_staff("edith"))
    assert edith.post(address).status_code == 403
    progress = edith.get(address)
    assert "50 of 60 done" in text(progress)
    assert "Your role no longer allows you to change events." in text(progress)
    assert "<button" not in progress.content.decode().partition("<main")[2].partition("</main>")[0]
    assert "Started by edith." in text(admin.get(address))
    assert f'href="{address}"' in admin.get("/staff/activity/").content.decode()
    assert "60 events deleted" in text(admin.post(address, follow=True))
    assert {row.actor for row in get_activity(10)} == {"ada"}
    report = edith.get(address)
    assert "60 events deleted" in text(report)
    assert "Undo 60" not in text(report)
    assert edith.post(f"{address}undo/").status_code == 403
    assert "60 changes undone" in text(admin.post(f"{address}undo/", follow=True))
    undo = links(edith.get(address))["Show the undo report"]
    assert "60 changes undone" in text(edith.get(undo))
    assert len(services.list_events(EventRange())[0]) == 60


def test_a_batch_that_its_owner_may_no_longer_confirm(editor: Client, admin: Client) -> None:
    store("A")
    address = choose(editor, event="A", do="delete").redirect_chain[-1][0]
    people.change_role("edith", Role.VIEWER, ACTOR)
    edith = client_of(people.get_staff("edith"))
    confirm = text(edith.get(address))
    assert "Delete 1 event?" in confirm
    assert "Delete 1 event Cancel" not in confirm
    assert "Delete 1 event Cancel" in text(admin.get(address))


def test_a_failure_in_between_loses_nothing(editor: Client, faults: FaultProxy) -> None:
    store("A")
    address = choose(editor, event="A", do="delete").redirect_chain[-1][0]
    faults.set(FAIL, "TransactWriteItems")
    response = editor.post(address)
    assert response.status_code == 500
    assert "The database is not responding." in text(response)
    faults.set(None)
    report: Any = editor.post(address, follow=True)
    assert "1 event deleted" in text(report)


def test_an_edit_shows_each_event_before_and_after(editor: Client) -> None:
    for title in ("A", "B", "C"):
        store(title, "2026-12-01", location="Hall")
    form = choose(editor, "?list=q%3Da", event=["A", "B"], do="edit")
    assert "Edit 2 events" in text(form)
    assert re.findall('name="event" value="([^"]*)"', form.content.decode()) == ["A", "B"]
    sent = {"event": ["A", "B"], "do": "change", "location": " Cellar ", "capacity": "1000", "days": "+7"}
    confirm = choose(editor, "?list=q%3Da", **sent)
    page = text(confirm)
    assert "Edit 2 events?" in page
    assert "Location: Cellar · Capacity: 1000 · Date: +7 days" in page
    assert "2 events will change. You can undo this." in page
    assert page.count("Location: Hall → Cellar") == 2
    assert page.count("Capacity: 250 → 1,000") == 2
    assert page.count("Date: Tue 1 Dec 2026 → Tue 8 Dec 2026") == 2
    assert services.get_event("A").fields["location"] == "Hall"
    address = confirm.redirect_chain[-1][0]
    report: Any = editor.post(address, follow=True)
    assert "2 events updated" in text(report)
    assert links(report)["Back to the events"] == "/staff/events/?q=a"
    assert [services.get_event(title).fields["location"] for title in "ABC"] == ["Cellar", "Cellar", "Hall"]
    assert "edith changed 2 events" in text(editor.get("/staff/activity/"))
    undone: Any = editor.post(f"{urlsplit(address).path}undo/", follow=True)
    assert "2 changes undone" in text(undone)
    assert services.get_event("A").fields["date"] == "2026-12-01"


def test_an_edit_of_all_that_match(editor: Client) -> None:
    store_all(titled_fields(f"Jazz {number:02}", number, location="Hall") for number in range(60))
    store("Chess")
    form = choose(editor, "?list=location%3DHall", all="yes", do="edit")
    assert "Edit 60 events" in text(form)
    assert fields(form)["all"] == "yes"
    confirm = choose(editor, "?list=location%3DHall", all="yes", do="change", days="-1")
    assert "60 events will change." in text(confirm)


def test_an_edit_names_the_events_that_cannot_change(editor: Client) -> None:
    store("A", "2026-12-01")
    store("B", "0001-01-01")
    page = text(choose(editor, event=["A", "B"], do="change", days="-1"))
    assert "1 event will change." in page
    assert "1 event cannot change. The list below says why." in page
    assert "B, Mon 1 Jan 1 Its date would be outside the years 1 to 9999." in page


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"status": ""}, "Fill in at least one field."),
        ({"status": "a\nb"}, "Status: Has a control character"),
        ({}, "Fill in at least one field."),
        ({"do": "change"}, "Fill in at least one field."),
        ({"do": "change", "days": "soon"}, "Must be a whole number, such as 7 or -7."),
        ({"do": "change", "days": "9" * 300}, "Must be at most 36,525 days."),
        ({"do": "change", "capacity": "many"}, "Capacity: Must be a whole number."),
        ({"do": "change", "location": "x" * 1025}, "Location: Must be at most 1,024 bytes long in UTF-8."),
        ({"do": "change", "location": "Main hall"}, "These events have these values already."),
    ],
)
def test_an_error_keeps_the_selection(editor: Client, sent: dict[str, str], sentence: str) -> None:
    store("A")
    store("B")
    response = choose(editor, event=["A", "B"], **sent)
    assert response.status_code == 422
    assert sentence in text(response)
    assert re.findall('name="event" value="([^"]*)"', response.content.decode()) == ["A", "B"]
