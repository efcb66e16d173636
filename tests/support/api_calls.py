"""Requests to the API, and assertions about its responses."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from rest_framework.test import APIClient

from eventsite.accounts import keys
from eventsite.accounts.domain import Scope
from tests.support.builders import ACTOR, make_body

LAUNCH = {"eventId": "launch", **make_body()}


def send(api: APIClient, method: str, path: str, body: Any = ..., **headers: str) -> HttpResponse:
    """A request with a JSON body, or with these bytes. Headers are written as `If_Match="…"`."""
    data = b"" if body is ... else body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if not data:  # DRF's client omits it, unlike other clients
        named["Content-Length"] = "0"
    response: HttpResponse = api.generic(method, path, data, content_type="application/json", headers=named)
    return response


def create(api: APIClient, **overrides: Any) -> HttpResponse:
    response = send(api, "POST", "/events", {**LAUNCH, **overrides})
    assert response.status_code == 201, response.content
    return response


_CODES = {
    400: "bad_request",
    404: "event_not_found",
    405: "method_not_allowed",
    409: "event_exists",
    412: "revision_mismatch",
    413: "body_too_large",
    422: "invalid_request",
}


def assert_error(
    response: HttpResponse, status: int, detail: str, errors: list[dict[str, str]] | None = None, *, code: str = ""
) -> None:
    """`code` is needed where the status can have another one than in `_CODES`."""
    assert (response.status_code, response["Content-Type"]) == (status, "application/json")
    body = {"detail": detail, "code": code or _CODES[status], **({"errors": errors} if errors else {})}
    assert json.loads(response.content) == body


def assert_event(response: HttpResponse, status: int, event: dict[str, Any]) -> None:
    assert (response.status_code, response["Content-Type"]) == (status, "application/json")
    assert json.loads(response.content) == event
    assert response["ETag"].startswith('"')


def make_key(name: str, scope: str = "write") -> str:
    return keys.create_key(name, Scope(scope), ACTOR)[1]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
