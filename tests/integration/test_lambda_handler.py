"""API Gateway's events through the Lambda entry point, on the real engine."""

from __future__ import annotations

import gc
import json
from typing import Any

import pytest

from events import services
from events.storage.models import HistoryItem
from eventsite import lambda_handler
from eventsite.lambda_handler import MAX_RESPONSE_BYTES, handler
from tests.support.builders import ACTOR, make_body, make_fields
from tests.support.lambda_events import call, http_event, rest_event
from tests.support.tables import read_table


@pytest.mark.parametrize("make_event", [rest_event, http_event])
def test_an_event_can_be_created_read_updated_and_deleted(make_event: Any) -> None:
    body = {"eventId": "café 🎪", **make_body()}
    path = "/events/caf%C3%A9%20%F0%9F%8E%AA"
    status, headers, answer = call(make_event("POST", "/events", body))
    assert (status, answer, headers["Location"]) == (201, body, path)
    assert call(make_event("GET", path))[::2] == (200, body)
    assert call(make_event("PUT", path, {"capacity": 1}))[::2] == (200, {**body, "capacity": 1})
    assert call(make_event("GET", "/events?status=active&limit=5"))[::2] == (200, [{**body, "capacity": 1}])
    assert call(make_event("PUT", path, {"capacity": -1}))[0] == 422
    assert call(make_event("DELETE", path))[::2] == (204, None)
    assert call(make_event("GET", path))[0] == 404
    assert {row["address"]["S"] for row in read_table(HistoryItem)} == {"192.0.2.7"}  # not what the client sent


@pytest.mark.parametrize("make_event", [rest_event, http_event])
def test_chunked_bodies_are_accepted(make_event: Any) -> None:
    event = make_event("POST", "/events", make_body(), **{"Transfer-Encoding": "chunked"})
    assert call(event)[0] == 201


@pytest.mark.parametrize("make_event", [rest_event, http_event])
def test_links_have_the_address_of_the_gateway(make_event: Any) -> None:
    for number in range(2):
        services.create_event(make_fields(eventId=str(number)), ACTOR)
    _, headers, _ = call(make_event("GET", "/events?limit=1"))
    assert headers["Link"].startswith("<https://testserver/events?limit=1&cursor=")


@pytest.mark.parametrize("make_event", [rest_event, http_event])
def test_responses_can_be_compressed(make_event: Any) -> None:
    services.create_event(make_fields(description="é" * 5000), ACTOR)
    event = make_event("GET", "/events/launch", **{"Accept-Encoding": "gzip"})
    status, headers, answer = call(event)
    assert (status, headers["Content-Encoding"]) == (200, "gzip")
    assert answer == make_fields(description="é" * 5000)


@pytest.mark.parametrize("make_event", [rest_event, http_event])
def test_a_response_too_long_for_lambda_returns_413(make_event: Any) -> None:
    # Lambda escapes quotes and line ends once more: these 3.9 MB become 6.9 MB.
    for number in range(60):
        services.create_event(make_fields(eventId=f"{number:02}", description='"\n' * 16_384), ACTOR)
    status, headers, answer = call(make_event("GET", "/events", Origin="https://app.example"))
    detail = "The response is larger than the limit of 6 MB. Ask for pages with ?limit=, or accept gzip."
    assert (status, answer) == (413, {"detail": detail, "code": "response_too_large"})
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Content-Type"] == "application/json"
    assert call(make_event("GET", "/events?limit=20"))[0] == 200
    assert call(make_event("GET", "/events", **{"Accept-Encoding": "gzip"}))[0] == 200


