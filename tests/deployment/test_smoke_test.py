"""The smoke test passes on a site that works, names the error on one that does not, and leaves nothing behind."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable
from email.message import Message
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from events.storage.models import AccessItem, EventItem
from eventsite.deployment import DeploymentError, smoke_test
from eventsite.deployment.http_client import Client, Response
from eventsite.deployment.smoke_test import run_smoke_test
from tests.support.builders import ACTOR, make_fields
from tests.support.http_server import Server
from tests.support.tables import read_table

Change = Callable[[Response], Response]


def nothing_is_left() -> bool:
    """No event, no key, and no reserved name of a key."""
    keys = [row for row in read_table(AccessItem) if row["key"]["S"].startswith("api-key")]
    return not keys and not read_table(EventItem)


def test_a_site_that_works(server: Server) -> None:
    output = StringIO()
    call_command("smoke_test", server.url, stdout=output)
    lines = output.getvalue().splitlines()
    names = ["health", "create", "read", "list", "delete", "sign-in page", "static file"]
    assert [line[:14].strip() for line in lines] == names
    assert all(re.fullmatch(r" *\d+ ms", line[14:]) for line in lines)
    assert nothing_is_left()


def test_it_can_connect_to_another_machine(server: Server) -> None:
    machine = server.url.removeprefix("http://")
    response = Client("http://127.0.0.1:1/", machine).call("GET", "/healthz")
    assert (response.status, response.json()) == (200, {"status": "ok"})


def test_the_list_may_begin_with_other_events(server: Server) -> None:
    from events import services  # noqa: PLC0415

    for number in range(3):
        services.create_event(make_fields(eventId=str(number), date="9999-12-31"), ACTOR)
    lines: list[str] = []
    run_smoke_test(Client(server.url), "", lines.append)
    assert len(lines) == 7
    assert len(read_table(EventItem)) == 3


def response(status: int, text: str = "", **headers: str) -> Response:
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return Response(status, message, text.encode())


def other_body(got: Response) -> Response:
    return Response(got.status, got.headers, got.body.replace(b"Deployment check", b"Something else"))


def without(header: str) -> Change:
    def change(got: Response) -> Response:
        headers = Message()
        for name, value in got.headers.items():
            if name != header:
                headers[name] = value
        return Response(got.status, headers, got.body)

    return change


ERRORS: list[tuple[str, str, Change, str]] = [
    (
        "GET",
        "/healthz",
        lambda got: response(400, "Bad", X_Request_Id="r-1"),
        "'health': expected 200, got 400 'Bad' (request r-1).",
    ),
    ("POST", "/events", lambda got: response(500, "Oh no."), "'create': expected 201, got 500 'Oh no.'."),
    ("POST", "/events", other_body, "'create': expected the event, got 201 "),
    ("POST", "/events", without("Location"), "'create': expected its address, not '', got 201 "),
    ("GET", "/events/", other_body, "'read': expected the event, got 200 "),
    ("GET", "/events/", without("ETag"), "'read': expected an ETag, got 200 "),
    ("GET", "/events?", lambda got: response(200, "[]"), "'list': the created event is not in the list."),
    ("GET", "/events?", lambda got: response(200, "{}"), "'list': expected a list, got 200 '{}'."),
    (
        "GET",
        "/events?",
        lambda got: response(200, "[]", Link='<https://a.example/other/events?cursor=x>; rel="next"'),
        "'list': expected a link to this list, not to 'https://a.example/other/events?cursor=x', got 200 '[]'.",
    ),
    ("DELETE", "/events/", lambda got: response(200), "'delete': expected 204, got 200 ''."),
    (
        "GET",
        "/staff/",
        lambda got: response(200, "?"),
        "'sign-in page': expected a redirect to the sign-in page, got 200 '?'.",
    ),
    (
        "GET",
        "/staff/",
        lambda got: response(302, Location="https://a.example/other/"),
        "'sign-in page': expected an address of this site, not '/other/', got 302 ''.",
    ),
    ("GET", "/staff/login/", without("Set-Cookie"), "'sign-in page': expected a cookie for the form, got 200 "),
    (
        "GET",
        "/staff/login/",
        lambda got: response(200, 'name="password"', Set_Cookie="a=b; Path=/other"),
        "'sign-in page': expected cookies for '/', not '/other', got 200 ",
    ),
    (
        "GET",
        "/staff/login/",
        lambda got: Response(200, got.headers, b'name="password" href="/other/static/a.css"'),
        "'static file': the sign-in page must use files under /static/, but uses ['/other/static/a.css'].",
    ),
    (
        "GET",
        "/static/",
        lambda got: response(404),
        "'static file': expected /static/bootstrap/bootstrap.min.css, got 404",
    ),
    (
        "GET",
        "/static/",
        lambda got: Response(200, response(200, Content_Type="text/html").headers, b"?"),
        "'static file': expected a stylesheet or script, not text/html, got 200 '?'.",
    ),
]


@pytest.mark.parametrize(("method", "path", "change", "error"), ERRORS)
def test_a_site_with_an_error(
    server: Server, monkeypatch: pytest.MonkeyPatch, method: str, path: str, change: Change, error: str
) -> None:
    real = Client.call

    def call(self: Client, called: str, at: str, *arguments: Any, **headers: str) -> Response:
        got = real(self, called, at, *arguments, **headers)
        hit = called == method and (at == path if path in ("/healthz", "/events", "/staff/") else at.startswith(path))
        return change(got) if hit else got

    monkeypatch.setattr(Client, "call", call)
    monkeypatch.setattr(smoke_test, "SECONDS_TO_LIST", 0)
    with pytest.raises(DeploymentError) as raised:
        run_smoke_test(Client(server.url), "", lambda line: None)
    assert str(raised.value).startswith(f"The smoke test failed at {error}")
    assert nothing_is_left()


def test_a_new_gateway_may_need_time_to_find_its_function(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Client.call
    got: list[Any] = [OSError("no route"), response(403), response(502)]

    def call(self: Client, method: str, path: str, *arguments: Any, **headers: str) -> Response:
        if not got:
            return real(self, method, path, *arguments, **headers)
        first = got.pop(0)
        if isinstance(first, OSError):
            raise first
        assert isinstance(first, Response)
        return first

    monkeypatch.setattr(Client, "call", call)
    monkeypatch.setattr(smoke_test.time, "sleep", lambda seconds: None)  # type: ignore[attr-defined]
    run_smoke_test(Client(server.url), "", lambda line: None)
    assert got == []


def test_a_site_that_is_not_running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smoke_test, "SECONDS_TO_START", 0)
    with pytest.raises(CommandError, match=r"^The smoke test failed at 'health': .*refused"):
        call_command("smoke_test", "http://127.0.0.1:9")
    assert nothing_is_left()


def test_an_incomplete_response(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def call(self: Client, *arguments: Any, **headers: str) -> Response:
        raise http.client.IncompleteRead(b"", 10)

    monkeypatch.setattr(Client, "call", call)
    with pytest.raises(DeploymentError, match="IncompleteRead"):
        run_smoke_test(Client(server.url), "", lambda line: None)
    assert nothing_is_left()


@pytest.mark.parametrize("address", ["events.example", "ftp://events.example", "https://"])
def test_an_invalid_address(address: str) -> None:
    with pytest.raises(CommandError, match="is not an http or https address"):
        call_command("smoke_test", address)
