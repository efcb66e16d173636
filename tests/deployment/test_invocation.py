"""Calls of one version of the function, as API Gateway makes them."""

from __future__ import annotations

import base64
import gzip
import json
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest

from eventsite.deployment import invocation
from eventsite.deployment.invocation import Invocation
from eventsite.stack.stage import read_stage

ADDRESS = "https://abc.execute-api.eu-west-1.amazonaws.com/dev"


def client(payload: Any, sent: list[dict[str, Any]], **more: str) -> Invocation:
    def invoke(**call: Any) -> dict[str, Any]:
        sent.append(call)
        return {"Payload": BytesIO(json.dumps(payload).encode()), **more}

    clients: Any = SimpleNamespace(of=lambda service: SimpleNamespace(invoke=invoke))
    return Invocation(clients, read_stage("dev"), "7", ADDRESS)


def test_the_event_and_the_response() -> None:
    sent: list[dict[str, Any]] = []
    body = base64.b64encode(gzip.compress("Grüße".encode())).decode()
    headers = {"Content-Encoding": ["gzip"], "Set-Cookie": ["a=1", "b=2"]}
    answer = {"statusCode": 200, "multiValueHeaders": headers, "body": body, "isBase64Encoded": True}
    response = client(answer, sent).call(
        "POST", "/events?from=9999-12-31&limit=1", {"a": "ü"}, Authorization="Bearer x"
    )
    assert (response.status, response.text, sorted(response.cookies())) == (200, "Grüße", ["a", "b"])
    [call] = sent
    assert (call["FunctionName"], call["Qualifier"]) == ("events-dev", "7")
    event = json.loads(call["Payload"])
    assert (event["httpMethod"], event["path"], event["requestContext"]["path"]) == ("POST", "/events", "/dev/events")
    assert event["multiValueQueryStringParameters"] == {"from": ["9999-12-31"], "limit": ["1"]}
    assert event["headers"]["Host"] == "abc.execute-api.eu-west-1.amazonaws.com"
    assert event["multiValueHeaders"]["Authorization"] == ["Bearer x"]
    assert json.loads(event["body"]) == {"a": "ü"}


def test_a_version_that_fails() -> None:
    error = {"errorType": "RuntimeError", "errorMessage": "broken at import"}
    with pytest.raises(OSError, match=r"^version 7 failed: RuntimeError: broken at import\.$"):
        client(error, [], FunctionError="Unhandled").call("GET", "/healthz")


def test_a_version_that_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first request may take longer, because Lambda starts the function."""
    times = iter([0.0, 15.0, 20.0, 30.5])
    monkeypatch.setattr(invocation, "time", SimpleNamespace(monotonic=lambda: next(times)))
    slow = client({"statusCode": 200, "multiValueHeaders": {}, "body": "", "isBase64Encoded": False}, [])
    assert slow.call("GET", "/healthz").status == 200
    with pytest.raises(OSError, match=r"^version 7 took 10\.5 s, and may take 10 s\.$"):
        slow.call("GET", "/healthz")