@pytest.mark.parametrize("make_event", [rest_event, http_event])
@pytest.mark.parametrize("accepted", ["", "gzip"])
@pytest.mark.parametrize(
    ("path", "limit", "status"),
    [
        ("/events", MAX_RESPONSE_BYTES, 200),
        ("/events", 400, 413),
        ("/events?limit=1", 400, 413),
        ("/events/launch", 400, 413),
        ("/openapi.json", 400, 413),
        ("/static/ninja/favicon.svg", 400, 413),
        ("/events/absent", MAX_RESPONSE_BYTES, 404),
    ],
)
def test_head_agrees_with_get(
    make_event: Any, path: str, accepted: str, limit: int, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.create_event(make_fields(description="x" * 5000), ACTOR)
    monkeypatch.setattr(lambda_handler, "MAX_RESPONSE_BYTES", limit)
    read, head = (
        handler(make_event(method, path, **{"Accept-Encoding": accepted}), None) for method in ("GET", "HEAD")
    )
    assert read["statusCode"] == head["statusCode"] == status
    assert (read["body"] != "", head["body"]) == (True, "")
    kind = "multiValueHeaders" if "multiValueHeaders" in read else "headers"
    for answer in (read, head):
        answer[kind].pop("X-Request-Id", answer[kind].pop("x-request-id", None))
    assert head[kind] == read[kind]


@pytest.mark.parametrize("make_event", [rest_event, http_event])
def test_the_limit_counts_escaped_characters(make_event: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Lambda's runtime escapes them up to Python 3.11."""
    monkeypatch.setattr(lambda_handler, "_ESCAPES", True)
    for number in range(9):  # each character is escaped to twelve
        services.create_event(make_fields(eventId=str(number), description="🎪" * 65_536), ACTOR)
    assert call(make_event("GET", "/events"))[0] == 413


@pytest.mark.parametrize("make_event", [rest_event, http_event])
@pytest.mark.parametrize("event_id", ["日本", "é", "🎪 x"])
def test_decoded_paths_are_accepted(make_event: Any, event_id: str) -> None:
    services.create_event(make_fields(eventId=event_id), ACTOR)
    assert call(make_event("GET", f"/events/{event_id}"))[::2] == (200, make_fields(eventId=event_id))


@pytest.mark.parametrize(("spare", "status"), [(0, 200), (-1, 413)])
@pytest.mark.parametrize("escapes", [True, False])
def test_the_limit_is_exact(monkeypatch: pytest.MonkeyPatch, spare: int, status: int, escapes: bool) -> None:
    """From Python 3.12 on, Lambda's runtime sends UTF-8."""
    monkeypatch.setattr(lambda_handler, "_ESCAPES", escapes)
    services.create_event(make_fields(title="Fête 🎪", description='"é\n' * 500), ACTOR)
    length = len(json.dumps(handler(rest_event("GET", "/events"), None), ensure_ascii=escapes).encode())
    monkeypatch.setattr(lambda_handler, "MAX_RESPONSE_BYTES", length + spare)
    assert call(rest_event("GET", "/events"))[0] == status
    assert MAX_RESPONSE_BYTES == 6_291_556


@pytest.mark.parametrize("character", ["\x00", "\x1f", "\x7f", "'", '"', "\\", "a", "é", "日", "🎪"])
@pytest.mark.parametrize("escapes", [True, False])
def test_no_character_is_longer_than_the_estimate(
    monkeypatch: pytest.MonkeyPatch, character: str, escapes: bool
) -> None:
    monkeypatch.setattr(lambda_handler, "_ESCAPES", escapes)
    for body in (character * 1000, json.dumps([character * 1000], ensure_ascii=False)):
        length = len(json.dumps(body, ensure_ascii=escapes).encode())
        for limit in (length - 3, length // 2):
            monkeypatch.setattr(lambda_handler, "MAX_RESPONSE_BYTES", limit + 10_240)
            assert lambda_handler._may_be_too_long(body)  # noqa: SLF001


def test_a_compressed_response_too_long_for_lambda_returns_a_plain_413(monkeypatch: pytest.MonkeyPatch) -> None:
    services.create_event(make_fields(description="é" * 5000), ACTOR)
    monkeypatch.setattr(lambda_handler, "MAX_RESPONSE_BYTES", 400)
    answer = handler(rest_event("GET", "/events/launch", **{"Accept-Encoding": "gzip"}), None)
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (413, False)
    assert not {"Content-Encoding", "Content-Length", "ETag"} & set(answer["multiValueHeaders"])


@pytest.mark.parametrize("make_event", [rest_event, http_event])
@pytest.mark.parametrize("path", ["/events/launch", "/static/ninja/favicon.svg"])
def test_head_has_no_body(make_event: Any, path: str) -> None:
    services.create_event(make_fields(), ACTOR)
    answer = handler(make_event("HEAD", path), None)
    assert (answer["statusCode"], answer["body"]) == (200, "")


def test_garbage_collection_is_on_after_the_start() -> None:
    assert gc.isenabled()
