"""Searches, order, and pages in both directions of `GET /events`."""

from __future__ import annotations

import json
from itertools import chain
from typing import Any

import pytest
from django.http import HttpResponse
from rest_framework.test import APIClient, RequestsClient

from events import services
from events.storage import lists as event_lists
from tests.support.api_calls import assert_error, create, send
from tests.support.builders import store_titled


def ids(response: HttpResponse) -> list[str]:
    assert response.status_code == 200, response.content
    return [event["eventId"] for event in json.loads(response.content)]


def error(field: str, code: str, message: str) -> dict[str, str]:
    return {"field": field, "message": message, "code": code}


def links(response: Any) -> dict[str, str]:
    """The path of each link, without the host."""
    parts = response.headers.get("Link", "").split(", ") if "Link" in response.headers else []
    return {part.split('rel="')[1][:-1]: part[1 : part.index(">")].removeprefix("http://testserver") for part in parts}


class TestPages:
    @pytest.fixture(autouse=True)
    def _events(self, api: APIClient) -> None:
        for number in range(5):
            create(api, eventId=f"e{number}", date=f"2026-12-0{number + 1}", status=("active", "draft")[number % 2])

    @pytest.mark.parametrize("order", ["date", "-date"])
    @pytest.mark.parametrize(
        "narrowed", ["", "&status=active&status=draft", "&q=launch", "&from=2026-12-01&to=2026-12-05"]
    )
    def test_lead_forward_and_back(self, api: APIClient, order: str, narrowed: str) -> None:
        names = [f"e{number}" for number in range(5)]
        if order == "-date":
            names.reverse()
        first = api.get(f"/events?order={order}&limit=2{narrowed}")
        assert (ids(first), set(links(first))) == (names[:2], {"next"})
        second = api.get(links(first)["next"])
        assert (ids(second), set(links(second))) == (names[2:4], {"next", "prev", "first"})
        third = api.get(links(second)["next"])
        assert (ids(third), set(links(third))) == (names[4:], {"prev", "first"})
        back = api.get(links(third)["prev"])
        assert (ids(back), set(links(back))) == (names[2:4], {"next", "prev", "first"})
        assert ids(api.get(links(back)["next"])) == names[4:]
        beginning = api.get(links(back)["prev"])
        assert (ids(beginning), set(links(beginning))) == (names[:2], {"next", "first"})
        for page in (second, third, back, beginning):
            assert ids(api.get(links(page)["first"])) == names[:2]
        client = RequestsClient()
        assert (
            client.get(f"http://testserver{links(back)['prev']}")
            .links["next"]["url"]
            .endswith(links(beginning)["next"])
        )

    def test_a_cursor_of_another_order_is_refused(self, api: APIClient) -> None:
        message = "must be a cursor from a page in the same order"
        for order, other in (("date", "-date"), ("-date", "date")):
            path = links(api.get(f"/events?limit=2&order={order}"))["next"]
            response = api.get(path.replace(f"order={order}", f"order={other}"))
            assert_error(response, 422, f"cursor {message}.", [error("cursor", "invalid_cursor", message)])

    def test_the_pages_before_deleted_events_are_empty(self, api: APIClient) -> None:
        second = api.get(links(api.get("/events?limit=2"))["next"])
        for event_id in ("e0", "e1"):
            send(api, "DELETE", f"/events/{event_id}")
        back = api.get(links(second)["prev"])
        assert (ids(back), links(back)) == ([], {"next": "/events?limit=2", "first": "/events?limit=2"})

    def test_a_last_page_whose_events_were_deleted_leads_back_to_all_earlier_ones(self, api: APIClient) -> None:
        second = api.get(links(api.get("/events?limit=2"))["next"])
        send(api, "DELETE", "/events/e4")
        third = api.get(links(second)["next"])
        assert (ids(third), set(links(third))) == ([], {"prev", "first"})
        assert ids(api.get(links(third)["prev"])) == ["e2", "e3"]


class TestSearch:
    @pytest.fixture(autouse=True)
    def _events(self) -> None:
        store_titled("pier", "2026-12-01", title="Candlelight tour of the old harbour", location="Pier")
        store_titled("swim", "2026-12-02", title="Harbour swim", organizer="Ævar Ltd", status="draft")
        store_titled("cafe", "2026-12-03", title="Café “by the sea”", description="harbour")

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("q=harbour", ["pier", "swim"]),
            ("q=HARBOUR+candle", ["pier"]),
            ("q=aevar", ["swim"]),
            ("q=cafe", ["cafe"]),
            ("q=%22the+sea%22", ["cafe"]),
            ("q=%22sea+the%22", []),
            ("q=harbour&order=-date", ["swim", "pier"]),
            ("q=harbour&status=draft", ["swim"]),
            ("q=harbour&status=draft&status=active", ["pier", "swim"]),
            ("q=harbour&from=2026-12-02", ["swim"]),
            ("q=harbour&to=2026-12-01", ["pier"]),
        ],
    )
    def test_finds_words_as_the_pages_do(self, api: APIClient, query: str, found: list[str]) -> None:
        response = api.get(f"/events?{query}")
        assert ids(response) == found
        assert json.loads(response.content) == [services.get_event(event_id).fields for event_id in found]
        assert "Link" not in response

    def test_without_a_limit_has_pages_of_100(self, api: APIClient) -> None:
        for number in range(101):
            store_titled(f"{number:03}", "2026-11-01", title="Choir")
        first = api.get("/events?q=choir")
        assert len(ids(first)) == 100
        assert ids(api.get(links(first)["next"])) == ["100"]

    @pytest.mark.parametrize("narrowed", ["", "&status=active&status=draft"])
    def test_a_page_may_be_empty_and_lead_on(
        self, api: APIClient, monkeypatch: pytest.MonkeyPatch, narrowed: str
    ) -> None:
        for number in range(1, 29):
            store_titled(f"common{number:02}", f"2026-11-{number:02}", title="Common")
        monkeypatch.setattr(event_lists, "_FIRST_QUERY_ITEMS", 5)
        monkeypatch.setattr(services, "MAX_SEARCH_QUERIES", 1)
        pages = [api.get(f"/events?q=harbour{narrowed}")]
        assert ids(pages[0]) == []
        while "next" in links(pages[-1]):
            pages.append(api.get(links(pages[-1])["next"]))
        assert list(chain.from_iterable(map(ids, pages))) == ["pier", "swim"]
        assert len(pages) > 3
        back = [pages[-1]]
        while "prev" in links(back[-1]):
            back.append(api.get(links(back[-1])["prev"]))
        assert list(chain.from_iterable(map(ids, reversed(back)))) == ["pier", "swim"]
