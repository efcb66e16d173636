"""`GET /events`: order, filters, pages and errors, with whole responses."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
from rest_framework.test import APIClient, RequestsClient

from tests.support.api_calls import LAUNCH, assert_error, create, send


class TestList:
    def test_without_events_returns_an_empty_list(self, api: APIClient) -> None:
        response = api.get("/events")
        assert (response.status_code, response.content, response["Content-Type"]) == (200, b"[]", "application/json")
        assert "Link" not in response

    def test_is_in_order_of_date_then_id(self, api: APIClient) -> None:
        for event_id, day in (("b", "2026-12-02"), ("🎪", "2026-12-01"), ("\uffee", "2026-12-01"), ("a", "2026-12-02")):
            create(api, eventId=event_id, date=day)
        for query in ("", "?status=active", "?from=2026-12-01", "?limit=10"):
            events = json.loads(api.get(f"/events{query}").content)
            assert [event["eventId"] for event in events] == ["\uffee", "🎪", "a", "b"]
            assert events[2] == {**LAUNCH, "eventId": "a", "date": "2026-12-02"}

    @pytest.mark.parametrize(
        ("query", "ids"),
        [
            ("status=active", ["a1", "a2"]),
            ("status=cancelled", ["c1"]),
            ("status=Active", []),
            ("status=%00", []),
            ("status=%FF", []),
            ("from=2026-12-02", ["c1", "a2"]),
            ("to=2026-12-01", ["a1"]),
            ("from=2026-12-02&to=2026-12-02", ["c1"]),
            ("status=active&from=2026-12-02", ["a2"]),
            ("status=active&to=2026-12-02", ["a1"]),
            ("status=active&status=cancelled", ["a1", "c1", "a2"]),
            ("status=cancelled&status=cancelled&status=none&status=%00", ["c1"]),
            ("status=active&status=cancelled&from=2026-12-02", ["c1", "a2"]),
            ("order=date", ["a1", "c1", "a2"]),
            ("order=-date", ["a2", "c1", "a1"]),
            ("order=-date&status=active&status=cancelled", ["a2", "c1", "a1"]),
            ("order=-date&to=2026-12-02", ["c1", "a1"]),
        ],
    )
    def test_filters_by_status_and_date(self, api: APIClient, query: str, ids: list[str]) -> None:
        create(api, eventId="a1", date="2026-12-01")
        create(api, eventId="c1", date="2026-12-02", status="cancelled")
        create(api, eventId="a2", date="2026-12-03")
        response = api.get(f"/events?{query}")
        assert response.status_code == 200
        assert [event["eventId"] for event in json.loads(response.content)] == ids

    def test_follows_a_change_of_status_and_date(self, api: APIClient) -> None:
        create(api)
        send(api, "PUT", "/events/launch", {"status": "cancelled", "date": "2027-01-01"})
        assert api.get("/events?status=active").content == b"[]"
        assert len(json.loads(api.get("/events?status=cancelled&from=2027-01-01").content)) == 1

    def test_names_every_error_of_a_query(self, api: APIClient) -> None:
        errors = [
            {"field": "from", "message": "must be a date as YYYY-MM-DD", "code": "invalid_date"},
            {"field": "to", "message": "must be a day that exists", "code": "invalid_date"},
            {"field": "limit", "message": "must be a whole number from 1 to 1,000", "code": "out_of_range"},
            {"field": "cursor", "message": "must be a cursor from a page of this list", "code": "invalid_cursor"},
        ]
        detail = (
            "from must be a date as YYYY-MM-DD; to must be a day that exists; limit must be a whole number from 1 to "
            "1,000; cursor must be a cursor from a page of this list."
        )
        response = api.get("/events?from=today&to=2026-02-30&limit=0&cursor=x")
        assert_error(response, 422, detail, errors)

    @pytest.mark.parametrize("narrowed", ["", "status=active&", "from=2026-01-01&to=2026-12-31&status=active&"])
    def test_each_page_links_to_the_next(self, api: APIClient, narrowed: str) -> None:
        ids = [f"{number} é&=" for number in range(5)]
        for event_id in ids:
            create(api, eventId=event_id)
        client = RequestsClient()
        address, found = f"http://testserver/events?{narrowed}limit=2", []
        pages = 0
        while address:
            response = client.get(address)
            found += [event["eventId"] for event in response.json()]
            address = response.links.get("next", {}).get("url", "")
            assert not address or urlsplit(address)[:3] == ("http", "testserver", "/events")
            pages += 1
        assert (found, pages) == (ids, 3)

    def test_a_cursor_without_a_limit_returns_100_events(self, api: APIClient) -> None:
        for number in range(103):
            create(api, eventId=f"{number:03}")
        link = api.get("/events?limit=1")["Link"]
        address = link[1 : link.index(">")].replace("limit=1", "")
        events = json.loads(api.get(address).content)
        assert [event["eventId"] for event in events] == [f"{number:03}" for number in range(1, 101)]
