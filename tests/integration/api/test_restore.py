"""Restoring a version of an event, through the API."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from events.storage.models import EventItem
from tests.support.api_calls import LAUNCH, assert_error, assert_event, create, send
from tests.support.history_calls import (
    NO_VERSION,
    OLD_REVISION,
    RESTORE,
    UNDO,
    UNKNOWN,
    actions,
    content,
    entries,
    post,
    put,
    versions_of,
)
from tests.support.tables import read_table


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
