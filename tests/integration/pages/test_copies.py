"""Copies of an event: which days are asked for, what is shown before, and one undo for all."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from events import services
from events.domain import EventRange
from tests.support.builders import ACTOR, make_fields, store
from tests.support.fault_proxy import FaultProxy
from tests.support.page_reader import fields, links, text, undo_address

COPY = "/staff/event/launch/copy/"
LIST = "?list=q%3Dlaunch"


def dates() -> list[str]:
    return [event["date"] for event in services.list_events(EventRange())[0]]


def confirmation(client: Client, **typed: Any) -> tuple[str, Any]:
    """The address of the batch that waits to be confirmed, and its page."""
    response: Any = client.post(COPY, typed, follow=True)
    assert response.redirect_chain, text(response)
    return response.redirect_chain[-1][0], response


def menu(client: Client) -> dict[str, str]:
    """The fields of the form in the menu of the event."""
    shown = fields(client.get("/staff/event/launch/"))
    return {name: shown[name] for name in ("repeat", "generated_id")}


class TestWhichDays:
    def test_the_page_of_the_event_leads_to_it(self, editor: Client, viewer: Client) -> None:
        store()
        found = links(editor.get(f"/staff/event/launch/{LIST}"))
        assert found["Several days, weekly or monthly…"] == f"{COPY}{LIST}"
        assert found["Edit the copy first…"] == "/staff/events/new/?list=q%3Dlaunch&copy=launch"
        assert "Cop" not in text(viewer.get("/staff/event/launch/"))
        assert "Copy Launch night" in text(editor.get(COPY))

    def test_one_day_leads_to_the_form_with_the_other_events_of_the_day(self, editor: Client) -> None:
        store()
        store("jazz", title="Jazz", date="2026-12-08", location="MAIN hall")
        response: Any = editor.post(f"{COPY}{LIST}", {"repeat": "days", "day": ["", "2026-12-08", ""]}, follow=True)
        assert response.redirect_chain == [("/staff/events/new/?copy=launch&date=2026-12-08&list=q%3Dlaunch", 302)]
        form = fields(response)
        assert (form["title"], form["date"], form["eventId"]) == ("Launch night", "2026-12-08", "")
        assert "There is 1 other event on this day at this location: “Jazz”." in text(response)

    def test_the_menu_of_the_event_copies_to_a_day_at_once(self, editor: Client) -> None:
        store(status="Active", description="\nLines\n")
        form = menu(editor)
        pages: list[Any] = [editor.post(f"{COPY}{LIST}", {**form, "day": "2026-12-08"}, follow=True) for _ in range(2)]
        copy = services.list_events(EventRange(first_date="2026-12-02"))[0]
        assert [{**event, "eventId": ""} for event in copy] == [
            make_fields(eventId="", date="2026-12-08", status="Active", description="\nLines\n")
        ]
        for page in pages:  # a double click
            assert page.redirect_chain == [(f"/staff/event/{copy[0]['eventId']}/{LIST}", 302)]
        assert "“Launch night” was copied to Tue 8 Dec 2026." in text(pages[0])
        editor.post(undo_address(pages[0]))
        assert dates() == ["2026-12-01"]

    def test_the_menu_shows_the_other_events_of_the_day_first(self, editor: Client) -> None:
        store()
        store("jazz", title="Jazz", date="2026-12-08", location="MAIN hall")
        page: Any = editor.post(COPY, {**menu(editor), "day": "2026-12-08"}, follow=True)
        assert page.redirect_chain == [("/staff/events/new/?copy=launch&date=2026-12-08", 302)]
        assert "There is 1 other event on this day at this location: “Jazz”." in text(page)
        assert dates() == ["2026-12-01", "2026-12-08"]

    def test_several_days_become_a_batch_with_one_undo(self, editor: Client) -> None:
        store(description="\nLines\n", status="Active")
        days = ["2026-12-08", "", "2026-12-15", "2026-12-08"]
        address, page = confirmation(editor, repeat="days", day=days)
        assert dates() == ["2026-12-01"]
        assert "Copy “Launch night” to 2 days?" in text(page)
        assert "2 events will be created. You can undo this." in text(page)
        for _ in range(2):  # a double click
            report: Any = editor.post(address, follow=True)
            assert "2 events created" in text(report)
        assert links(report)["Tue 8 Dec 2026"].startswith("/staff/event/")
        created = services.list_events(EventRange(first_date="2026-12-02"))[0]
        assert [{**event, "eventId": ""} for event in created] == [
            make_fields(eventId="", date=day, description="\nLines\n", status="Active")
            for day in ("2026-12-08", "2026-12-15")
        ]
        editor.post(undo_address(report))
        assert dates() == ["2026-12-01"]

    def test_every_week_so_many_times(self, editor: Client) -> None:
        store()
        address, page = confirmation(editor, repeat="week", times="10")
        assert "Copy “Launch night” to 10 days?" in text(page)
        editor.post(address)
        assert dates()[:2] + dates()[-1:] == ["2026-12-01", "2026-12-08", "2027-02-09"]

    def test_every_month_names_the_months_that_are_skipped(self, editor: Client) -> None:
        store()
        address, page = confirmation(editor, repeat="month", first="2027-01-31", until="2027-04-30")
        assert "Sun 31 Jan 2027 Wed 31 Mar 2027" in text(page)
        for page_again in (page, editor.get(address), editor.post(address, follow=True)):
            assert "Months without a day 31 are skipped: February 2027, April 2027." in text(page_again)
        address, page = confirmation(editor, repeat="month", times="2")
        assert "skipped" not in text(page)

    def test_other_events_at_the_same_time_and_place_are_shown_before(self, editor: Client) -> None:
        store()
        store("jazz", title="Jazz", date="2026-12-08", location="main hall", status="draft")
        store("elsewhere", title="Elsewhere", date="2026-12-08", location="Main hall 2")
        _, page = confirmation(editor, repeat="week", times="2")
        assert "On 1 of these days there are other events at the same location." in text(page)
        assert "Tue 8 Dec 2026 Same location Jazz (draft) Tue 15 Dec 2026" in text(page)
        assert "Elsewhere" not in text(page)

    def test_for_a_hundred_copies_they_cost_one_query(self, editor: Client, faults: FaultProxy) -> None:
        store()
        store("jazz", title="Jazz", date="2028-10-31")
        address, page = confirmation(editor, repeat="week", times="100")
        assert "Tue 31 Oct 2028 Same location Jazz (active)" in text(page)
        faults.set(None)
        assert editor.get(address).status_code == 200
        assert faults.calls == ["BatchGetItem"] + ["GetItem"] * 3 + ["Query"]  # access, batch, its two parts

    def test_more_days_keeps_what_was_typed(self, editor: Client) -> None:
        store()
        page = editor.post(COPY, {"repeat": "days", "day": ["2026-12-08"], "more": "yes"})
        assert (page.status_code, page.content.decode().count('name="day"')) == (200, 7)
        assert 'value="2026-12-08"' in page.content.decode()


class TestErrors:
    @pytest.mark.parametrize(
        ("typed", "sentence"),
        [
            ({"repeat": "days"}, "Enter at least one day."),
            ({"repeat": "days", "day": ["2026-02-30", "soon"]}, "These are not valid dates: 2026-02-30, soon."),
            ({"repeat": "days", "day": [f"2027-{n // 28 + 1:02}-{n % 28 + 1:02}" for n in range(101)]}, "At most 100"),
            ({"repeat": "week"}, "Enter a last day, or a number of copies."),
            ({"repeat": "week", "until": "2026-12-07"}, "The first copy would be after this day. Enter a later day."),
            ({"repeat": "week", "until": "9999-12-31"}, "At most 100 copies can be created at once."),
            ({"repeat": "month", "until": "9999-12-31"}, "At most 100 copies can be created at once."),
            ({"repeat": "month", "times": "101"}, "At most 100 copies can be created at once."),
            ({"repeat": "month", "times": "0"}, "Must be 1 or more."),
            ({"repeat": "month", "times": "many"}, "Enter a whole number."),
            ({"repeat": "week", "first": "2026-02-30", "times": "2"}, "Must be a day that exists."),
            ({"repeat": "days", "generated_id": "7b0e2f6c-9f34-4d0f-8a0e-000000000000"}, "Enter at least one day."),
            ({"repeat": "days", "day": "2026-12-08", "generated_id": "mine"}, "Enter a valid UUID."),
            ({"repeat": "never"}, "Select a valid choice."),
            ({}, "This field is required."),
        ],
    )
    def test_are_said_and_nothing_is_prepared(self, editor: Client, typed: dict[str, Any], sentence: str) -> None:
        store()
        page = editor.post(COPY, typed)
        assert page.status_code == 422
        assert sentence in text(page)
        assert dates() == ["2026-12-01"]

    def test_an_invalid_day_is_left_out_of_its_field(self, editor: Client) -> None:
        store()
        page = editor.post(COPY, {"repeat": "days", "day": ["2026-12-08", "2026-02-30", "soon"]})
        assert re.findall('name="day" value="(.*?)"', page.content.decode()) == ["2026-12-08", "", "", "", "", ""]

    def test_an_event_that_does_not_exist(self, editor: Client) -> None:
        assert editor.get(COPY).status_code == 404
        store()
        services.delete_event("launch", ACTOR)
        assert editor.post(COPY, {"repeat": "week", "times": "2"}).status_code == 404

    def test_a_date_that_another_program_wrote(self, editor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        odd = services.get_event(store().fields["eventId"])
        monkeypatch.setattr(services, "get_event", lambda _: odd._replace(fields={**odd.fields, "date": "someday"}))
        assert "Enter the first day." in text(editor.post(COPY, {"repeat": "week", "times": "2"}))
        assert editor.get(COPY).status_code == 200
