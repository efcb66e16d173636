"""Versions of one event on its pages: conflicts, the history, restoring and long texts."""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import patch

from django.test import Client

from events import batches, bulk, services
from events.domain import Actor, EventChanges
from tests.integration.pages.test_event import TYPED
from tests.support.builders import ACTOR, make_fields, store
from tests.support.page_reader import fields, links, text, undo_address
from tests.support.stored import get_history


class TestConflict:
    def both_change(self, editor: Client, mine: dict[str, str], theirs: EventChanges) -> Any:
        event = store()
        typed = fields(editor.get("/staff/event/launch/edit/"))
        assert typed["revision"] == event.revision
        services.update_event("launch", theirs, ACTOR)
        return editor.post("/staff/event/launch/edit/", {**typed, **mine})

    def test_both_are_shown_and_nothing_is_overwritten(self, editor: Client) -> None:
        response = self.both_change(
            editor, {"title": "Mine", "capacity": "9"}, {"title": "Theirs", "location": "Cellar"}
        )
        assert response.status_code == 409
        page = text(response)
        assert "tester saved this event" in page
        assert "Title Both changed it: the form has your value Original Launch night tester Theirs You Mine" in page
        assert "Location Merged Original Main hall tester Cellar You Main hall" in page
        assert "Capacity Merged Original 250 tester 250 You 9" in page
        assert "Organizer Merged" not in page
        assert services.get_event("launch").fields == make_fields(title="Theirs", location="Cellar")

    def test_it_says_so_if_the_other_editor_was_the_same_person(self, editor: Client) -> None:
        store()
        typed = fields(editor.get("/staff/event/launch/edit/"))
        editor.post("/staff/event/launch/edit/", {**typed, "title": "First"})
        response = editor.post("/staff/event/launch/edit/", {**typed, "title": "Second"})
        assert response.status_code == 409
        assert "You saved this event in another window today " in text(response)
        assert "Original Launch night The other window First This window Second" in text(response)
        assert editor.post("/staff/event/launch/edit/", fields(response)).status_code == 302
        assert services.get_event("launch").fields["title"] == "Second"

    def test_one_button_saves_the_result(self, editor: Client) -> None:
        response = self.both_change(
            editor, {"title": "Mine", "capacity": "9"}, {"title": "Theirs", "location": "Cellar"}
        )
        result = fields(response)
        assert (result["title"], result["location"], result["capacity"]) == ("Mine", "Cellar", "9")
        assert editor.post("/staff/event/launch/edit/", result).status_code == 302
        assert services.get_event("launch").fields == make_fields(title="Mine", location="Cellar", capacity=9)

    def test_a_third_change_meanwhile_is_a_conflict_again(self, editor: Client) -> None:
        result = fields(self.both_change(editor, {"title": "Mine"}, {"title": "Theirs"}))
        services.update_event("launch", {"title": "Third"}, ACTOR)
        response = editor.post("/staff/event/launch/edit/", result)
        assert response.status_code == 409
        assert "Original Theirs tester Third You Mine" in text(response)

    def test_the_text_of_an_event_that_was_deleted_meanwhile_can_be_saved_again(self, editor: Client) -> None:
        store()
        typed = fields(editor.get("/staff/event/launch/edit/"))
        services.delete_event("launch", ACTOR)
        response: Any = editor.post("/staff/event/launch/edit/", {**typed, "title": "Mine"})
        assert response.status_code == 409
        assert "Someone deleted this event while you were typing." in text(response)
        assert 'action="/staff/events/new/"' in response.content.decode()
        editor.post("/staff/events/new/", fields(response))
        assert services.get_event("launch").fields == make_fields(title="Mine")

    def test_the_same_sent_twice_is_no_conflict(self, editor: Client) -> None:
        store()
        sent = {**fields(editor.get("/staff/event/launch/edit/")), "title": "Mine"}
        for sentence in ("was saved.", "No changes."):
            page: Any = editor.post("/staff/event/launch/edit/", sent, follow=True)
            assert sentence in text(page)
        assert len(get_history("launch")) == 2

    def test_spaces_at_the_ends_are_not_what_was_changed(self, editor: Client) -> None:
        store(title="Launch ", status="active ")
        sent = {**fields(editor.get("/staff/event/launch/edit/")), "capacity": "9", "organizer": "Mine "}
        for sentence in ("was saved.", "No changes."):
            page: Any = editor.post("/staff/event/launch/edit/", sent, follow=True)
            assert sentence in text(page)
        services.update_event("launch", {"title": "Theirs "}, ACTOR)
        services.update_event("launch", {"location": "Cellar"}, ACTOR)
        response = editor.post("/staff/event/launch/edit/", {**sent, "location": "Roof "})
        assert response.status_code == 409
        assert "Original Launch[U+0020] tester Theirs[U+0020] You Launch[U+0020]" in text(response)
        assert "Original Main hall tester Cellar You Roof" in text(response)
        editor.post("/staff/event/launch/edit/", fields(response))
        expected = make_fields(title="Theirs ", status="active ", capacity=9, organizer="Mine", location="Roof")
        assert services.get_event("launch").fields == expected

    def test_a_form_without_a_revision_overwrites_nothing(self, editor: Client) -> None:
        store()
        assert editor.post("/staff/event/launch/edit/", {**TYPED, "title": "Forged"}).status_code == 409
        assert services.get_event("launch").fields == make_fields()


