"""Logs of hostile requests: one line each, with the actor and without secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings
from django.test import Client

from events.domain import StorageError
from eventsite.accounts import keys, people
from eventsite.accounts.domain import Scope
from eventsite.lambda_handler import handler
from eventsite.management.commands.runserver import hide_feeds
from eventsite.request_log import JSONFormatter, LineFormatter
from tests.support.builders import ACTOR, PASSWORD, make_body, make_feed, make_staff
from tests.support.clients import client_of
from tests.support.hostile_texts import REFUSED, TAKEN
from tests.support.lambda_events import http_event, rest_event

_LOGGING: Any = settings.LOGGING
LINE = {name: value for name, value in _LOGGING["formatters"]["line"].items() if name != "()"}
Lines = Callable[[], list[dict[str, Any]]]
ANYTHING = {
    **TAKEN,
    **{name: text for name, (text, _) in REFUSED.items()},
    "line ends": 'x\r\n{"level": "INFO"}\n\n',
}


@pytest.fixture
def lines(capfd: pytest.CaptureFixture[str]) -> Lines:
    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capfd.readouterr().out.split("\n")[:-1]]

    return read


@pytest.mark.parametrize("make_event", [rest_event, http_event])
def test_each_request_logs_one_line(make_event: Any, lines: Lines) -> None:
    """With hostile texts in the path, the query, the body and headers."""
    for name, text in ANYTHING.items():
        written = quote(text.encode("utf-8", "surrogatepass"), safe="")
        headers = dict.fromkeys(("User-Agent", "X-Request-Id"), text.encode("utf-8", "replace").decode("latin-1"))
        events = [
            make_event("GET", f"/events/{written}", **headers),
            make_event("GET", f"/staff/event/{written}/", **headers),
            make_event("GET", f"/{written}"),
            make_event("GET", f"/events?status={written}"),
            make_event("POST", "/events", make_body(eventId=text, title=text)),
        ]
        for event in events:
            assert handler(event, None)["statusCode"] < 500, name
            [line] = lines()
            assert line["logger"] == "eventsite.requests"
            assert line["message"] == f"{line['method']} {line['route']} {line['status']}"


def test_other_log_records_are_one_line_too() -> None:
    """In the format for Lambda, no text of a record starts a second line."""
    for text in ANYTHING.values():
        record = logging.makeLogRecord({"msg": "a %s b", "args": (text,), "name": text})
        written = JSONFormatter().format(record)
        assert "\n" not in written
        assert json.loads(written)["message"] == f"a {text} b"


def test_typed_names_do_not_start_a_new_line(caplog: pytest.LogCaptureFixture) -> None:
    """Names of keys and accounts, in the log messages about them."""
    admin = client_of(make_staff("ada", "admin"))
    with caplog.at_level(logging.INFO):
        for anything in [*ANYTHING.values()][:9]:
            text = anything.encode("utf-8", "replace").decode()
            admin.post("/staff/keys/new/", {"name": text, "scope": "read"})
            admin.post("/staff/people/new/", {"username": text, "role": "viewer"})
        for _ in range(6):
            Client().post("/staff/login/", {"username": ANYTHING["line ends"], "password": "typed-secret"})
    said = [record.getMessage() for record in caplog.records]
    assert len(said) > 5
    assert not [line for line in said if any(character < " " for character in line)]
    assert "typed-secret" not in caplog.text


def test_sign_in_sign_out_and_feeds_log_the_username(lines: Lines) -> None:
    staff = make_staff("ada", "admin")
    page = handler(rest_event("GET", "/staff/login/", Accept="text/html"), None)
    token = page["multiValueHeaders"]["Set-Cookie"][0].partition("=")[2].partition(";")[0]
    form = {"username": " Ada ", "password": PASSWORD, "csrfmiddlewaretoken": token}
    cookie = f"{settings.CSRF_COOKIE_NAME}={token}"
    for sent, session in (
        ("login", ""),
        ("logout", f"; {settings.SESSION_COOKIE_NAME}={client_of(staff).cookies[settings.SESSION_COOKIE_NAME].value}"),
    ):
        event = rest_event(
            "POST", f"/staff/{sent}/", urlencode(form), Cookie=cookie + session, Referer="https://testserver/"
        )
        event["multiValueHeaders"]["Content-Type"] = ["application/x-www-form-urlencoded"]
        lines()
        assert handler(event, None)["statusCode"] == 302
        assert [(line["actor"], line["status"]) for line in lines()] == [("ada", 302)], sent
    address = make_feed(staff)
    assert handler(rest_event("GET", address), None)["statusCode"] == 200
    [line] = lines()
    assert (line["actor"], line["route"]) == ("ada", "/staff/feed/<str:token>.ics")
    assert address.rpartition(":")[2] not in json.dumps(line)


def test_unknown_keys_log_no_actor(lines: Lines) -> None:
    _, token = keys.create_key("shop", Scope.READ, ACTOR)
    for wrong in (
        token[:-1] + "x",
        token.upper(),
        f"{token} {token}",
        "evk_" + "0" * 12 + "_" + "0" * 48,
        "\xff",
        "a\tb",
    ):
        assert handler(rest_event("GET", "/events", Authorization=f"Bearer {wrong}"), None)["statusCode"] == 401
        [line] = lines()
        assert (line["actor"], line["status"]) == ("", 401)
        assert token[-47:] not in json.dumps(line)


@pytest.mark.parametrize("on_lambda", [True, False])
@pytest.mark.parametrize("error", [RuntimeError("broken"), StorageError("broken"), ValueError("/staff/feed/ada:x.ics")])
def test_errors_of_a_feed_do_not_log_its_address(
    error: Exception, on_lambda: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the formats of all places where the site runs. An exception may quote the address."""
    address = make_feed(make_staff("ada"))
    secret = address.rpartition(":")[2]
    written: list[str] = []
    formatter = JSONFormatter() if on_lambda else LineFormatter(**LINE)
    handler = logging.Handler()
    handler.emit = lambda record: written.append(formatter.format(record))  # type: ignore[method-assign]
    monkeypatch.setattr("events.pages.feed.feed_events", Mock(side_effect=error))
    for logger in ("django", "eventsite"):
        monkeypatch.setattr(logging.getLogger(logger), "handlers", [handler])
    response = Client(raise_request_exception=False, headers={"Accept": "text/html"}).get(address)
    assert response.status_code == 500
    assert written
    assert "Traceback" in "".join(written)
    assert secret not in "".join(written)
    assert "ada:x" not in "".join(written)
    assert secret not in response.content.decode()


