"""Schedules, commands and other payloads of the function, and addresses below a stage."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.management import CommandError
from django.urls import set_script_prefix

from events import services
from eventsite import lambda_handler
from eventsite.lambda_handler import handler
from eventsite.middleware import CONTENT_SECURITY_POLICY
from tests.support.builders import ACTOR, PASSWORD, make_fields, make_staff
from tests.support.clients import client_of
from tests.support.lambda_events import call, http_event, rest_event

KEEP_WARM = {
    "version": "0",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "resources": ["arn:aws:events:eu-west-1:123456789012:rule/events-production-zappa-keep-warm-handler.keep_warm"],
    "detail": {},
}


@pytest.mark.parametrize("event", [KEEP_WARM, {"source": "aws.events"}, {"detail-type": "Scheduled Event"}])
def test_scheduled_events_write_nothing_to_the_log(event: dict[str, Any], capfd: pytest.CaptureFixture[str]) -> None:
    assert handler(event, None) is None
    assert capfd.readouterr() == ("", "")


def test_the_output_of_a_command_is_logged_and_returned(capfd: pytest.CaptureFixture[str]) -> None:
    services.create_event(make_fields(title="Two words"), ACTOR)
    written = handler({"manage": "export_events --status 'active' -"}, None)
    assert "Two words" in written
    assert capfd.readouterr().out == f"{written}\n"


@pytest.mark.parametrize(("command", "said"), [("no_such_command", "Unknown command"), ("create_staff", "required")])
def test_a_failed_command_fails_the_invocation(command: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        handler({"manage": command}, None)


def test_the_help_of_a_command_is_returned() -> None:
    assert handler({"manage": "create_tables --help"}, None).startswith("usage:")


def test_long_output_of_a_command_is_shortened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lambda_handler, "MAX_COMMAND_OUTPUT", 20)
    services.create_event(make_fields(), ACTOR)
    said = handler({"manage": "export_events -"}, None)
    assert len(said.partition("\n(shortened: the output has ")[0]) == 20
    assert said.endswith(" characters)\n")


def test_queries_and_cookies_may_be_any_text() -> None:
    services.create_event(make_fields(status="日本"), ACTOR)
    event = http_event("GET", "/events?status=日本", Cookie="a=日本")
    assert call(event)[::2] == (200, [make_fields(status="日本")])
    assert handler(rest_event("GET", "/staff/", Cookie="a=日本", Accept="text/html"), None)["statusCode"] == 302


@pytest.mark.parametrize(
    ("event", "got"),
    [
        ({"Records": [], "b": 1}, r"it received an object with \['Records', 'b'\]\."),
        ({"raw_command": "import os"}, r"it received an object with \['raw_command'\]\."),
        ({"manage": ["check"]}, r"it received an object with \['manage'\]\."),
        ({"version": "2.0"}, r"it received an object with \['version'\]\."),
        ({}, r"it received an object with \[\]\."),
        ("text", r"it received str\."),
        (None, r"it received NoneType\."),
    ],
)
def test_other_payloads_raise_an_error_that_names_them(event: Any, got: str) -> None:
    with pytest.raises(ValueError, match=rf"^This function handles API Gateway, schedules and `zappa manage`; {got}$"):
        handler(event, None)


@pytest.fixture
def prefix(settings: Any) -> Iterator[str]:
    settings.URL_PREFIX = settings.FORCE_SCRIPT_NAME = "/production"
    settings.SESSION_COOKIE_PATH = settings.CSRF_COOKIE_PATH = "/production"
    yield "/production"
    set_script_prefix("/")  # Django stores it per thread


def path_as_sent(make_event: Any, prefix: str, path: str) -> str:
    """REST APIs leave the stage out of the path, HTTP APIs do not."""
    return path if make_event is rest_event else f"{prefix}{path}"


@pytest.mark.parametrize("make_event", [rest_event, http_event])
def test_api_addresses_begin_with_the_stage(make_event: Any, prefix: str) -> None:
    path = path_as_sent(make_event, prefix, "/events")
    created = call(make_event("POST", path, {"eventId": "a b", **make_fields(eventId="a b")}))
    assert (created[0], created[1]["Location"]) == (201, "/production/events/a%20b")
    assert call(make_event("GET", f"{path}/a%20b"))[0] == 200
    services.create_event(make_fields(eventId="second"), ACTOR)
    _, headers, _ = call(make_event("GET", f"{path}?limit=1"))
    assert headers["Link"].startswith("<https://testserver/production/events?limit=1&cursor=")


@pytest.mark.parametrize("path", ["/production/events/launch", "/events/launch"])
def test_a_rest_api_may_send_the_prefix(prefix: str, path: str) -> None:
    """It does so with the base path of a custom domain."""
    services.create_event(make_fields(), ACTOR)
    assert call(rest_event("GET", path))[0] == 200


@pytest.mark.parametrize("path", ["/productionevents", "/production", "/production/"])
def test_only_the_whole_prefix_is_removed(prefix: str, path: str) -> None:
    status, headers, _ = call(http_event("GET", path))
    expected = (302, "/production/staff/") if path != "/productionevents" else (404, None)
    assert (status, headers.get("Location")) == expected


def sent_cookies(answer: dict[str, Any]) -> SimpleCookie:
    values = answer["cookies"] if "cookies" in answer else answer["multiValueHeaders"].get("Set-Cookie", [])
    cookies = SimpleCookie()
    for value in values:
        cookies.load(value)
    return cookies


def form_event(make_event: Any, path: str, form: dict[str, str], cookies: SimpleCookie) -> dict[str, Any]:
    event: dict[str, Any] = make_event("POST", path, Referer="https://testserver/production/staff/login/")
    pairs = [f"{name}={morsel.value}" for name, morsel in cookies.items()]
    body = urlencode(form)
    if make_event is rest_event:
        event["multiValueHeaders"] |= {"Cookie": ["; ".join(pairs)], "Content-Type": [FORM]}
        return {**event, "body": body}
    event["headers"] |= {"content-type": FORM}
    return {**event, "cookies": pairs, "body": base64.b64encode(body.encode()).decode()}


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("make_event", [rest_event, http_event])
def test_sign_in_sets_cookies_and_redirects_below_the_stage(make_event: Any, prefix: str) -> None:
    make_staff("anna")
    refused = handler(
        make_event("GET", path_as_sent(make_event, prefix, "/staff/events/?q=x"), Accept="text/html"), None
    )
    headers = refused.get("multiValueHeaders") or refused["headers"]
    where = headers["Location"][0] if "multiValueHeaders" in refused else headers["location"]
    assert where == "/production/staff/login/?next=/production/staff/events/%3Fq%3Dx"

    login = path_as_sent(make_event, prefix, "/staff/login/")
    cookies = sent_cookies(handler(make_event("GET", login, Accept="text/html"), None))
    form = {
        "username": "anna",
        "password": PASSWORD,
        "next": "/production/staff/events/?q=x",
        "csrfmiddlewaretoken": cookies["events-local-csrf"].value,
    }
    answer = handler(form_event(make_event, login, form, cookies), None)
    headers = answer.get("multiValueHeaders") or answer["headers"]
    assert answer["statusCode"] == 302, answer["body"]
    assert (headers.get("Location") or [headers.get("location")])[0] == "/production/staff/events/?q=x"
    given = sent_cookies(answer)
    assert set(given) == {"events-local-session", "events-local-csrf", "events-local-device"}
    assert {cookie["path"] for cookie in given.values()} == {"/production"}


def test_the_message_cookie_has_the_path_of_the_stage(prefix: str) -> None:
    make_staff("anna", "viewer")
    answer = client_of(make_staff("ada", "admin")).post("/staff/people/anna/", {"role": "editor"})
    assert answer.cookies["events-local-messages"]["path"] == "/production"


@pytest.mark.parametrize("make_event", [rest_event, http_event])
def test_a_page_too_long_for_lambda_explains_what_to_do(make_event: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lambda_handler, "MAX_RESPONSE_BYTES", 400)
    answer = handler(make_event("GET", "/staff/login/", Accept="text/html"), None)
    headers = answer.get("multiValueHeaders") or answer["headers"]
    assert answer["statusCode"] == 413
    assert "Narrow the filter, and export in several parts." in answer["body"]
    assert headers["Content-Type"] in (["text/html; charset=utf-8"], "text/html; charset=utf-8")
    assert headers["Content-Security-Policy"] in ([CONTENT_SECURITY_POLICY], CONTENT_SECURITY_POLICY)
