"""One event on its pages: create, copy, edit, delete and undo."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from events import services
from events.domain import EventNotFoundError, EventRange, StorageError
from events.fields import TRIMMED_FIELDS
from events.pages.today import today
from tests.support.builders import ACTOR, make_body, make_fields, store
from tests.support.page_reader import fields, links, submit, text, undo_address
from tests.support.stored import get_history

TYPED = {name: str(value) for name, value in make_body(description="Doors at seven.\r\n\tBring a friend.").items()}
LIST = "?list=q%3Dlaunch%26sort%3Dlatest"


class TestNew:
    def test_what_is_typed_is_stored(self, editor: Client) -> None:
        response: Any = submit(editor, "/staff/events/new/", **TYPED, eventId="launch")
        assert (response.status_code, response["Location"]) == (302, "/staff/event/launch/")
        event = services.get_event("launch")
        assert event.fields == make_fields(description="Doors at seven.\n\tBring a friend.")
        assert (event.updated_by, get_history("launch")[0].address) == ("edith", "127.0.0.1")
        page = text(editor.get(response["Location"]))
        for words in ("“Launch night” was created.", "Tue 1 Dec 2026", "up to 250 people", "edith created it"):
            assert words in page

    def test_without_an_id_one_is_made_and_sent_twice_it_is_one_event(self, editor: Client) -> None:
        sent = {**fields(editor.get("/staff/events/new/")), **TYPED}
        first: Any = editor.post("/staff/events/new/", sent)
        again: Any = editor.post("/staff/events/new/", sent)
        assert first["Location"] == again["Location"] == f"/staff/event/{sent['generated_id']}/"
        assert len(get_history(sent["generated_id"])) == 1

    def test_with_an_id_of_its_own_sent_twice_it_is_one_event(self, editor: Client) -> None:
        sent = {**fields(editor.get("/staff/events/new/")), **TYPED, "eventId": "gala"}
        for _ in range(2):
            response: Any = editor.post("/staff/events/new/", sent)
            assert (response.status_code, response["Location"]) == (302, "/staff/event/gala/")
        assert len(get_history("gala")) == 1

    def test_the_same_event_of_somebody_else_is_not_taken_for_ones_own(self, editor: Client, admin: Client) -> None:
        sent = {**fields(editor.get("/staff/events/new/")), **TYPED, "eventId": "gala"}
        editor.post("/staff/events/new/", sent)
        assert admin.post("/staff/events/new/", sent).status_code == 422

    def test_another_event_typed_into_the_same_form_is_another_event(self, editor: Client) -> None:
        sent = {**fields(editor.get("/staff/events/new/")), **TYPED}
        first: Any = editor.post("/staff/events/new/", sent)
        second: Any = editor.post("/staff/events/new/", {**sent, "title": "Another"})
        assert first["Location"] != second["Location"]
        assert sorted(event["title"] for event in services.list_events(EventRange())[0]) == ["Another", "Launch night"]

    def test_every_fault_is_beside_its_field_and_on_top_and_nothing_typed_is_lost(self, editor: Client) -> None:
        typed = {**TYPED, "title": " ", "date": "2026-02-30", "capacity": "-1", "status": "", "description": "<b>\x07"}
        response = submit(editor, "/staff/events/new/", **typed)
        assert response.status_code == 422
        page = text(response)
        assert "5 errors:" in page
        for words in (
            "Title: Must not be empty.",
            "Date: Must be a day that exists.",
            "Capacity: Must not be negative.",
            "Status: Must not be empty.",
            "Description: Has a control character (U+0007).",
        ):
            assert words in page
            assert page.count(words.split(": ", 1)[1]) >= 2
        kept = fields(response)
        # A date field cannot hold a day that does not exist.
        assert (kept["date"], kept["capacity"], kept["description"]) == ("", "-1", "<b>\x07")
        assert 'aria-invalid="true"' in response.content.decode()
        assert services.list_events(EventRange())[0] == []

    @pytest.mark.parametrize("capacity", ["five", "2.5", "1e3", "٣", "9" * 400, str(10**15 + 1)])
    def test_a_capacity_is_a_whole_number(self, editor: Client, capacity: str) -> None:
        response = submit(editor, "/staff/events/new/", **{**TYPED, "capacity": capacity})
        assert response.status_code == 422
        assert "1 error: Capacity: Must be" in text(response)

    def test_an_id_that_is_taken_is_said(self, editor: Client) -> None:
        store()
        response = submit(editor, "/staff/events/new/", **TYPED, eventId="launch")
        assert response.status_code == 422
        assert "This ID is already in use." in text(response)
        assert len(get_history("launch")) == 1

    def test_save_and_add_another(self, editor: Client) -> None:
        response: Any = submit(editor, f"/staff/events/new/{LIST}", **TYPED, then="new")
        assert response["Location"] == f"/staff/events/new/{LIST}"
        assert fields(editor.get(response["Location"]))["title"] == ""

    def test_a_copy_begins_with_everything_but_the_id(self, editor: Client) -> None:
        store(description="\nLines\n")
        form = fields(editor.get("/staff/events/new/?copy=launch"))
        assert (form["title"], form["date"], form["eventId"]) == ("Launch night", "2026-12-01", "")
        submit(editor, "/staff/events/new/?copy=launch", date="2026-12-08")
        copies = services.list_events(EventRange("active", "2026-12-08"))[0]
        assert [event["description"] for event in copies] == ["\nLines\n"]

    def test_a_copy_of_nothing_is_not_found(self, editor: Client) -> None:
        assert editor.get("/staff/events/new/?copy=nothing").status_code == 404

    def test_the_statuses_in_use_are_a_choice(self, editor: Client) -> None:
        store(status="<pencilled in>")
        page = editor.get("/staff/events/new/").content.decode()
        assert '<input type="radio" name="status" value="&lt;pencilled in&gt;">' in page
        response = submit(editor, "/staff/events/new/", **{**TYPED, "status": ""}, new_status="invited", eventId="x")
        assert response.status_code == 302
        assert services.get_event("x").fields["status"] == "invited"

    def test_locations_and_organizers_in_use_are_suggested(self, editor: Client) -> None:
        store(date=today().isoformat(), location="<Cellar>", organizer="Choir")
        page = editor.get("/staff/events/new/").content.decode()
        assert '<datalist id="location-values"><option value="&lt;Cellar&gt;">' in page
        assert '<datalist id="organizer-values"><option value="Choir">' in page

    @pytest.mark.parametrize(("typed", "stored"), [("ACTIVE", "active"), ("draft", "draft"), ("Active ", "active")])
    def test_a_status_takes_the_spelling_in_use(self, editor: Client, typed: str, stored: str) -> None:
        store()
        submit(editor, "/staff/events/new/", **{**TYPED, "status": typed}, eventId="new")
        assert services.get_event("new").fields["status"] == stored

    def test_other_events_at_the_same_time_and_place_are_named(self, editor: Client) -> None:
        store(location="main HALL")
        store("elsewhere", location="Main hall 2")
        store("other-day", date="2026-12-02")
        response = submit(editor, "/staff/events/new/", **{**TYPED, "title": "New"}, eventId="new")
        page = text(editor.get(response["Location"]))
        assert "There is 1 other event on this day at this location: “Launch night”." in page

    def test_a_note_that_cannot_be_read_does_not_fail_the_save(
        self, editor: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any) -> Any:
            raise StorageError

        monkeypatch.setattr(services, "events_at", fail)
        assert submit(editor, "/staff/events/new/", **TYPED, eventId="new").status_code == 302
        assert services.get_event("new").fields["title"] == "Launch night"


SPACES = [" ", "\u00a0", "\u200b", "\ufeff", "\u3000 ", "\u00ad", "\u2060\u2002"]
NAMES = TRIMMED_FIELDS - {"eventId"}


@pytest.mark.parametrize("space", SPACES)
class TestSpacesAtTheEnds:
    def test_a_new_event_is_stored_without_them(self, editor: Client, space: str) -> None:
        typed = {
            **TYPED,
            **{name: f"{space}{TYPED[name]}{space}" for name in NAMES},
            "eventId": f"{space}launch{space}",
        }
        response: Any = submit(editor, "/staff/events/new/", **typed)
        assert response["Location"] == "/staff/event/launch/"
        event = services.get_event("launch")
        assert event.fields == make_fields(description="Doors at seven.\n\tBring a friend.")
        twin = {**typed, "title": "Another"}
        assert submit(editor, "/staff/events/new/", **twin).status_code == 422  # the ID exists already

    def test_nothing_else_is_nothing(self, editor: Client, space: str) -> None:
        response = submit(editor, "/staff/events/new/", **{**TYPED, "eventId": space, "title": space})
        assert response.status_code == 422
        assert text(response).count("Must not be empty.") == 2  # the title, in the summary and beside its field
        sent = {**fields(editor.get("/staff/events/new/")), **TYPED, "eventId": space}
        created: Any = editor.post("/staff/events/new/", sent)
        assert created["Location"] == f"/staff/event/{sent['generated_id']}/"

    def test_a_change_is_stored_without_them(self, editor: Client, space: str) -> None:
        event = store()
        submit(editor, "/staff/event/launch/edit/", **{name: f"{TYPED[name]}{space}" for name in NAMES})
        assert services.get_event("launch") == event
        submit(editor, "/staff/event/launch/edit/", status=f"{space}draft{space}")
        assert services.get_event("launch").fields == make_fields(status="draft")

    def test_what_the_api_stored_with_them_changes_only_where_it_is_edited(self, editor: Client, space: str) -> None:
        spaced: Any = {name: f"{TYPED[name]}{space}" for name in NAMES}
        stored = store(**spaced)
        page = editor.get(submit(editor, "/staff/event/launch/edit/")["Location"])
        assert "No changes." in text(page)
        submit(editor, "/staff/event/launch/edit/", status="active", capacity="7")
        assert services.get_event("launch").fields == {**stored.fields, "status": "active", "capacity": 7}

    def test_a_status_for_many_is_stored_without_them(self, editor: Client, space: str) -> None:
        store()
        chosen = {"do": "status", "event": ["launch"], "status": f"draft{space}"}
        page: Any = editor.post("/staff/events/bulk/", chosen, follow=True)
        editor.post(page.redirect_chain[-1][0])
        assert services.get_event("launch").fields["status"] == "draft"


class TestEdit:
    def test_only_what_is_changed_is_in_the_history(self, editor: Client) -> None:
        store(title=" Spaces  kept ", description="a\n\nb\t")
        response: Any = submit(editor, f"/staff/event/launch/edit/{LIST}", capacity="7")
        assert response["Location"] == f"/staff/event/launch/{LIST}"
        row = get_history("launch")[0]
        assert (row.before, row.after, row.actor) == ({"capacity": 250}, {"capacity": 7}, "edith")

    def test_saving_the_same_writes_nothing(self, editor: Client) -> None:
        event = store()
        page = editor.get(submit(editor, "/staff/event/launch/edit/")["Location"])
        assert "No changes." in text(page)
        assert services.get_event("launch") == event

    def test_a_save_can_be_undone_from_its_message(self, editor: Client) -> None:
        event = store()
        saved = editor.get(submit(editor, "/staff/event/launch/edit/", title="Oops")["Location"])
        undone: Any = editor.post(undo_address(saved), follow=True)
        assert "The change was undone." in text(undone)
        assert services.get_event("launch").fields == event.fields

    def test_the_page_and_its_tab_name_the_event(self, editor: Client) -> None:
        store(title="Gala")
        for response in (
            editor.get("/staff/event/launch/edit/"),
            submit(editor, "/staff/event/launch/edit/", title=""),
        ):
            assert text(response).startswith("Edit Gala · Events ")
            assert "Home Events Gala Edit " in text(response)

    def test_a_status_takes_the_spelling_in_use(self, editor: Client) -> None:
        store()
        store("other", status="Draft")
        submit(editor, "/staff/event/launch/edit/", status="dRAFT")
        assert services.get_event("launch").fields["status"] == "Draft"

    def test_a_stored_spelling_stays_as_it_is(self, editor: Client) -> None:
        store(status="ACTIVE")
        store("other")
        submit(editor, "/staff/event/launch/edit/", capacity="7")
        assert services.get_event("launch").fields == make_fields(status="ACTIVE", capacity=7)

    def test_the_status_menu_takes_the_spelling_in_use_and_leads_back(self, editor: Client) -> None:
        store()
        store("other", status="Draft")
        page = editor.get(f"/staff/event/launch/{LIST}")
        address = "/staff/event/launch/status/?from=event&list=q%3Dlaunch%26sort%3Dlatest"
        assert links(page)["active"] == address
        response: Any = editor.post(address, {"status": "draft"})
        assert response["Location"] == f"/staff/event/launch/{LIST}"
        assert services.get_event("launch").fields["status"] == "Draft"

    def test_faults_keep_what_was_typed(self, editor: Client) -> None:
        store()
        response = submit(editor, "/staff/event/launch/edit/", title="", location="Elsewhere")
        assert (response.status_code, fields(response)["location"]) == (422, "Elsewhere")
        assert services.get_event("launch").fields == make_fields()

    def test_nothing_is_found_of_what_never_was(self, editor: Client) -> None:
        for path in ("", "edit/", "delete/"):
            response = editor.get(f"/staff/event/nothing/{path}")
            assert response.status_code == 404
            assert "This event has never existed." in text(response)


class TestDelete:
    def test_it_shows_what_goes_then_it_goes_and_comes_back(self, editor: Client) -> None:
        event = store()
        assert "Doors at seven." in text(editor.get("/staff/event/launch/delete/"))
        response: Any = submit(editor, f"/staff/event/launch/delete/{LIST}")
        assert response["Location"] == "/staff/events/?q=launch&sort=latest"
        with pytest.raises(EventNotFoundError):
            services.get_event("launch")
        page = editor.get(response["Location"])
        assert "“Launch night” was deleted." in text(page)
        undone: Any = editor.post(undo_address(page))
        assert undone["Location"] == f"/staff/event/launch/{LIST}"
        back = services.get_event("launch")
        assert (back.fields, back.created_at) == (event.fields, event.created_at)

    def test_sent_twice_it_says_the_same(self, editor: Client) -> None:
        store()
        sent = fields(editor.get("/staff/event/launch/delete/"))
        for _ in range(2):
            page: Any = editor.post(f"/staff/event/launch/delete/{LIST}", sent, follow=True)
            assert page.redirect_chain == [("/staff/events/?q=launch&sort=latest", 302)]
            assert "“Launch night” was deleted." in text(page)
            undo = undo_address(page)
        assert len(get_history("launch")) == 2
        editor.post(undo)
        assert services.get_event("launch").fields == make_fields()

    def test_deleted_by_another_request_meanwhile(self, editor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        store()
        sent = fields(editor.get("/staff/event/launch/delete/"))
        delete = services.delete_event

        def delete_twice(*arguments: Any) -> Any:
            delete(*arguments)
            return delete(*arguments)

        monkeypatch.setattr(services, "delete_event", delete_twice)
        page: Any = editor.post("/staff/event/launch/delete/", sent, follow=True)
        assert "“Launch night” was deleted." in text(page)

    def test_deleted_by_somebody_else_its_page_says_so(self, editor: Client) -> None:
        store()
        sent = fields(editor.get("/staff/event/launch/delete/"))
        services.delete_event("launch", ACTOR)
        response: Any = editor.post("/staff/event/launch/delete/", sent)
        assert response["Location"] == "/staff/event/launch/"

    def test_what_was_changed_meanwhile_is_shown_first(self, editor: Client) -> None:
        store()
        shown = fields(editor.get("/staff/event/launch/delete/"))
        services.update_event("launch", {"title": "Changed"}, ACTOR)
        response: Any = editor.post("/staff/event/launch/delete/", shown)
        assert response.status_code == 409
        assert "tester changed this event after you opened this page" in text(response)
        assert services.get_event("launch").fields["title"] == "Changed"

    def test_a_deleted_event_has_a_page_from_which_it_comes_back(self, editor: Client) -> None:
        store()
        services.delete_event("launch", ACTOR)
        page: Any = editor.get("/staff/event/launch/")
        assert page.status_code == 410
        assert "This event was deleted." in text(page)
        assert "tester deleted it" in text(page)
        at = get_history("launch")[0].at
        assert f"/staff/event/launch/undo/?at={quote(at)}" in page.content.decode()
        editor.post(f"/staff/event/launch/undo/?at={at}")
        assert services.get_event("launch").fields == make_fields()

    @pytest.mark.parametrize("what", ["edit", "delete"])
    def test_what_is_deleted_already_leads_to_where_it_comes_back(self, editor: Client, what: str) -> None:
        store()
        services.delete_event("launch", ACTOR)
        response: Any = editor.get(f"/staff/event/launch/{what}/")
        assert response["Location"] == "/staff/event/launch/"

    @pytest.mark.parametrize("change", ["create", "update", "delete"])
    def test_an_undo_sent_twice_says_the_same(self, editor: Client, change: str) -> None:
        at = store().updated_at
        if change == "update":
            at = services.update_event("launch", {"title": "B"}, ACTOR).updated_at
        elif change == "delete":
            at = services.delete_event("launch", ACTOR).at
        for _ in range(2):
            page: Any = editor.post(f"/staff/event/launch/undo/?at={at}", follow=True)
            assert page.status_code == 200
            assert "The change was undone." in text(page)
        assert len(get_history("launch")) == (2 if change == "create" else 3)

    def test_an_undo_that_comes_too_late_changes_nothing(self, editor: Client) -> None:
        store()
        at = services.update_event("launch", {"title": "B"}, ACTOR).updated_at
        services.update_event("launch", {"title": "C"}, ACTOR)
        response: Any = editor.post(f"/staff/event/launch/undo/?at={at}")
        assert response.status_code == 409
        assert "Nothing was changed The event has changed since then." in text(response)
        assert services.get_event("launch").fields["title"] == "C"


@pytest.mark.parametrize(
    "event_id", ["new", "a b", "50%", "%2F", "?x=1&y", "#", "über/".strip("/"), "日本", "..x", "'\"<>"]
)
def test_every_id_has_its_pages(editor: Client, event_id: str) -> None:
    store(eventId=event_id)
    address = f"/staff/event/{quote(event_id, safe='')}/"
    assert editor.get(address).status_code == 200
    response: Any = submit(editor, f"{address}edit/", title="B")
    assert response.status_code == 302
    page = editor.get(response["Location"])
    assert page.status_code == 200
    editor.post(undo_address(page))
    assert services.get_event(event_id).fields["title"] == "Launch night"
    assert submit(editor, f"{address}delete/").status_code == 302
    assert editor.get(address).status_code == 410
