"""The history of an event, restore and undo, through the API."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import chain
from typing import Any
from urllib.parse import quote

import pytest
from django.http import HttpResponse
from django.test import override_settings
from rest_framework.test import APIClient

from events import cursors, services
from events.api.history import MAX_PAGE_BYTES
from events.storage.connection import connection
from events.storage.models import EventItem, HistoryItem
from eventsite import lambda_handler
from eventsite.accounts import keys
from eventsite.accounts.domain import Scope
from tests.integration.api.test_concurrency import at_once
from tests.support.api_calls import LAUNCH, assert_error, assert_event, create, send
from tests.support.builders import ACTOR, astral_text, make_fields, store
from tests.support.fault_proxy import FaultProxy, lose_answer
from tests.support.history import assert_history_replays
from tests.support.http_server import Server
from tests.support.lambda_events import (
    call,
    function_url_event,
    http_1_event,
    http_event,
    load_balancer_event,
    rest_event,
)
from tests.support.stored import get_history
from tests.support.tables import read_table
from tests.support.writes_between import BETWEEN, delete, land, update

HISTORY, RESTORE, UNDO = "/events/launch/history", "/events/launch/restore", "/events/launch/undo"
SUPERSEDED = "The event has changed since then. You can restore any version from its history."
NO_VERSION = "The history has no such version of this event."
OLD_REVISION = "The current ETag does not meet If-Match or If-None-Match. Nothing was changed."
UNKNOWN = "2026-01-01T00:00:00.000000Z"


def content(response: HttpResponse) -> Any:
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def entries(api: APIClient, path: str = HISTORY) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = content(api.get(path))
    return found


def versions_of(api: APIClient) -> list[str]:
    """Latest first."""
    return [entry["version"] for entry in entries(api)]


def actions() -> list[str]:
    """Earliest first."""
    return [row.action for row in reversed(get_history("launch"))]


def put(api: APIClient, **changes: Any) -> HttpResponse:
    response = send(api, "PUT", "/events/launch", changes)
    assert response.status_code == 200
    return response


def post(api: APIClient, path: str, body: Any, **headers: str) -> HttpResponse:
    return send(api, "POST", path, body, **headers)


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


class TestRestore:
    def test_gives_the_event_the_fields_of_the_version(self, api: APIClient) -> None:
        create(api)
        tag = put(api, capacity=300)["ETag"]
        version = versions_of(api)[1]
        response = post(api, RESTORE, {"version": version}, If_Match=tag)
        assert_event(response, 200, LAUNCH)
        assert response["ETag"] not in ("", tag)
        assert_event(api.get("/events/launch"), 200, LAUNCH)
        entry = entries(api)[0]
        assert (entry["action"], entry["restored"]) == ("restore", version)
        assert f'"{entry["revision"]}"' == response["ETag"]

    def test_recreates_a_deleted_event(self, api: APIClient) -> None:
        create(api)
        put(api, capacity=300)
        send(api, "DELETE", "/events/launch")
        response = post(api, RESTORE, {"version": versions_of(api)[1]})
        assert_event(response, 200, {**LAUNCH, "capacity": 300})
        assert list(content(response)) == list(LAUNCH)  # the usual order
        assert actions() == ["create", "update", "delete", "restore"]

    def test_the_current_version_writes_nothing(self, api: APIClient) -> None:
        tag = create(api)["ETag"]
        response = post(api, RESTORE, {"version": versions_of(api)[0]})
        assert (response.status_code, response["ETag"]) == (200, tag)
        assert actions() == ["create"]

    @pytest.mark.parametrize("version", [UNKNOWN, "x", "é", "9" * 1024])
    def test_an_unknown_version_returns_404(self, api: APIClient, version: str) -> None:
        for _ in range(2):
            assert_error(post(api, RESTORE, {"version": version}), 404, NO_VERSION, code="version_not_found")
            if not read_table(EventItem):
                create(api)

    def test_a_deletion_has_no_version(self, api: APIClient) -> None:
        create(api)
        send(api, "DELETE", "/events/launch")
        body = {"version": versions_of(api)[0]}
        assert_error(post(api, RESTORE, body), 404, NO_VERSION, code="version_not_found")

    def test_an_earlier_revision_returns_412(self, api: APIClient) -> None:
        tag = create(api)["ETag"]
        put(api, capacity=300)
        assert_error(post(api, RESTORE, {"version": versions_of(api)[1]}, If_Match=tag), 412, OLD_REVISION)
        send(api, "DELETE", "/events/launch")
        assert_error(post(api, RESTORE, {"version": versions_of(api)[1]}, If_Match=tag), 412, OLD_REVISION)
        assert actions() == ["create", "update", "delete"]

    def test_a_retry_after_a_lost_response_changes_nothing(self, api: APIClient) -> None:
        create(api)
        tag = put(api, capacity=300)["ETag"]
        body = {"version": versions_of(api)[1]}
        first, second = (post(api, RESTORE, body, If_Match=tag) for _ in range(2))
        assert (second.status_code, second.content, second["ETag"]) == (200, first.content, first["ETag"])
        assert actions() == ["create", "update", "restore"]

    def test_a_version_out_of_reach_returns_409(self, api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("events.versions._MAX_READS", 0)
        create(api)
        put(api, capacity=300)
        tag = put(api, capacity=301)["ETag"]
        response = post(api, RESTORE, {"version": versions_of(api)[1]})
        detail = (
            "The history since this version is too long to restore it in full. Nothing was changed. "
            "You can set the values that its entry in the history shows."
        )
        assert_error(response, 409, detail, code="version_out_of_reach")
        assert api.get("/events/launch")["ETag"] == tag

    @pytest.mark.parametrize(
        ("body", "field", "message", "code"),
        [
            ({}, "version", "is required", "required"),
            ({"version": None}, "version", "must be text", "null"),
            ({"version": 1}, "version", "must be text", "not_text"),
            ({"version": ""}, "version", "must not be empty", "empty"),
            ({"version": "x" * 1025}, "version", "must be at most 1,024 bytes long in UTF-8", "too_long"),
            (b'{"version": "\\ud800"}', "version", "has half a surrogate pair (U+D800)", "invalid_characters"),
            ({"version": "x", "title": "y"}, "title", "is not a field of this body", "unknown_field"),
            (b"", "body", "must be a JSON object; the body is empty", "required"),
            ([], "body", "must be a JSON object", "not_an_object"),
        ],
    )
    def test_an_invalid_body_returns_422(self, api: APIClient, body: Any, field: str, message: str, code: str) -> None:
        create(api)
        errors = [{"field": field, "message": message, "code": code}]
        assert_error(post(api, RESTORE, body), 422, f"{field} {message}.", errors)

    def test_a_long_body_returns_413(self, api: APIClient) -> None:
        detail = "The body is too large. The limit is 1 MiB."
        for path in (RESTORE, UNDO):
            assert_error(post(api, path, b" " * (1024**2 + 1)), 413, detail)


class TestUndo:
    def test_of_an_update_named_by_version(self, api: APIClient) -> None:
        create(api)
        tag = put(api, capacity=300, title="B")["ETag"]
        response = post(api, UNDO, {"version": versions_of(api)[0]})
        assert_event(response, 200, LAUNCH)
        assert response["ETag"] != tag
        assert actions() == ["create", "update", "restore"]

    @pytest.mark.parametrize("body", [..., {}])
    def test_of_an_update_named_by_revision(self, api: APIClient, body: Any) -> None:
        create(api)
        tag = put(api, capacity=300)["ETag"]
        assert_event(post(api, UNDO, body, If_Match=tag), 200, LAUNCH)
        assert actions() == ["create", "update", "restore"]

    def test_of_an_undo_makes_the_change_again(self, api: APIClient) -> None:
        create(api)
        tag = post(api, UNDO, ..., If_Match=put(api, capacity=300)["ETag"])["ETag"]
        assert_event(post(api, UNDO, ..., If_Match=tag), 200, {**LAUNCH, "capacity": 300})

    def test_of_a_create_deletes(self, api: APIClient) -> None:
        tag = create(api)["ETag"]
        for _ in range(2):  # a retry
            response = post(api, UNDO, ..., If_Match=tag)
            assert (response.status_code, response.content) == (204, b"")
            assert "ETag" not in response
        assert api.get("/events/launch").status_code == 404
        assert actions() == ["create", "delete"]

    def test_of_a_delete_restores(self, api: APIClient) -> None:
        create(api)
        send(api, "DELETE", "/events/launch")
        assert_event(post(api, UNDO, {"version": versions_of(api)[0]}), 200, LAUNCH)
        assert actions() == ["create", "delete", "restore"]

    @pytest.mark.parametrize("headers", [{}, {"If_Match": "*"}, {"If_Match": " * "}, {"If_None_Match": '"x"'}])
    @pytest.mark.parametrize("body", [..., {}])
    def test_of_whatever_is_latest_is_refused(self, api: APIClient, body: Any, headers: dict[str, str]) -> None:
        create(api)
        message = "is required if If-Match names no revision"
        errors = [{"field": "version", "message": message, "code": "required"}]
        assert_error(post(api, UNDO, body, **headers), 422, f"version {message}.", errors)
        assert actions() == ["create"]

    @pytest.mark.parametrize("named_by", ["version", "revision"])
    def test_a_retry_after_a_lost_response_undoes_only_one_change(self, api: APIClient, named_by: str) -> None:
        create(api)
        put(api, capacity=300)
        tag = put(api, capacity=301)["ETag"]
        body, headers = ({"version": versions_of(api)[0]}, {}) if named_by == "version" else (..., {"If_Match": tag})
        first, second, third = (post(api, UNDO, body, **headers) for _ in range(3))
        assert_event(first, 200, {**LAUNCH, "capacity": 300})
        for again in (second, third):
            assert (again.status_code, again.content, again["ETag"]) == (200, first.content, first["ETag"])
        assert actions() == ["create", "update", "update", "restore"]

    @pytest.mark.parametrize("named_by", ["version", "revision"])
    def test_a_late_retry_keeps_later_changes(self, api: APIClient, named_by: str) -> None:
        create(api)
        tag = put(api, capacity=300)["ETag"]
        body, headers = ({"version": versions_of(api)[0]}, {}) if named_by == "version" else (..., {"If_Match": tag})
        post(api, UNDO, body, **headers)
        put(api, capacity=301)
        response = post(api, UNDO, body, **headers)
        if named_by == "version":
            assert_error(response, 409, SUPERSEDED, code="change_superseded")
        else:
            assert_error(response, 412, OLD_REVISION)
        assert_event(api.get("/events/launch"), 200, {**LAUNCH, "capacity": 301})

    def test_the_same_undo_of_another_caller_is_no_retry(self, api: APIClient) -> None:
        create(api)
        put(api, capacity=300)
        body = {"version": versions_of(api)[0]}
        post(api, UNDO, body)
        response = post(api, UNDO, body, **bearer(make_key("other")))
        assert_error(response, 409, SUPERSEDED, code="change_superseded")

    def test_version_and_revision_must_both_be_the_latest(self, api: APIClient) -> None:
        tag = create(api)["ETag"]
        put(api, capacity=300)
        latest, first = versions_of(api)
        assert_error(post(api, UNDO, {"version": latest}, If_Match=tag), 412, OLD_REVISION)
        response = post(api, UNDO, {"version": first}, If_Match=tag)
        assert_error(response, 409, SUPERSEDED, code="change_superseded")
        assert actions() == ["create", "update"]

    @pytest.mark.parametrize("version", [UNKNOWN, "x", "é", "9" * 1024])
    def test_an_unknown_version_returns_404(self, api: APIClient, version: str) -> None:
        create(api)
        assert_error(post(api, UNDO, {"version": version}), 404, NO_VERSION, code="version_not_found")

    def test_an_event_without_history_returns_404(self, api: APIClient) -> None:
        for event_id in ("launch", "x" * 600):
            response = post(api, f"/events/{event_id}/undo", {"version": UNKNOWN})
            assert_error(response, 404, NO_VERSION, code="version_not_found")

    @pytest.mark.parametrize(
        ("body", "field", "message", "code"),
        [
            ({"version": None}, "version", "must be text", "null"),
            ({"version": ""}, "version", "must not be empty", "empty"),
            ({"at": "x"}, "at", "is not a field of this body", "unknown_field"),
            (b"null", "body", "must be a JSON object", "not_an_object"),
        ],
    )
    def test_an_invalid_body_returns_422(self, api: APIClient, body: Any, field: str, message: str, code: str) -> None:
        tag = create(api)["ETag"]
        errors = [{"field": field, "message": message, "code": code}]
        assert_error(post(api, UNDO, body, If_Match=tag), 422, f"{field} {message}.", errors)


class TestAnotherProgram:
    """It wrote the event directly into the table, so the history lacks its latest change."""

    @pytest.fixture(params=["changed", "deleted"])
    def written(self, api: APIClient, request: pytest.FixtureRequest) -> str:
        create(api)
        if request.param == "changed":
            actions = [EventItem.title.set("Theirs"), EventItem.revision.remove()]
            connection().update_item(EventItem.Meta.table_name, "launch", actions=actions)
        else:
            connection().delete_item(EventItem.Meta.table_name, "launch")
        return str(versions_of(api)[0])

    def test_restore_gives_the_event_the_fields_of_the_version(self, api: APIClient, written: str) -> None:
        assert_event(post(api, RESTORE, {"version": written}), 200, LAUNCH)
        assert actions() == ["create", "restore"]

    def test_undo_is_refused(self, api: APIClient, written: str) -> None:
        begun = time.monotonic()
        assert_error(post(api, UNDO, {"version": written}), 409, SUPERSEDED, code="change_superseded")
        assert time.monotonic() - begun < 3
        assert actions() == ["create"]


class TestRaces:
    """Another user writes between the calls of DynamoDB."""

    @BETWEEN
    @pytest.mark.parametrize("write", [update, delete])
    @pytest.mark.parametrize("named_by", ["version", "revision"])
    def test_an_undo_keeps_a_change_that_came_first(
        self, api: APIClient, faults: FaultProxy, before_call: int, write: Callable[[], None], named_by: str
    ) -> None:
        create(api)
        tag = put(api, title="B")["ETag"]
        body, headers = ({"version": versions_of(api)[0]}, {}) if named_by == "version" else (..., {"If_Match": tag})
        land(faults, write, before_call)
        response = post(api, UNDO, body, **headers)
        assert response.status_code == (409 if named_by == "version" else 412)
        assert get_history("launch", limit=1)[0].actor == "eva"
        assert_history_replays()

    @BETWEEN
    @pytest.mark.parametrize("write", [update, delete])
    def test_a_restore_with_a_revision_keeps_a_change_that_came_first(
        self, api: APIClient, faults: FaultProxy, before_call: int, write: Callable[[], None]
    ) -> None:
        create(api)
        tag = put(api, title="B")["ETag"]
        body = {"version": versions_of(api)[1]}
        land(faults, write, before_call)
        assert_error(post(api, RESTORE, body, If_Match=tag), 412, OLD_REVISION)
        assert get_history("launch", limit=1)[0].actor == "eva"
        assert_history_replays()

    @BETWEEN
    @pytest.mark.parametrize("write", [update, delete])
    def test_a_restore_without_a_revision_follows_a_change_that_came_first(
        self, api: APIClient, faults: FaultProxy, before_call: int, write: Callable[[], None]
    ) -> None:
        create(api)
        put(api, title="B")
        body = {"version": versions_of(api)[1]}
        land(faults, write, before_call)
        assert_event(post(api, RESTORE, body), 200, LAUNCH)
        assert [row.actor for row in get_history("launch", limit=2)] == ["anonymous", "eva"]
        assert_history_replays()

    @pytest.mark.parametrize("path", [RESTORE, UNDO])
    def test_a_lost_response_of_dynamodb_is_no_second_change(
        self, api: APIClient, faults: FaultProxy, path: str
    ) -> None:
        create(api)
        put(api, title="B")
        tag = put(api, title="C")["ETag"]
        body = {"version": versions_of(api)[1 if path == RESTORE else 0]}
        faults.set(lose_answer, "TransactWriteItems", times=1)
        assert_event(post(api, path, body, If_Match=tag), 200, {**LAUNCH, "title": "B"})
        assert actions() == ["create", "update", "update", "restore"]

    def test_of_many_restores_with_the_same_revision_each_succeeds_once(self, server: Server, api: APIClient) -> None:
        create(api)
        for capacity in range(4):
            tag = put(api, capacity=capacity)["ETag"]
        calls = [
            ("POST", RESTORE, {"json": {"version": version}, "headers": {"If-Match": tag}})
            for version in versions_of(api)[1:]
        ]
        answers = at_once(server, calls)
        assert sorted(answer.status_code for answer in answers) == [200] + [412] * 3
        [winner] = [answer.json() for answer in answers if answer.status_code == 200]
        assert_event(api.get("/events/launch"), 200, winner)
        assert actions().count("restore") == 1

    def test_many_restores_without_a_revision_follow_each_other(self, server: Server, api: APIClient) -> None:
        create(api)
        for capacity in range(4):
            put(api, capacity=capacity)
        calls = [("POST", RESTORE, {"json": {"version": version}}) for version in versions_of(api)[1:]]
        assert {answer.status_code for answer in at_once(server, calls)} == {200}
        assert 3 <= actions().count("restore") <= 4
        assert_history_replays()

    @pytest.mark.parametrize("named_by", ["version", "revision"])
    def test_many_undos_of_one_change_undo_it_once(self, server: Server, api: APIClient, named_by: str) -> None:
        create(api)
        put(api, capacity=300)
        tag = put(api, capacity=301)["ETag"]
        sent = {"json": {"version": versions_of(api)[0]}} if named_by == "version" else {"headers": {"If-Match": tag}}
        answers = at_once(server, [("POST", UNDO, sent)] * 8)
        assert [answer.json() for answer in answers] == [{**LAUNCH, "capacity": 300}] * 8
        assert {answer.status_code for answer in answers} == {200}
        assert actions() == ["create", "update", "update", "restore"]


class TestAccess:
    @pytest.mark.parametrize("access", ["open", "read-open", "keyed"])
    def test_keys(self, api: APIClient, access: str) -> None:
        create(api)
        body = {"version": versions_of(api)[0]}
        read, write = bearer(make_key("reader", "read")), bearer(make_key("writer"))
        with override_settings(EVENTS_API_ACCESS=access):
            for headers in (read, write):
                assert api.get(HISTORY, headers=headers).status_code == 200
            for path in (RESTORE, UNDO):
                assert_error(post(api, path, body, **read), 403, "This API key may only read.", code="key_scope")
            assert post(api, RESTORE, body, **write).status_code == 200
            assert post(api, UNDO, body, **write).status_code == 204

    @pytest.mark.parametrize(("access", "status"), [("open", 200), ("read-open", 401), ("keyed", 401)])
    def test_without_a_key_the_history_is_public_only_in_open_access(
        self, api: APIClient, access: str, status: int
    ) -> None:
        create(api)
        with override_settings(EVENTS_API_ACCESS=access):
            assert api.get(HISTORY).status_code == api.head(HISTORY).status_code == status

    def test_pages_of_other_origins_may_read_only(self, api: APIClient) -> None:
        create(api)
        other = {"Origin": "https://app.example", "Sec_Fetch_Site": "cross-site"}
        assert send(api, "GET", HISTORY, **other)["Access-Control-Allow-Origin"] == "*"
        for path in (RESTORE, UNDO):
            response = post(api, path, {"version": versions_of(api)[0]}, **other)
            assert (response.status_code, response["Access-Control-Allow-Origin"]) == (403, "*")
            asked = {**other, "Access_Control_Request_Method": "POST"}
            assert send(api, "OPTIONS", path, **asked).status_code == 403
        assert actions() == ["create"]

    def test_no_csrf_token_is_needed(self) -> None:
        store()
        client = APIClient(enforce_csrf_checks=True)
        assert post(client, RESTORE, {"version": versions_of(client)[0]}).status_code == 200

    def test_the_log_has_the_route_and_the_event(self, capsys: pytest.CaptureFixture[str]) -> None:
        store()
        version = call(rest_event("GET", HISTORY))[2][0]["version"]
        call(rest_event("POST", RESTORE, {"version": version}))
        call(rest_event("POST", UNDO, {"version": version}))
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [(line["message"], line["eventId"]) for line in lines] == [
            ("GET /events/<eventId>/history 200", "launch"),
            ("POST /events/<eventId>/restore 200", "launch"),
            ("POST /events/<eventId>/undo 204", "launch"),
        ]


def make_key(name: str, scope: str = "write") -> str:
    return keys.create_key(name, Scope(scope), ACTOR)[1]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


GATEWAYS = [rest_event, http_event, http_1_event, function_url_event, load_balancer_event]
IDS = ["a bü?#", "hb%41", "hb%2F", "hb%", "history", "restore", "undo", "events", "a;b=c&d", "..a", "x" * 512]


@pytest.mark.parametrize("make_event", GATEWAYS)
@pytest.mark.parametrize("event_id", IDS)
def test_every_id_has_a_history_through_each_gateway(make_event: Any, event_id: str) -> None:
    store("hbA")
    store(event_id)
    services.update_event(event_id, {"title": "B"}, ACTOR)
    path = f"/events/{quote(event_id, safe='')}"
    _, headers, [changed] = call(make_event("GET", f"{path}/history?limit=1"))
    assert changed["changes"] == {"title": {"before": "Launch night", "after": "B"}}
    link = headers["Link"].partition(">")[0].removeprefix("<https://testserver")
    [created] = call(make_event("GET", link))[2]
    assert created["action"] == "create"
    fields = make_fields(eventId=event_id)
    assert call(make_event("POST", f"{path}/restore", {"version": created["version"]}))[::2] == (200, fields)
    tag = call(make_event("GET", path))[1]["ETag"]
    answer = call(make_event("POST", f"{path}/undo", {}, **{"If-Match": tag}))
    assert answer[::2] == (200, {**fields, "title": "B"})
    assert len(get_history("hbA")) == 1
