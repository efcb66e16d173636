"""The list as staff use it: filter, order, count, pages, and what is empty."""

from __future__ import annotations

import re
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from events import listing, services
from events.visible_text import visible
from tests.support.builders import ACTOR, day, make_fields
from tests.support.builders import store_titled as store
from tests.support.fault_proxy import FaultProxy
from tests.support.page_reader import fields, links, text, titles

LIST = "/staff/events/"


def shown(client: Client, **query: str) -> list[str]:
    return titles(client.get(LIST, query))


class TestFilter:
    def test_upcoming_first_and_ended_hidden(self, viewer: Client) -> None:
        for title, days in {"past": -1, "later": 9, "today": 0, "soon": 2}.items():
            store(title, days)
        assert shown(viewer) == ["today", "soon", "later"]
        assert "Past events are hidden." in text(viewer.get(LIST))
        assert shown(viewer, ended="on") == ["past", "today", "soon", "later"]
        assert shown(viewer, sort="latest") == ["later", "soon", "today"]

    def test_a_day_that_is_past_shows_what_has_ended(self, viewer: Client) -> None:
        for title, days in {"long ago": -9, "past": -1, "soon": 2}.items():
            store(title, days)
        assert shown(viewer, first=day(-3)) == ["past", "soon"]
        assert shown(viewer, last=day(-1)) == ["long ago", "past"]
        assert shown(viewer, first=day(-9), last=day(-9)) == ["long ago"]
        assert shown(viewer, last=day(1)) == []

    def test_status_and_text(self, viewer: Client) -> None:
        store("Jazz", status="draft")
        store("Chess", organizer="JAZZ club")
        store("Yoga", location="Gym")
        assert shown(viewer, status="draft") == ["Jazz"]
        assert shown(viewer, q="jazz") == ["Chess", "Jazz"]
        assert shown(viewer, q="jazz", status="active") == ["Chess"]
        assert shown(viewer, status="unheard of") == []

    @pytest.mark.parametrize("status", ["draft", "no longer used", ""])
    def test_a_chosen_status_is_offered_once(self, viewer: Client, status: str) -> None:
        store("Jazz", status="draft")
        store("Chess", status="active")
        page = viewer.get(LIST, {"status": status}).content.decode()
        select = page[page.index('<select name="status"') :].split("</select>")[0]
        offered = re.findall('<option value="([^"]*)"', select)
        assert offered == sorted(offered)
        assert sorted({"", "active", "draft", status}) == offered
        assert re.findall('<option value="([^"]*)" selected', select) == [status]

    def test_location_and_organizer(self, viewer: Client) -> None:
        store("Jazz", location="Hall", organizer="Choir")
        store("Chess", location="Hall", organizer="Board")
        store("Yoga", location="Hall 2", organizer="Choir")
        assert shown(viewer, location="Hall") == ["Chess", "Jazz"]
        assert shown(viewer, location="Hall", organizer="Choir") == ["Jazz"]
        assert shown(viewer, organizer="Choir", status="active", q="yoga") == ["Yoga"]
        assert shown(viewer, location="hall") == []
        page = viewer.get(LIST, {"location": "Elsewhere"}).content.decode()
        select = page[page.index('<select name="location"') :].split("</select>")[0]
        assert re.findall('<option value="([^"]*)"', select) == ["", "Hall", "Hall 2", "Elsewhere"]
        assert b"Jazz" in b"".join(viewer.get("/staff/export/", {"location": "Hall"}))
        assert b"Yoga" not in b"".join(viewer.get("/staff/export/", {"location": "Hall"}))

    def test_each_active_filter_is_a_link_that_removes_it(self, viewer: Client) -> None:
        store("Jazz", location="Hall")
        query = {"q": "jazz", "location": "Hall", "status": "active", "first": day(-1), "after": "x"}
        found = links(viewer.get(LIST, query))
        del query["after"]
        for text_, name in {"“jazz”": "q", "Location: Hall": "location", "Status: active": "status"}.items():
            assert query_of(found[text_]) == {key: value for key, value in query.items() if key != name}
        assert found["Clear"] == LIST
        plain = links(viewer.get(LIST))
        assert plain["From today"] == "?ended=on"
        assert "Clear" not in plain

    def test_the_header_of_the_dates_changes_the_order(self, viewer: Client) -> None:
        for title, days in {"soon": 1, "later": 2}.items():
            store(title, days)
        response = viewer.get(LIST, {"q": "o", "after": "x"})
        assert 'aria-sort="ascending"' in response.content.decode()
        latest = viewer.get(f"{LIST}{links(response)['Date']}")
        assert query_of(links(response)["Date"]) == {"q": "o", "sort": "latest"}
        assert 'aria-sort="descending"' in latest.content.decode()
        assert query_of(links(latest)["Date"]) == {"q": "o"}

    @pytest.mark.parametrize(("length", "wrong"), [(200, False), (201, True)])
    def test_how_long_a_search_may_be(self, viewer: Client, length: int, wrong: bool) -> None:
        store("Jazz")
        response = viewer.get(LIST, {"q": "x" * length})
        assert ("at most 200 characters" in text(response)) is wrong
        assert titles(response) == (["Jazz"] if wrong else [])

    def test_a_page_goes_on_after_the_longest_id(self, viewer: Client) -> None:
        for number in range(2):
            services.create_event(make_fields(eventId=f"{number}" + "é" * 255, date=day(1)), ACTOR)
        with patch.object(listing, "PAGE_SIZE", 1):
            following = links(viewer.get(LIST))["Next"]
            assert "Launch night" in text(viewer.get(f"{LIST}{following}"))
            assert "Next" not in links(viewer.get(f"{LIST}{following}"))

    def test_what_is_no_date_is_said_and_does_not_filter(self, viewer: Client) -> None:
        store("A")
        response = viewer.get(LIST, {"first": "yesterday", "q": "a"})
        assert (response.status_code, titles(response)) == (200, ["A"])
        assert "Must be a date as YYYY-MM-DD." in text(response)

    @pytest.mark.parametrize("query", ["after=x", "before=%00", "after=" + "A" * 5000, "q=%00", "status=%F0%9F"])
    def test_a_query_that_makes_no_sense_is_a_page_all_the_same(self, viewer: Client, query: str) -> None:
        store("A")
        assert viewer.get(f"{LIST}?{query}").status_code == 200

    def test_as_one_types_only_the_results_come(self, viewer: Client) -> None:
        store("Jazz")
        headers = {"HX-Request": "true", "HX-Target": "results"}
        response = viewer.get(LIST, {"q": "ja"}, headers=headers)
        assert "<html" not in response.content.decode()
        assert '<span class="muted" id="count" hx-swap-oob="true">1 event</span>' in response.content.decode()
        assert titles(response) == ["Jazz"]
        assert "HX-Target" in response["Vary"]


