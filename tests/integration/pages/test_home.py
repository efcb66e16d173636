"""The home page: the next days in numbers, the next events, and the latest changes."""

from __future__ import annotations

import pytest
from django.test import Client

from events import services
from events.domain import Actor
from tests.support.builders import ACTOR, store_all, titled_fields
from tests.support.builders import store_titled as store
from tests.support.fault_proxy import THROTTLE, FaultProxy
from tests.support.page_reader import links, text, titles

HOME = "/staff/"


def test_what_is_coming_up_at_a_glance(viewer: Client) -> None:
    store("past", -1, capacity=1000)
    store("tonight", 0, capacity=100, location="Cellar")
    store("soon", 2, capacity=20, status="draft")
    store("last", 29, capacity=3)
    store("too late", 30, capacity=1000)
    page = viewer.get(HOME)
    assert page.status_code == 200
    assert titles(page) == ["tonight", "soon", "last"]
    said = text(page)
    assert "The next 30 days" in said
    assert "3 events in total 2 active 1 draft" in said
    assert "123 people in total" in said
    assert "Cellar" in said
    assert links(page)["tonight"] == "/staff/event/tonight/"


def test_only_the_next_eight_are_named(viewer: Client) -> None:
    for number in range(10):
        store(f"e{number}")
    page = viewer.get(HOME)
    assert titles(page) == [f"e{number}" for number in range(8)]
    assert "10 events in total 10 active" in text(page)


def test_counts_lead_to_the_list_that_they_count(viewer: Client) -> None:
    store("old one", -1, status="to be & seen")
    store("this one", 29, status="to be & seen")
    store("other", 29)
    store("later one", 30, status="to be & seen")
    assert titles(viewer.get(links(viewer.get(HOME))["to be & seen"])) == ["this one"]
    assert titles(viewer.get(links(viewer.get(HOME))["2"])) == ["other", "this one"]


def test_the_chart_says_what_its_table_says(viewer: Client) -> None:
    store("a", 0, capacity=1234)
    page = viewer.get(HOME)
    chart = page.content.decode().partition('<svg class="chart" role="img"')[2].partition("</svg>")[0]
    assert 'height="70.00%"' in chart
    assert ">1,234</text>" in chart
    assert "style=" not in chart
    table = text(page).partition("Events and capacity per week")[2]
    assert table.startswith(" Days Events Capacity")
    assert " 1 1,234 " in table


def test_latest_activity(viewer: Client) -> None:
    for number in range(9):
        store(f"e{number}", actor=Actor("key:Website"))
    services.update_event("e3", {"capacity": 4, "status": "draft"}, Actor("edith"))
    services.delete_event("e4", Actor("anonymous"))
    said = text(viewer.get(HOME)).partition("Latest activity")[2]
    assert "The API (no key) deleted e4" in said
    assert "edith changed e3 : capacity, status" in said
    assert "API key Website created e8" in said
    assert said.count(" created ") == 6


def test_an_empty_desk_invites_editors_to_create_an_event(viewer: Client, editor: Client) -> None:
    page = editor.get(HOME)
    assert "There are no events yet" in text(page)
    assert links(page)["Create an event"] == "/staff/events/new/"
    assert links(page)["Import a file"] == "/staff/import/"
    assert "Latest activity" not in text(page)
    page = viewer.get(HOME)
    assert "There are no events yet" in text(page)
    assert "Create an event" not in links(page)


def test_nothing_soon_is_not_an_empty_desk(viewer: Client, faults: FaultProxy) -> None:
    store("past", -1)
    faults.set(None)
    for queries in (2, 3):  # a desk whose latest change is a deletion may be empty: one more query tells
        faults.calls.clear()
        said = text(viewer.get(HOME))
        assert "There are no events yet" not in said
        assert "No events in the next 30 days." in said
        assert "0 events in total" in said
        assert faults.calls.count("Query") == queries
        store("other", -1)
        services.delete_event("other", ACTOR)


def test_a_desk_without_its_last_event_is_empty(editor: Client) -> None:
    store("only")
    services.delete_event("only", ACTOR)
    assert "There are no events yet" in text(editor.get(HOME))


def test_editors_can_begin_here_and_viewers_cannot(viewer: Client, editor: Client) -> None:
    store("a")
    assert links(editor.get(HOME))["New event"] == "/staff/events/new/"
    assert "New event" not in links(viewer.get(HOME))


def test_markup_in_events_is_text(viewer: Client) -> None:
    evil = "<script>alert(1)</script>\"'&"
    store("evil", title=evil, location=evil, status=evil, actor=Actor(f"key:{evil}"))
    page = viewer.get(HOME)
    assert page.content.decode().count("<script>") == 0
    assert titles(page) == [evil]
    assert f"API key {evil} created {evil}" in text(page)


@pytest.mark.parametrize("path", [HOME, "/staff/calendar/", "/staff/activity/"])
def test_many_events_cost_no_more_calls_than_few(path: str, viewer: Client, faults: FaultProxy) -> None:
    def calls_of(numbers: range) -> list[str]:
        faults.set(None)
        store_all(titled_fields(f"e{number}", 0) for number in numbers)
        faults.calls.clear()
        assert viewer.get(path).status_code == 200
        return list(faults.calls)

    few = calls_of(range(20))
    assert calls_of(range(20, 500)) == few
    assert few.count("Query") == {HOME: 2}.get(path, 1)
    assert "Scan" not in few


def test_storage_that_fails_is_a_friendly_page(viewer: Client, faults: FaultProxy) -> None:
    faults.set(THROTTLE, "Query")
    page = viewer.get(HOME)
    assert page.status_code in (500, 503)
    assert page["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("path", [HOME, "/staff/calendar/", "/staff/activity/"])
def test_these_pages_are_read_only_and_for_staff(path: str, viewer: Client) -> None:
    assert viewer.head(path).status_code == 200
    assert viewer.post(path).status_code == 405
    answer = Client(headers={"Accept": "text/html"}).get(path)
    assert (answer.status_code, answer["Location"]) == (302, f"/staff/login/?next={path}")