class TestHistory:
    def test_each_change_is_one_line_with_who_what_and_when(self, viewer: Client) -> None:
        store()
        services.update_event("launch", {"title": "<script>alert(1)</script>", "capacity": 9000}, ACTOR)
        response = viewer.get("/staff/event/launch/")
        page = text(response)
        assert "tester · title Launch night → <script>alert(1)</script> , capacity 250 → 9,000 today " in page
        assert "tester created it today " in page
        assert "<script>alert(1)" not in response.content.decode()
        assert "Restore" not in page

    def test_only_admins_see_network_addresses(self, editor: Client, admin: Client) -> None:
        at = store().updated_at
        for path in ("/staff/event/launch/", f"/staff/event/launch/change/{at}/"):
            assert "192.0.2.7" not in text(editor.get(path))
            assert "from 192.0.2.7" in text(admin.get(path))

    def test_the_current_change_can_be_undone_unless_it_created_the_event(self, editor: Client) -> None:
        created = store()
        assert ">Undo<" not in editor.get("/staff/event/launch/").content.decode()
        services.update_event("launch", {"title": "B"}, ACTOR)
        page = editor.get("/staff/event/launch/")
        assert page.content.decode().count(">Undo<") == 1
        editor.post(undo_address(page))
        assert services.get_event("launch").fields == created.fields

    def test_a_bulk_change_leads_to_its_report_where_allowed(self, editor: Client, viewer: Client) -> None:
        store()
        batch = bulk.prepare_status(None, ["launch"], "draft", Actor("edith"))
        batches.run(batch.id, Actor("edith"))
        assert links(editor.get("/staff/event/launch/"))["Bulk change"] == f"/staff/batches/{batch.id}/"
        assert "Bulk change" in text(viewer.get("/staff/event/launch/"))
        assert "Bulk change" not in links(viewer.get("/staff/event/launch/"))

    def test_times_have_at_most_three_digits_of_a_second(self, editor: Client) -> None:
        at = store().updated_at
        for path in ("", f"change/{at}/"):
            page = editor.get(f"/staff/event/launch/{path}").content.decode()
            times = re.findall(r'<time datetime="([^"]*)"', page)
            assert times
            assert not [time for time in times if re.search(r"\.[0-9]{4}", time)]

    def test_an_earlier_version_is_restored(self, editor: Client) -> None:
        created = store()
        services.update_event("launch", {"title": "B"}, ACTOR)
        page = editor.get("/staff/event/launch/")
        assert text(page).count("Restore") == 1
        assert f'name="at" value="{created.updated_at}"' in page.content.decode()
        sent = {**fields(page), "at": created.updated_at}
        response: Any = editor.post("/staff/event/launch/restore/", sent, follow=True)
        assert "Version restored." in text(response)
        assert services.get_event("launch").fields == created.fields
        again: Any = editor.post("/staff/event/launch/restore/", sent, follow=True)
        assert again.redirect_chain == [("/staff/event/launch/", 302)]
        assert "You have already restored an earlier version." in text(again)
        assert len(get_history("launch")) == 3
        services.update_event("launch", {"title": "C"}, ACTOR)
        late: Any = editor.post("/staff/event/launch/restore/", sent)
        assert late.status_code == 412

    def test_another_version_is_not_restored_already(self, editor: Client) -> None:
        """Somebody has the page open in two windows, and restores one version in each of them."""
        first = store()
        second = services.update_event("launch", {"title": "B"}, ACTOR)
        latest = services.update_event("launch", {"title": "C"}, ACTOR)
        sent = {"at": first.updated_at, "revision": latest.revision}
        assert editor.post("/staff/event/launch/restore/", sent).status_code == 302
        for at in (second.updated_at, latest.updated_at, "2020-01-01T00:00:00.000000Z"):
            assert editor.post("/staff/event/launch/restore/", {**sent, "at": at}).status_code == 412
        assert len(get_history("launch")) == 4

    def test_a_restore_that_changes_nothing_offers_no_undo(self, editor: Client) -> None:
        created = store()
        services.update_event("launch", {"title": "B"}, ACTOR)
        back = services.update_event("launch", {"title": "Launch night"}, ACTOR)
        sent = {"at": created.updated_at, "revision": back.revision}
        page: Any = editor.post("/staff/event/launch/restore/", sent, follow=True)
        assert "No changes." in text(page)
        assert 'class="push"' not in page.content.decode()

    def test_long_histories_have_pages(self, viewer: Client) -> None:
        store(capacity=0)
        for capacity in range(1, 30):
            services.update_event("launch", {"capacity": capacity}, ACTOR)
        older = links(viewer.get("/staff/event/launch/"))["Older changes"]
        assert "tester created it" in text(viewer.get(f"/staff/event/launch/{older}"))


