"""What caches may keep: what a client has read, if it asks each time whether it is still true. Nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from eventsite import lambda_handler
from tests.support.api_calls import LAUNCH, create, send
from tests.support.fault_proxy import FaultProxy, refuse
from tests.support.lambda_events import call, http_event, rest_event

REVALIDATED = "private, no-cache"
READS = ["/events", "/events?limit=1", "/events?status=active", "/events/launch", "/openapi.json", "/docs"]


@pytest.mark.parametrize("path", READS)
def test_what_was_read_may_be_kept_and_must_be_revalidated(api: APIClient, path: str) -> None:
    create(api)
    for method in ("GET", "HEAD"):
        assert send(api, method, path)["Cache-Control"] == REVALIDATED
        known = send(api, method, path, If_None_Match="*")
        assert (known.status_code, known["Cache-Control"]) == (200 if path == "/docs" else 304, REVALIDATED)


def test_responses_to_writes_are_not_kept(api: APIClient) -> None:
    assert create(api)["Cache-Control"] == "no-store"
    for method, body in (("PUT", {}), ("PATCH", {}), ("DELETE", ...)):
        response = send(api, method, "/events/launch", body)
        assert (response.status_code < 300, response["Cache-Control"]) == (True, "no-store")


@pytest.mark.parametrize(
    ("method", "path", "status", "headers"),
    [
        ("GET", "/events/absent", 404, {}),
        ("HEAD", "/events/absent", 404, {}),
        ("GET", "/events/a/b", 404, {}),
        ("GET", "/nothing", 404, {}),
        ("POST", "/events", 422, {}),
        ("PUT", "/events/absent", 404, {}),
        ("PUT", "/events", 405, {}),
        ("POST", "/events", 413, {"Content_Length": "99999999"}),
        ("POST", "/events", 400, {"Content_Length": "x"}),
        ("POST", "/events", 411, {"Transfer_Encoding": "chunked"}),
        ("POST", "/events", 415, {"Content_Encoding": "gzip"}),
        ("GET", "/events", 412, {"If_Match": '"x"'}),
        ("GET", "/events", 400, {"Host": "evil.example"}),
        ("GET", "/", 302, {}),
    ],
)
def test_errors_and_redirects_are_not_kept(
    api: APIClient, method: str, path: str, status: int, headers: dict[str, str]
) -> None:
    response = send(api, method, path, {}, **headers)
    assert (response.status_code, response["Cache-Control"]) == (status, "no-store")


def test_refused_callers_are_not_remembered(api: APIClient, settings: Any) -> None:
    settings.EVENTS_API_ACCESS = "keyed"
    for method, path in (("GET", "/events"), ("GET", "/events/launch"), ("POST", "/events"), ("DELETE", "/events/x")):
        response = send(api, method, path, LAUNCH)
        assert (response.status_code, response["Cache-Control"]) == (401, "no-store")


def test_health_is_never_kept(api: APIClient, faults: FaultProxy) -> None:
    assert api.get("/healthz")["Cache-Control"] == "no-store"
    faults.set(refuse)
    response = api.get("/healthz")
    assert (response.status_code, response["Cache-Control"]) == (503, "no-store")


def test_static_files_keep_their_own_rule(api: APIClient) -> None:
    response = api.get("/static/ninja/favicon.svg")
    response.close()
    assert "public" in response["Cache-Control"]


@pytest.mark.parametrize("make_event", [rest_event, http_event])
def test_a_list_too_long_for_lambda_is_not_kept(
    api: APIClient, make_event: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(api)
    assert call(make_event("GET", "/events"))[1]["Cache-Control"] == REVALIDATED
    monkeypatch.setattr(lambda_handler, "MAX_RESPONSE_BYTES", 400)
    status, headers, _ = call(make_event("GET", "/events"))
    assert (status, headers["Cache-Control"]) == (413, "no-store")


def test_vary_names_what_a_response_depends_on(api: APIClient) -> None:
    """Not Authorization: without `public`, RFC 9111, 3.5 forbids to share responses to calls that send it."""
    create(api, description="x" * 500)
    for path in ("/events", "/events/launch"):
        names = {name.strip().lower() for name in send(api, "GET", path)["Vary"].split(",")}
        assert names == {"origin", "accept-encoding"}
        names = {name.strip().lower() for name in send(api, "GET", path, If_None_Match="*")["Vary"].split(",")}
        assert names == {"origin", "accept-encoding"}
