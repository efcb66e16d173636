"""The calendar: events on their days, links to other months, lists and new events, and moving an event."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client

from events import services
from events.domain import SummaryPage
from events.months import Month, Week
from events.pages.today import today
from tests.support.builders import ACTOR
from tests.support.builders import store_titled as store
from tests.support.page_reader import fields, links, submit, text, titles, undo_address

CALENDAR = "/staff/calendar/"


def open_month(client: Client, month: str, **query: str) -> Any:
    page = client.get(CALENDAR, {"month": month, **query})
    assert page.status_code == 200
    return page


def test_events_are_on_their_days_with_their_status_in_words(viewer: Client) -> None:
    store("before", "2026-11-30")
    store("first", "2026-12-01", status="draft")
    store("also", "2026-12-01")
    store("late", "2026-12-31", status="postponed")
    store("after", "2027-01-01")
    page = open_month(viewer, "2026-12")
    said = text(page)
    assert "Tue 1 Dec 2026 Tue 1 also active first draft Wed 2 Dec 2026" in said
    assert "Thu 31 Dec 2026 Thu 31 late postponed" in said
    assert "All 3 active 1 draft 1 postponed 1" in said
    assert links(page)["late"] == "/staff/event/late/"
    assert {"before", "after"}.isdisjoint(links(page))


def test_this_month_is_shown_first_and_today_is_marked(viewer: Client) -> None:
    store("now", today().isoformat())
    page = viewer.get(CALENDAR)
    assert fields(page)["month"] == str(Month.of(today()))
    assert ", today" in text(page)
    assert "now" in links(page)
    assert ", today" not in text(open_month(viewer, "2001-01"))


def test_today_is_the_day_where_the_desk_is(viewer: Client, settings: Any) -> None:
    new_year = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    with patch("django.utils.timezone.now", return_value=new_year):
        assert "December 2026" in text(viewer.get(CALENDAR))
        settings.TIME_ZONE = "Europe/Berlin"
        assert "January 2027" in text(viewer.get(CALENDAR))


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_no_time_zone_moves_a_day(viewer: Client, settings: Any, zone: str) -> None:
    settings.TIME_ZONE = zone
    store("e", "2026-12-01")
    assert "Tue 1 Dec 2026 Tue 1 e active Wed 2 Dec 2026" in text(open_month(viewer, "2026-12"))


def test_the_ways_to_other_months_keep_the_status(viewer: Client) -> None:
    there = links(open_month(viewer, "2026-12", status="draft"))
    assert there["November 2026"] == "?status=draft&month=2026-11"
    assert there["January 2027"] == "?status=draft&month=2027-01"
    assert there["Today"] == "?status=draft"
    assert there["All 0"] == "?month=2026-12"
    assert fields(open_month(viewer, "2026-12", status="draft")) == {"month": "2026-12", "status": "draft"}


def test_the_years_end_somewhere(viewer: Client) -> None:
    store("first of all", "0001-01-01")
    store("last of all", "9999-12-31")
    first, last = open_month(viewer, "0001-01"), open_month(viewer, "9999-12")
    assert "January 0001" in text(first)
    assert "first of all" in links(first)
    assert 'rel="prev"' not in first.content.decode()
    assert "last of all" in links(last)
    assert 'rel="next"' not in last.content.decode()


@pytest.mark.parametrize("wrong", ["2026-13", "0000-01", "soon", "<b>"])
def test_what_is_no_month_is_said_and_this_one_shown(viewer: Client, wrong: str) -> None:
    page = open_month(viewer, wrong)
    assert f"“{wrong}” is not a month" in text(page)
    assert fields(page)["month"] == str(Month.of(today()))
    assert "is not a month" not in text(open_month(viewer, ""))


def test_fifty_events_on_a_day_lead_to_their_list(viewer: Client) -> None:
    for number in range(50):
        store(f"e{number:02}", "2020-02-29", status="draft" if number % 2 else "active")
    page = open_month(viewer, "2020-02")
    assert sorted(word for word in links(page) if word.startswith("e")) == ["e00", "e01", "e02"]
    assert "+ 47 more on Sat 29 Feb 2020" in text(page)
    listed = titles(viewer.get(links(page)["+ 47 more"]))
    assert listed == [f"e{number:02}" for number in range(50)]
    page = open_month(viewer, "2020-02", status="draft")
    assert titles(viewer.get(links(page)["+ 22 more"])) == [f"e{number:02}" for number in range(1, 50, 2)]


def test_a_month_without_events_says_so(viewer: Client) -> None:
    assert "No events in May 2031." in text(open_month(viewer, "2031-05"))
    store("e", "2031-05-05")
    assert "No events" not in text(open_month(viewer, "2031-05"))
    assert "No events with this status in May 2031." in text(open_month(viewer, "2031-05", status="draft"))


def test_a_month_that_is_too_much_says_so(viewer: Client) -> None:
    with patch("events.months.search_events", return_value=SummaryPage([], "2026-12-14#e", full=False)):
        page = open_month(viewer, "2026-12")
    assert "From Mon 14 Dec 2026 on, some are not shown." in text(page)
    assert links(page)["See all in the list"] == "/staff/events/?first=2026-12-14"


def test_editors_begin_a_new_event_on_a_day(viewer: Client, editor: Client) -> None:
    address = links(open_month(editor, "2028-02"))["New event on Tue 29 Feb 2028"]
    assert fields(editor.get(address))["date"] == "2028-02-29"
    assert not any(word.startswith("New event") for word in links(open_month(viewer, "2028-02")))


def test_markup_in_events_is_text(viewer: Client) -> None:
    evil = "<script>alert(1)</script>\"'&"
    store("a?b#c%", "2026-12-24", title=evil, status=evil)
    page = open_month(viewer, "2026-12", status=evil)
    assert page.content.decode().count("<script>") == 0
    assert links(page)[evil] == "/staff/event/a%3Fb%23c%25/"
    assert viewer.get(links(page)[evil]).status_code == 200


def test_the_form_of_a_new_event_on_a_day_is_no_copy(editor: Client) -> None:
    assert "Copy of an event" not in text(editor.get("/staff/events/new/", {"date": "2028-02-29"}))


class TestViews:
    def test_a_week(self, viewer: Client) -> None:
        store("before", "2026-12-13")
        store("monday", "2026-12-14", location="Cellar")
        store("sunday", "2026-12-20")
        page = viewer.get(CALENDAR, {"view": "week", "day": "2026-12-16", "status": "active"})
        assert "14 to 20 Dec 2026 2 events" in text(page)
        assert "Mon 14 monday Cellar active" in text(page)
        assert {"monday", "sunday"} <= links(page).keys()
        assert "before" not in links(page)
        assert links(page)["7 to 13 Dec 2026"] == "?view=week&status=active&day=2026-12-07"
        assert links(page)["Month"] == "?status=active&month=2026-12"
        assert fields(page) == {"day": "2026-12-14", "view": "week", "status": "active"}

    def test_the_agenda_lists_the_days_with_events(self, viewer: Client) -> None:
        store("first", "2026-12-01", location="Cellar")
        store("last", "2026-12-31")
        page = viewer.get(CALENDAR, {"view": "agenda", "month": "2026-12"})
        assert "Tue 1 Dec 2026 Tue 1 first Cellar active Thu 31 Dec 2026 Thu 31 last" in text(page)
        assert "Wed 2" not in text(page)
        assert links(page)["November 2026"] == "?view=agenda&month=2026-11"
        assert "No events in November 2026." in text(viewer.get(CALENDAR, {"view": "agenda", "month": "2026-11"}))

    def test_other_views_open_at_today_if_it_is_shown(self, viewer: Client) -> None:
        assert links(viewer.get(CALENDAR))["Week"] == f"?view=week&day={today()}"
        assert links(open_month(viewer, "2001-05"))["Week"] == "?view=week&day=2001-05-01"
        assert links(viewer.get(CALENDAR, {"view": "week"}))["Month"] == f"?month={Month.of(today())}"

    @pytest.mark.parametrize("wrong", ["2026-12", "2026-02-30", "soon"])
    def test_an_invalid_day_shows_the_current_week(self, viewer: Client, wrong: str) -> None:
        page = viewer.get(CALENDAR, {"view": "week", "day": wrong})
        assert f"“{wrong}” is not a day" in text(page)
        assert fields(page)["day"] == str(Week.of(today()))

    def test_an_unknown_view_is_a_month(self, viewer: Client) -> None:
        assert "December 2026" in text(viewer.get(CALENDAR, {"view": "year", "month": "2026-12"}))

    @pytest.mark.parametrize(("view", "shown"), [("week", 11), ("agenda", 19)])
    def test_a_day_shows_a_limited_number_of_events(self, viewer: Client, view: str, shown: int) -> None:
        for number in range(25):
            store(f"e{number:02}", "2026-12-16")
        page = viewer.get(CALENDAR, {"view": view, "day": "2026-12-16", "month": "2026-12"})
        assert sum(word.startswith("e") for word in links(page)) == shown
        assert f"+ {25 - shown} more on Wed 16 Dec 2026" in text(page)


class TestFirstDay:
    def test_everyone_chooses_the_first_day_of_the_week(self, viewer: Client, editor: Client) -> None:
        query = "calendar=view%3Dweek%26day%3D2026-12-16"
        response = viewer.post(f"{CALENDAR}first-day/?{query}", {"first_day": "sunday"})
        assert response["Location"] == f"{CALENDAR}?view=week&day=2026-12-16"
        assert "13 to 19 Dec 2026" in text(viewer.get(response["Location"]))
        assert "Sun Mon Tue Wed Thu Fri Sat" in text(open_month(viewer, "2026-12"))
        assert "14 to 20 Dec 2026" in text(editor.get(response["Location"]))
        viewer.post(f"{CALENDAR}first-day/", {"first_day": "monday"})
        assert "Mon Tue Wed Thu Fri Sat Sun" in text(open_month(viewer, "2026-12"))

    def test_an_unknown_day_changes_nothing(self, viewer: Client) -> None:
        for first_day in ("", "friday", "<b>"):
            response = viewer.post(f"{CALENDAR}first-day/", {"first_day": first_day})
            assert response["Location"] == CALENDAR
        assert "Mon Tue Wed" in text(open_month(viewer, "2026-12"))
        assert viewer.get(f"{CALENDAR}first-day/").status_code == 405

    def test_an_account_without_room_changes_nothing(self, viewer: Client) -> None:
        with patch("eventsite.accounts.preferences.MAX_BYTES", 5):
            viewer.post(f"{CALENDAR}first-day/", {"first_day": "sunday"})
        page = open_month(viewer, "2026-12")
        assert "Your account has no space for this setting." in text(page)
        assert "Mon Tue Wed" in text(page)

    def test_the_way_back_stays_on_the_calendar(self, viewer: Client) -> None:
        response = viewer.post(f"{CALENDAR}first-day/?calendar=//evil.example/", {"first_day": "sunday"})
        assert response["Location"] == f"{CALENDAR}?//evil.example/"


class TestMoving:
    MOVE = "/staff/event/gala/move/?calendar=month%3D2026-12"

    def test_a_form_moves_an_event_and_leads_back(self, editor: Client) -> None:
        store("gala", "2026-12-01")
        address = links(open_month(editor, "2026-12"))["Move gala"]
        assert address == self.MOVE
        assert fields(editor.get(address)) == {"date": "2026-12-01"}
        response = submit(editor, address, date="2027-01-05")
        assert response["Location"] == f"{CALENDAR}?month=2026-12"
        page = editor.get(response["Location"])
        assert "“gala” was moved to Tue 5 Jan 2027." in text(page)
        assert services.get_event("gala").fields["date"] == "2027-01-05"
        undone = editor.post(undo_address(page))
        assert undone["Location"] == f"{CALENDAR}?month=2026-12"
        assert "The change was undone." in text(editor.get(undone["Location"]))
        assert services.get_event("gala").fields["date"] == "2026-12-01"

    def test_only_the_date_changes(self, editor: Client) -> None:
        """Also if somebody else changed the event after the calendar was shown."""
        before = store("gala", "2026-12-01")
        services.update_event("gala", {"title": "Gala dinner", "capacity": 9}, ACTOR)
        editor.post(self.MOVE, {"date": "2026-12-24", "title": "Mine", "status": "draft"})
        expected = {**before.fields, "title": "Gala dinner", "capacity": 9, "date": "2026-12-24"}
        assert services.get_event("gala").fields == expected

    @pytest.mark.parametrize("wrong", ["", "2026-02-30", "tomorrow", "<b>", "0000-01-01"])
    def test_an_invalid_date_is_an_error(self, editor: Client, wrong: str) -> None:
        before = store("gala", "2026-12-01")
        response = editor.post(self.MOVE, {"date": wrong})
        assert response.status_code == 422
        assert "The date must be" in text(response)
        assert services.get_event("gala") == before

    def test_the_same_date_changes_nothing(self, editor: Client) -> None:
        before = store("gala", "2026-12-01")
        for _ in range(2):  # like the second of two clicks
            response = editor.post(self.MOVE, {"date": "2026-12-01"})
            assert "No changes." in text(editor.get(response["Location"]))
        assert services.get_event("gala") == before

    def test_a_deleted_event_cannot_be_moved(self, editor: Client) -> None:
        assert editor.post(self.MOVE, {"date": "2026-12-01"}).status_code == 404
        assert editor.get(self.MOVE).status_code == 404

    def test_viewers_do_not_move_events(self, viewer: Client) -> None:
        store("gala", "2026-12-01")
        assert "Move gala" not in links(open_month(viewer, "2026-12"))
        assert viewer.post(self.MOVE, {"date": "2026-12-02"}).status_code == 403


def test_a_printed_page_names_its_filter_and_who_printed_it(viewer: Client) -> None:
    store("gala", "2026-12-01", status="draft")
    assert "Month: 2026-12, Status: draft · printed by vera, " in text(open_month(viewer, "2026-12", status="draft"))
    page = viewer.get("/staff/events/", {"q": "gala", "first": "2026-12-01", "last": "", "after": ""})
    assert "Search: gala, From: 2026-12-01 · printed by vera, " in text(page)
    assert "No filter · printed by vera, " in text(viewer.get(CALENDAR))
