"""The calendar: a month's events on their days, and the ways to other months, to a day's list and to a new event."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client

from events.domain import SummaryPage
from events.months import Month
from events.pages.today import today
from tests.support.builders import store_titled as store
from tests.support.page_reader import fields, links, text, titles

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
    assert "Tue 1 Dec 2026 1 Tuesday also active first draft Wed 2 Dec 2026" in said
    assert "Thu 31 Dec 2026 31 Thursday late postponed" in said
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
    assert "Tue 1 Dec 2026 1 Tuesday e active Wed 2 Dec 2026" in text(open_month(viewer, "2026-12"))


def test_the_ways_to_other_months_keep_the_status(viewer: Client) -> None:
    there = links(open_month(viewer, "2026-12", status="draft"))
    assert there["← Nov 2026"] == "?month=2026-11&status=draft" or there["← Nov 2026"] == "?status=draft&month=2026-11"
    assert "month=2027-01" in there["Jan 2027 →"]
    assert there["Today"] == "?status=draft"
    assert there["All 0"] == "?month=2026-12"
    assert fields(open_month(viewer, "2026-12", status="draft")) == {"month": "2026-12", "status": "draft"}


def test_the_years_end_somewhere(viewer: Client) -> None:
    store("first of all", "0001-01-01")
    store("last of all", "9999-12-31")
    first, last = open_month(viewer, "0001-01"), open_month(viewer, "9999-12")
    assert "January 0001" in text(first)
    assert "first of all" in links(first)
    assert not any(word.startswith("←") for word in links(first))
    assert "last of all" in links(last)
    assert not any(word.endswith("→") for word in links(last))


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
    assert sorted(word for word in links(page) if word.startswith("e")) == ["e00", "e01", "e02", "e03"]
    assert "+ 46 more on Sat 29 Feb 2020" in text(page)
    listed = titles(viewer.get(links(page)["+ 46 more"]))
    assert listed == [f"e{number:02}" for number in range(50)]
    page = open_month(viewer, "2020-02", status="draft")
    assert titles(viewer.get(links(page)["+ 21 more"])) == [f"e{number:02}" for number in range(1, 50, 2)]


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
