"""Requests for the history of the event `launch`, for restore and for undo."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from rest_framework.test import APIClient

from tests.support.api_calls import send
from tests.support.stored import get_history

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