@pytest.mark.parametrize("path", ["/staff/feed/ada:x.ics", "/staff/feed/ada:x", "/staff/feed/ada:x.ics/"])
def test_the_address_of_a_feed_is_no_referer(path: str) -> None:
    """An error page has no form: browsers send forms of such a page with `Origin: null`, so they would be refused."""
    for client in (Client(headers={"Accept": "text/html"}), client_of(make_staff("ada", "admin"))):
        for method in ("GET", "POST"):
            response = client.generic(method, path)
            assert response.status_code in (404, 405)
            assert response["Referrer-Policy"] == "no-referrer"
            assert b"<form" not in response.content
            assert b"ada:x" not in response.content
            assert "/login/" not in response.get("Location", "")
    assert Client().get(make_feed(people.get_staff("ada")))["Referrer-Policy"] == "no-referrer"


def test_runserver_hides_the_tokens_of_feeds() -> None:
    line = '"GET /staff/feed/ada:c2VjcmV0.ics?x=1 HTTP/1.1" %s %s'
    record = logging.makeLogRecord({"msg": "%s", "args": (line, "200", "5")})
    assert hide_feeds(record)
    assert record.args == ('"GET /staff/feed/…?x=1 HTTP/1.1" %s %s', "200", "5")
    record = logging.makeLogRecord({"msg": '"%s" %s %s', "args": ("GET /staff/feed/ada:x.ics HTTP/1.1", "200", "5")})
    assert hide_feeds(record)
    assert record.getMessage() == '"GET /staff/feed/… HTTP/1.1" 200 5'
