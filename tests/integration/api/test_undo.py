"""Undoing the latest change of an event, through the API."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.support.api_calls import LAUNCH, assert_error, assert_event, bearer, create, make_key, send
from tests.support.history_calls import (
    NO_VERSION,
    OLD_REVISION,
    SUPERSEDED,
    UNDO,
    UNKNOWN,
    actions,
    post,
    put,
    versions_of,
)


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