class TestCount:
    def test_one_page_is_counted_without_a_query(self, viewer: Client, faults: FaultProxy) -> None:
        for number in range(3):
            store(f"E{number}")
        viewer.get(LIST)  # caches the statuses and other values
        faults.set(None)
        assert "Events 3 events" in text(viewer.get(LIST))
        assert faults.calls == ["BatchGetItem", "Query"]

    def test_several_pages_are_counted_by_one_query_for_some_seconds(self, viewer: Client, faults: FaultProxy) -> None:
        for number in range(5):
            store(f"E{number}", number)
        store("past", -1)
        with patch.object(listing, "PAGE_SIZE", 2):
            first = viewer.get(LIST)
            assert "Events 5 events" in text(first)
            faults.set(None)
            assert "Events 5 events" in text(viewer.get(f"{LIST}{links(first)['Next']}"))
            assert faults.calls == ["BatchGetItem", "Query"]
            store("another")
            assert "Events 6 events" in text(viewer.get(LIST))
            assert "Events 1 event " in text(viewer.get(LIST, {"q": "another"}))

    def test_a_long_list_is_counted_up_to_a_limit(self, viewer: Client) -> None:
        for number in range(5):
            store(f"E{number}", number)
        with patch.object(listing, "PAGE_SIZE", 2), patch.object(listing, "MOST_COUNTED", 4):
            page = text(viewer.get(LIST))
            assert "Events 4+ events" in page
        with patch.object(listing, "PAGE_SIZE", 2), patch.object(listing, "MOST_COUNTED", 5):
            assert "Events 5 events" in text(viewer.get(LIST))


class TestEmpty:
    def test_an_empty_desk_invites_to_create(self, editor: Client) -> None:
        found = links(editor.get(LIST, {"ended": "on"}))
        assert found["Create an event"] == "/staff/events/new/"
        assert "There are no events yet" in text(editor.get(LIST, {"ended": "on"}))

    def test_no_upcoming_events_offers_past_events(self, editor: Client) -> None:
        store("past", -3)
        response = editor.get(LIST)
        assert "No upcoming events" in text(response)
        assert shown(editor, **query_of(links(response)["Include them"])) == ["past"]

    def test_no_match_offers_to_clear(self, viewer: Client) -> None:
        store("A")
        response = viewer.get(LIST, {"q": "zebra"})
        assert "No events match" in text(response)
        assert links(response)["Clear the filter"] == LIST


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


class TestPages:
    def test_next_and_previous_keep_the_filter_and_survive_an_edit(self, viewer: Client) -> None:
        for number in range(7):
            store(f"Jazz {number}", number + 1)
            store(f"Chess {number}", number + 1)
        with patch.object(listing, "PAGE_SIZE", 3):
            first = viewer.get(LIST, {"q": "jazz", "status": "active"})
            services.delete_event("Jazz 2", ACTOR)
            second = viewer.get(LIST, query_of(links(first)["Next"]))
            assert titles(second) == ["Jazz 3", "Jazz 4", "Jazz 5"]
            third = viewer.get(LIST, query_of(links(second)["Next"]))
            assert titles(third) == ["Jazz 6"]
            back = viewer.get(LIST, query_of(links(second)["Previous"]))
            assert titles(back) == ["Jazz 0", "Jazz 1"]
            assert fields(back)["q"] == "jazz"

    def test_the_filter_is_kept_on_the_way_to_an_event_and_back(self, editor: Client) -> None:
        store("Jazz")
        response = editor.get(LIST, {"q": "jazz", "sort": "latest"})
        event = editor.get(links(response)["Jazz"])
        edit = editor.get(links(event)["Edit"])
        for page in (event, edit):
            assert '/staff/events/?q=jazz&amp;sort=latest"' in page.content.decode()


def test_titles_of_any_kind_are_only_text(editor: Client) -> None:
    hostile = ["<img src=x onerror=alert(1)>", "{{ 7*7777 }}", "'\"><script>", "\u202eright", "a\u200bb", "T" * 1000]
    for number, title in enumerate(hostile):
        services.create_event(make_fields(eventId=f"h{number}", title=title, date=day(number)), ACTOR)
    response = editor.get(LIST)
    assert titles(response) == [visible(title) for title in hostile]
    assert "<img src=x" not in response.content.decode()
    assert "54439" not in text(response)