class TestLongTexts:
    BEFORE = "A long story. " * 200 + "It ends well."
    AFTER = "A long story. " * 200 + "It ends badly."

    def test_a_line_of_the_history_shows_where_long_values_differ(self, viewer: Client) -> None:
        store(location="A long story " * 9 + "with an end")
        services.update_event("launch", {"location": "A long story " * 9 + "without"}, ACTOR)
        page = viewer.get("/staff/event/launch/")
        assert "tester · location …ory with an end → …ory without today " in text(page)
        assert "Details" in links(page)

    def test_the_history_leads_to_them_in_full(self, viewer: Client) -> None:
        store(description=self.BEFORE)
        services.update_event("launch", {"description": self.AFTER, "capacity": 9}, ACTOR)
        services.update_event("launch", {"capacity": 10}, ACTOR)
        page = viewer.get("/staff/event/launch/?list=q%3Dlaunch")
        assert "tester · description, capacity 250 → 9 today " in text(page)
        assert self.BEFORE not in text(page)
        at = get_history("launch")[1].at
        full = links(page)["Details"]
        assert full == f"/staff/event/launch/change/{at}/?list=q%3Dlaunch"
        page = viewer.get(full)
        assert "Capacity Before 250 After 9" in text(page)
        assert f"Description Before {self.BEFORE} After {self.AFTER}" in text(page)
        assert "Restore this version" not in text(page)

    def test_what_is_short_is_complete_in_the_history(self, viewer: Client) -> None:
        store()
        services.update_event("launch", {"title": "B"}, ACTOR)
        assert text(viewer.get("/staff/event/launch/")).count("Details") == 1  # of the create

    def test_a_version_is_restored_from_the_page_of_its_change(self, editor: Client) -> None:
        created = store(description=self.BEFORE)
        services.update_event("launch", {"description": self.AFTER}, ACTOR)
        sent = fields(editor.get(f"/staff/event/launch/change/{created.updated_at}/"))
        assert editor.post("/staff/event/launch/restore/", sent).status_code == 302
        assert services.get_event("launch").fields == created.fields

    def test_a_change_that_never_was(self, viewer: Client) -> None:
        store()
        for event_id, at in (("launch", "2026-01-01"), ("launch", "9" * 500), ("nothing", "2026-01-01")):
            response = viewer.get(f"/staff/event/{event_id}/change/{at}/")
            assert response.status_code == 404
            assert "The history has no such version of this event." in text(response)

    def test_a_conflict_shows_where_they_differ_and_opens_to_them_in_full(self, editor: Client) -> None:
        store(description=self.BEFORE)
        typed = fields(editor.get("/staff/event/launch/edit/"))
        services.update_event("launch", {"description": self.AFTER}, ACTOR)
        response = editor.post("/staff/event/launch/edit/", {**typed, "description": self.BEFORE + " Or not."})
        assert response.status_code == 409
        for words in (self.BEFORE, self.AFTER, f"{self.BEFORE} Or not."):
            assert f"Show the full text {words}" in text(response)
            assert f"…{words[2768:]} Show the full text" in text(response)

    def test_a_version_that_is_out_of_reach(self, editor: Client) -> None:
        store(title="First")
        events = [services.update_event("launch", {"capacity": number}, ACTOR) for number in range(7)]
        services.update_event("launch", {"title": "Now"}, ACTOR)
        sent = {"at": events[3].updated_at, "revision": services.get_event("launch").revision}
        with patch("events.storage.history._ROWS_AT_FIRST", 2), patch("events.versions._MAX_READS", 1):
            page = editor.post("/staff/event/launch/restore/", sent)
        assert page.status_code == 409
        assert "The history is too long to restore this version completely." in text(page)
        assert "Restore only these values" in text(page)
        assert "Capacity Before 2 After 3" in text(page)
        assert "Restore this version" not in text(page)
        done: Any = editor.post("/staff/event/launch/restore/", {**fields(page), "fields": "changed"}, follow=True)
        assert services.get_event("launch").fields == make_fields(title="Now", capacity=3)
        editor.post(undo_address(done))
        assert services.get_event("launch").fields == make_fields(title="Now", capacity=6)

    def test_a_version_of_a_deleted_event_that_is_out_of_reach(self, editor: Client) -> None:
        store()
        events = [services.update_event("launch", {"capacity": number}, ACTOR) for number in range(7)]
        services.delete_event("launch", ACTOR)
        with patch("events.storage.history._ROWS_AT_FIRST", 2), patch("events.versions._MAX_READS", 1):
            page = editor.post("/staff/event/launch/restore/", {"at": events[3].updated_at, "revision": ""})
        assert page.status_code == 409
        assert "First restore the deleted event" in text(page)
        assert links(page)["its page"] == "/staff/event/launch/"
