"""The OpenAPI document: the committed one is the served one, and the server follows it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import schemathesis
from django.conf import settings as django_settings
from hypothesis import HealthCheck, Phase, settings
from rest_framework.test import APIClient
from schemathesis.openapi.loaders import from_dict

from events import changes, cursors
from events.fields import allows
from events.rules import MAX_EVENT_ID_BYTES, MAX_TEXT_BYTES
from eventsite.api import api as ninja_api
from tests.support.http_server import Server

COMMITTED = django_settings.BASE_DIR / "docs" / "openapi.json"


def test_the_committed_document_is_the_served_one(api: APIClient) -> None:
    assert json.loads(COMMITTED.read_text()) == json.loads(api.get("/openapi.json").content), "run `make openapi`"


STATUSES = {
    ("/events", "get"): "200 304 400 401 403 405 412 413 422 429 500 504",
    ("/events", "post"): "201 400 401 403 405 409 411 412 413 415 422 429 500 504",
    ("/events/{eventId}", "get"): "200 304 400 401 403 404 405 412 429 500 504",
    ("/events/{eventId}", "put"): "200 400 401 403 404 405 411 412 413 415 422 429 500 504",
    ("/events/{eventId}", "patch"): "200 400 401 403 404 405 411 412 413 415 422 429 500 504",
    ("/events/{eventId}", "delete"): "204 400 401 403 404 405 412 429 500 504",
    ("/events/{eventId}/history", "get"): "200 304 400 401 403 404 405 412 422 429 500 504",
    ("/events/{eventId}/restore", "post"): "200 400 401 403 404 405 409 411 412 413 415 422 429 500 504",
    ("/events/{eventId}/undo", "post"): "200 204 400 401 403 404 405 409 411 412 413 415 422 429 500 504",
    ("/changes", "get"): "200 304 400 401 403 405 412 422 429 500 504",
    ("/healthz", "get"): "200 400 403 405 429 500 503 504",
}


def test_every_status_is_declared() -> None:
    paths: dict[str, Any] = json.loads(COMMITTED.read_text())["paths"]
    declared = {
        (path, method): " ".join(sorted(str(status) for status in operation["responses"]))
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    assert declared == STATUSES


def test_capacities_are_64_bits_long() -> None:
    """Without this format, generated clients in Java read 32 bits."""
    schemas = ninja_api.get_openapi_schema()["components"]["schemas"]
    capacities = {
        name: schema["properties"]["capacity"] for name, schema in schemas.items() if "capacity" in schema["properties"]
    }
    assert capacities.pop("ChangedFields")["$ref"] == "#/components/schemas/NumberChange"
    assert set(capacities) == {"CreateEvent", "UpdateEvent", "Event"}
    assert {capacity["format"] for capacity in capacities.values()} == {"int64"}
    assert all("int64" in str(value) for value in schemas["NumberChange"]["properties"].values())


schema = from_dict(ninja_api.get_openapi_schema())


def apply_rules_beyond_json_schema(case: schemathesis.Case[Any]) -> None:
    """Changes values of a case that are valid in JSON Schema, but break rules that JSON Schema cannot express."""
    case.headers.pop("Authorization", None)  # generated keys are invalid; test_keys.py has valid ones
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    event_id = unquote(case.path_parameters.get("eventId", ""))
    _apply_to_query(case.query, event_id)
    if case.path.endswith("/undo") and not (isinstance(case.body, dict) and "version" in case.body):
        case.body = {"version": "2026-12-01T00:00:00.000000Z"}  # or If-Match must name a revision
    if case.path.endswith("/restore"):
        case.headers.pop("If-Match", None)  # a deleted event does not meet "*"
    for name, value in (("If-Match", "*"), ("If-None-Match", '"another"'), ("Idempotency-Key", str(uuid4()))):
        if name in case.headers:
            case.headers[name] = value
    if isinstance(case.body, dict):
        _apply_to_body(case.body)


def _apply_to_query(query: dict[str, Any], event_id: str) -> None:
    if "cursor" in query:
        if event_id:
            query["cursor"] = cursors.encode(f"2026-12-01T00:00:00.000000Z#{event_id}")
            if not allows("eventId", event_id):  # which has no history
                del query["cursor"]
        else:
            query["cursor"] = cursors.encode_start(cursors.Start("2026-12-01#x", query.get("order") == "-date"))
    if "after" in query:
        query["after"] = changes.first().text
        query.pop("from", None)
    if "q" in query:
        query["q"] = f"{query['q'][:-2]} x"  # quotes and marks alone are not a word
    if {"from", "to"} <= query.keys():
        query["from"], query["to"] = sorted([query["from"], query["to"]])


def _apply_to_body(body: dict[str, Any]) -> None:
    if "capacity" in body:
        body["capacity"] = int(body["capacity"])  # 5.0 is an integer in JSON Schema
    for name in set(body) - {"description", "date", "capacity"}:
        limit = MAX_EVENT_ID_BYTES if name == "eventId" else MAX_TEXT_BYTES  # in bytes of UTF-8
        if body[name] is not None:
            body[name] = body[name].encode()[:limit].decode(errors="ignore")


@schema.parametrize()
@settings(
    max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)
def test_the_server_follows_the_document(case: schemathesis.Case[Any], server: Server) -> None:
    apply_rules_beyond_json_schema(case)
    case.call_and_validate(base_url=server.url)
