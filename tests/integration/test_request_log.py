"""What a request leaves in Lambda's log: one line, with what one looks for, and nothing that is secret."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpRequest
from rest_framework.test import APIClient

from events import batches, services
from events.tasks import Task
from eventsite import lambda_handler, observed
from eventsite.accounts import keys
from eventsite.accounts.domain import Scope
from eventsite.lambda_handler import handler
from eventsite.request_log import METRICS, JSONFormatter
from tests.support.builders import ACTOR, make_body, make_fields, make_staff
from tests.support.clients import client_of
from tests.support.fault_proxy import FaultProxy, refuse
from tests.support.lambda_events import call, http_event, rest_event

CONTEXT = SimpleNamespace(aws_request_id="6b5f1c1e-0000-4000-8000-000000000001")

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capfd: pytest.CaptureFixture[str]) -> Lines:
    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capfd.readouterr().out.splitlines()]

    return read


@pytest.mark.parametrize("make_event", [rest_event, http_event])
def test_a_request_is_one_line(make_event: Any, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lambda_handler, "_warm", False)
    services.create_event(make_fields(eventId="a b"), ACTOR)
    answer = handler(make_event("GET", "/events/a%20b"), CONTEXT)
    headers = answer.get("multiValueHeaders") or answer["headers"]
    assert (headers.get("X-Request-Id") or [headers.get("x-request-id")])[0] == CONTEXT.aws_request_id
    [line] = lines()
    assert line.pop("Milliseconds") > 0
    assert line.pop("_aws")["CloudWatchMetrics"] == [
        {
            "Namespace": "Events",
            "Dimensions": [["Stage"]],
            "Metrics": [{"Name": name, "Unit": unit} for name, unit in METRICS.items()],
        }
    ]
    assert line == {
        "level": "INFO",
        "logger": "eventsite.requests",
        "message": "GET /events/<eventId> 200",
        "requestId": CONTEXT.aws_request_id,
        "method": "GET",
        "route": "/events/<eventId>",
        "status": 200,
        "coldStart": True,
        "actor": "anonymous",
        "eventId": "a b",
        "consumedCapacity": {"read": 1.0},
        "Stage": "",
        "Requests": 1,
        "ServerErrors": 0,
        "ColdStarts": 1,
        "EventsCreated": 0,
        "SignInLockouts": 0,
        "SignInFailures": 0,
    }


def test_every_metric_has_its_value_in_the_line(lines: Lines) -> None:
    call(rest_event("GET", "/events"))
    [line] = lines()
    assert set(METRICS) <= set(line)


def test_only_the_first_request_is_a_cold_start(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lambda_handler, "_warm", False)
    for _ in range(2):
        call(rest_event("GET", "/events"))
    assert [line["coldStart"] for line in lines()] == [True, False]


def test_a_create_is_counted_and_says_what_it_wrote(lines: Lines) -> None:
    _, _, event = call(rest_event("POST", "/events", make_body()))
    call(rest_event("POST", "/events", {"title": ""}))
    created, refused = lines()
    assert (created["status"], created["EventsCreated"], created["eventId"]) == (201, 1, event["eventId"])
    assert created["consumedCapacity"]["write"] >= 4  # a transaction writes each item twice
    assert (refused["status"], refused["EventsCreated"], refused["consumedCapacity"]) == (422, 0, {})


def test_who_called_is_named_but_not_with_which_key(lines: Lines) -> None:
    _, token = keys.create_key("the shop", Scope.WRITE, ACTOR)
    body = make_body(description="Nobody's business")
    call(rest_event("POST", "/events?limit=5", body, Authorization=f"Bearer {token}", Cookie="theme=dark"))
    [line] = lines()
    assert line["actor"] == "key:the shop"
    written = json.dumps(line)
    assert not [secret for secret in (token, token[-48:], "Nobody's business", "dark", "limit") if secret in written]


def test_a_page_names_who_is_signed_in(lines: Lines) -> None:
    client = client_of(make_staff("vera", "viewer"))
    services.create_event(make_fields(), ACTOR)
    cookie = f"events-local-session={client.cookies['events-local-session'].value}"
    handler(rest_event("GET", "/staff/event/launch/", Accept="text/html", Cookie=cookie), CONTEXT)
    [line] = lines()
    assert (line["actor"], line["eventId"], line["route"]) == ("vera", "launch", "/staff/event/<str:event_id>/")
    assert cookie.partition("=")[2] not in json.dumps(line)


def test_a_lockout_is_counted(lines: Lines) -> None:
    make_staff("vera", "viewer")
    form = {"username": "vera", "password": "wrong"}
    for _ in range(5):
        APIClient().post("/staff/login/", form)
    lines()
    page = handler(rest_event("GET", "/staff/login/", Accept="text/html"), None)
    token = page["multiValueHeaders"]["Set-Cookie"][0].partition("=")[2].partition(";")[0]
    body = f"username=vera&password=wrong&csrfmiddlewaretoken={token}"
    event = rest_event(
        "POST", "/staff/login/", body, Cookie=f"events-local-csrf={token}", Referer="https://testserver/"
    )
    event["multiValueHeaders"]["Content-Type"] = ["application/x-www-form-urlencoded"]
    event["requestContext"]["identity"]["sourceIp"] = "127.0.0.1"
    assert handler(event, None)["statusCode"] == 429
    assert [line["SignInLockouts"] for line in lines()] == [0, 1]


def test_what_fails_is_a_server_error_and_its_cause_is_logged_with_the_request(
    lines: Lines, faults: FaultProxy, caplog: pytest.LogCaptureFixture
) -> None:
    faults.set(refuse)
    answer = handler(rest_event("GET", "/events/launch"), CONTEXT)
    assert answer["statusCode"] == 500
    [line] = lines()
    assert (line["status"], line["ServerErrors"]) == (500, 1)
    [record] = [record for record in caplog.records if record.name == "eventsite.errors"]
    logged = json.loads(JSONFormatter().format(record))
    assert logged.pop("error").startswith("Traceback (most recent call last):")
    assert logged.pop("message").startswith("Request failed (storage_error): ")
    assert logged == {"level": "ERROR", "logger": "eventsite.errors", "requestId": CONTEXT.aws_request_id}


def test_an_unknown_address_has_no_route(lines: Lines) -> None:
    call(rest_event("GET", "/somewhere/secret"))
    [line] = lines()
    assert (line["route"], line["status"]) == ("(none)", 404)
    assert "secret" not in json.dumps(line)


def test_the_number_of_the_request_is_on_the_page_of_an_error(api: APIClient) -> None:
    answer = api.get("/staff/nowhere/", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert answer["X-Request-Id"] in answer.content.decode()
    assert api.get("/staff/nowhere/", headers={"Accept": "text/html"})["X-Request-Id"] != answer["X-Request-Id"]


def test_a_client_cannot_choose_the_number(api: APIClient) -> None:
    assert api.get("/events", headers={"X-Request-Id": "mine"})["X-Request-Id"] != "mine"


def test_what_django_says_of_a_path_is_logged_as_its_route() -> None:
    request = HttpRequest()
    request.path = "/staff/feed/a-secret.ics"
    request.resolver_match = SimpleNamespace(route="staff/feed/<str:token>.ics")  # type: ignore[assignment]
    record = logging.makeLogRecord(
        {"msg": "%s: %s", "args": ("Internal Server Error", request.path), "request": request}
    )
    message = json.loads(JSONFormatter().format(record))["message"]
    assert message == "Internal Server Error: /staff/feed/<str:token>.ics"


def test_metrics_have_the_time_in_milliseconds(lines: Lines) -> None:
    before = int(time.time() * 1000)
    call(rest_event("GET", "/events/nothing"))
    [line] = lines()
    assert before <= line["_aws"]["Timestamp"] <= int(time.time() * 1000)
    assert (line["status"], line["ServerErrors"]) == (404, 0)


def test_an_answer_too_long_is_logged_as_it_left(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lambda_handler, "MAX_RESPONSE_BYTES", 1)
    status, headers, _ = call(rest_event("GET", "/events"))
    [line] = lines()
    assert (status, line["status"], headers["X-Request-Id"]) == (413, 413, line["requestId"])
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_what_is_read_and_written_is_told_apart(lines: Lines) -> None:
    call(rest_event("POST", "/events", {"eventId": "a", **make_body()}))
    call(rest_event("PUT", "/events/a", {"capacity": 1}))
    call(rest_event("GET", "/events"))
    call(rest_event("GET", "/events?status=active"))
    created, updated, scanned, queried = lines()
    assert (created["EventsCreated"], updated["EventsCreated"]) == (1, 0)
    assert set(updated["consumedCapacity"]) == {"read", "write"}
    assert set(scanned["consumedCapacity"]) == set(queried["consumedCapacity"]) == {"read"}


def test_a_batch_is_counted_whole(lines: Lines) -> None:
    """Though several threads make it."""
    observation = observed.begin("one")
    tasks = [Task("create", f"e{number}", "A title", changes=make_fields(eventId=f"e{number}")) for number in range(30)]
    batches.run(batches.prepare("import", tasks, ACTOR, "f.csv").id, ACTOR, seconds=60)
    assert observation.counts["EventsCreated"] == 30
    assert observation.capacity["write"] > 30 * 20
    assert observation.event_id == ""


def test_a_command_is_not_logged_as_the_request_before_it() -> None:
    handler(rest_event("GET", "/events"), SimpleNamespace(aws_request_id="first"))
    handler({"manage": "export_events -"}, SimpleNamespace(aws_request_id="second"))
    assert json.loads(JSONFormatter().format(logging.makeLogRecord({"msg": "x"})))["requestId"] == "second"


def test_what_is_no_text_is_logged_all_the_same(lines: Lines) -> None:
    record = logging.makeLogRecord({"msg": "half of a pair: %s", "args": ("\ud800",)})
    assert json.loads(JSONFormatter().format(record))["message"] == "half of a pair: \ud800"


def test_a_key_that_may_not_is_named(lines: Lines) -> None:
    _, token = keys.create_key("the shop", Scope.READ, ACTOR)
    call(rest_event("POST", "/events", make_body(), Authorization=f"Bearer {token}"))
    [line] = lines()
    assert (line["status"], line["actor"]) == (403, "key:the shop")


def test_static_files_have_a_route_of_their_own(lines: Lines) -> None:
    handler(rest_event("GET", "/static/site/site.js"), CONTEXT)
    [line] = lines()
    assert (line["status"], line["route"]) == (200, "/static/")
