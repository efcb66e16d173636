"""The history of an event, through the API."""

from __future__ import annotations

import json
from itertools import chain
from typing import Any

import pytest
from rest_framework.test import APIClient

from events import cursors, services
from events.api.history import MAX_PAGE_BYTES
from events.storage.connection import connection
from events.storage.models import HistoryItem
from eventsite import lambda_handler
from tests.support.api_calls import LAUNCH, assert_error, create, send
from tests.support.builders import ACTOR, astral_text, store
from tests.support.history_calls import HISTORY, RESTORE, UNDO, UNKNOWN, content, entries, put, versions_of
from tests.support.lambda_events import call, rest_event
from tests.support.stored import get_history
from tests.support.tables import read_table


class TestHistory:
    def test_has_every_change_latest_first(self, api: APIClient) -> None:
        first = create(api)["ETag"].strip('"')
        second = put(api, capacity=300, title="Opening")["ETag"].strip('"')
        send(api, "DELETE", "/events/launch")
        deleted, changed, created = found = entries(api)
        assert all(entry["version"] == entry["at"] for entry in found)
        assert deleted["at"] > changed["at"] > created["at"]
        fields = {name: value for name, value in LAUNCH.items() if name != "eventId"}
        last = {**fields, "capacity": 300, "title": "Opening"}
        same: dict[str, Any] = {"actor": "anonymous", "restored": None, "batch": None}

        def entry(found: dict[str, Any], **values: Any) -> dict[str, Any]:
            return {"version": found["version"], "at": found["at"], **same, **values}

        assert created == entry(
            created,
            action="create",
            changes={name: {"before": None, "after": value} for name, value in fields.items()},
            revision=first,
        )
        assert changed == entry(
            changed,
            action="update",
            changes={
                "title": {"before": "Launch night", "after": "Opening"},
                "capacity": {"before": 250, "after": 300},
            },
            revision=second,
        )
        assert deleted == entry(
            deleted,
            action="delete",
            changes={name: {"before": value, "after": None} for name, value in last.items()},
            revision=None,
        )

    def test_shows_batches_and_no_addresses(self, api: APIClient) -> None:
        store(actor=ACTOR._replace(batch="b1"))
        [entry] = entries(api)
        assert (entry["actor"], entry["batch"]) == ("tester", "b1")
        assert ACTOR.address not in json.dumps(entry)

    def test_is_paged(self, api: APIClient) -> None:
        create(api)
        for capacity in range(4):
            put(api, capacity=capacity)
        pages: list[list[str]] = []
        path = f"{HISTORY}?limit=2"
        while path:
            response = api.get(path)
            pages.append([entry["version"] for entry in content(response)])
            path = response["Link"].partition(">")[0].removeprefix("<http://testserver") if "Link" in response else ""
        assert [len(page) for page in pages] == [2, 2, 1]
        assert [*chain(*pages)] == versions_of(api)

    def test_an_exact_page_has_no_next_one(self, api: APIClient) -> None:
        create(api)
        put(api, capacity=1)
        assert "Link" not in api.get(f"{HISTORY}?limit=2")

    def test_the_page_has_100_entries_by_default(self, api: APIClient) -> None:
        store()
        for capacity in range(100):
            services.update_event("launch", {"capacity": capacity}, ACTOR)
        response = api.get(HISTORY)
        assert len(content(response)) == 100
        assert "limit=100&cursor=" in response["Link"]

    def test_pages_of_long_texts_end_early_and_lose_nothing(self, api: APIClient) -> None:
        """Compressed descriptions: many rows fit into one call, and are far longer in the response."""
        store(description="x" * 65_536)
        for number in range(30):
            services.update_event("launch", {"description": chr(0x1F600 + number) * 65_536}, ACTOR)
        found: list[str] = []
        path = f"{HISTORY}?limit=1000"
        while path:
            event = rest_event("GET", path)
            answer = lambda_handler.handler(event, None)
            assert answer["statusCode"] == 200
            assert len(json.dumps(answer)) < lambda_handler.MAX_RESPONSE_BYTES
            _, headers, page = call(event)
            assert len(page) > 0
            found += [entry["version"] for entry in page]
            assert "Link" in headers or len(page) < 31
            path = headers["Link"].partition(">")[0].removeprefix("<https://testserver") if "Link" in headers else ""
        assert found == [row.at for row in get_history("launch")]

    def test_the_longest_entry_can_be_sent(self) -> None:
        store(description=astral_text(1, 65_536))
        services.update_event("launch", {"description": astral_text(2, 65_536)}, ACTOR)
        for limit in (1, 2):
            answer = lambda_handler.handler(rest_event("GET", f"{HISTORY}?limit={limit}"), None)
            assert (answer["statusCode"], len(json.loads(answer["body"]))) == (200, limit)
        assert len(answer["body"].encode()) < MAX_PAGE_BYTES

    def test_an_event_that_never_existed_returns_404(self, api: APIClient) -> None:
        for event_id in ("launch", "x" * 600):
            assert_error(api.get(f"/events/{event_id}/history"), 404, "There is no event with this eventId.")

    def test_an_event_of_another_program_has_an_empty_history(self, api: APIClient) -> None:
        store()
        [row] = read_table(HistoryItem)
        connection().delete_item(HistoryItem.Meta.table_name, "launch", range_key=row["at"]["S"])
        assert entries(api) == []

    def test_the_page_after_the_last_entry_is_empty(self, api: APIClient) -> None:
        store("other")
        create(api)
        assert content(api.get(HISTORY, {"cursor": cursors.encode(f"{UNKNOWN}#launch")})) == []

    @pytest.mark.parametrize("cursor", ["", "x", "é", cursors.encode("2026-12-01#launch")])
    def test_an_invalid_cursor_returns_422(self, api: APIClient, cursor: str) -> None:
        create(api)
        message = "must be a cursor from a page of this list"
        errors = [{"field": "cursor", "message": message, "code": "invalid_cursor"}]
        assert_error(api.get(HISTORY, {"cursor": cursor}), 422, f"cursor {message}.", errors)

    def test_the_cursor_of_another_event_returns_422(self, api: APIClient) -> None:
        create(api)
        cursor = cursors.encode(f"{UNKNOWN}#other")
        message = "must be a cursor from the history of this event"
        errors = [{"field": "cursor", "message": message, "code": "invalid_cursor"}]
        assert_error(api.get(HISTORY, {"cursor": cursor}), 422, f"cursor {message}.", errors)

    @pytest.mark.parametrize(
        ("limit", "code"),
        [("0", "out_of_range"), ("1001", "out_of_range"), ("x", "not_an_integer"), ("", "not_an_integer")],
    )
    def test_an_invalid_limit_returns_422(self, api: APIClient, limit: str, code: str) -> None:
        message = "must be a whole number from 1 to 1,000"
        errors = [{"field": "limit", "message": message, "code": code}]
        assert_error(api.get(HISTORY, {"limit": limit}), 422, f"limit {message}.", errors)

    def test_head_and_other_methods(self, api: APIClient) -> None:
        create(api)
        assert (api.head(HISTORY).status_code, api.head(HISTORY).content) == (200, b"")
        assert send(api, "DELETE", HISTORY).status_code == 405
        assert (api.get(RESTORE).status_code, api.get(UNDO)["Allow"]) == (405, "POST")
