"""The smoke test: that it passes where the site works, says what is wrong where it does not, and leaves nothing."""

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
from eventsite.deployment.smoke_test import run_smoke_test
from eventsite.deployment.visitor import Answer, Visitor
from tests.support.builders import ACTOR, make_fields
from tests.support.http_server import Server
from tests.support.tables import read_table

Change = Callable[[Answer], Answer]


def nothing_is_left() -> bool:
    """Neither the event nor the key, nor the name that the key held."""
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


def test_the_address_may_be_another_machine_than_its_name_says(server: Server) -> None:
    machine = server.url.removeprefix("http://")
    answer = Visitor("http://127.0.0.1:1/", machine).call("GET", "/healthz")
    assert (answer.status, answer.json()) == (200, {"status": "ok"})


def test_the_list_may_begin_with_the_events_of_others(server: Server) -> None:
    from events import services  # noqa: PLC0415

    for number in range(3):
        services.create_event(make_fields(eventId=str(number), date="9999-12-31"), ACTOR)
    said: list[str] = []
    run_smoke_test(Visitor(server.url), "", said.append)
    assert len(said) == 7
    assert len(read_table(EventItem)) == 3


def answer(status: int, text: str = "", **headers: str) -> Answer:
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return Answer(status, message, text.encode())


def other_body(got: Answer) -> Answer:
    return Answer(got.status, got.headers, got.body.replace(b"Check of", b"Something else than"))


def without(header: str) -> Change:
    def change(got: Answer) -> Answer:
        headers = Message()
        for name, value in got.headers.items():
            if name != header:
                headers[name] = value
        return Answer(got.status, headers, got.body)

    return change


FAULTS: list[tuple[str, str, Change, str]] = [
    (
        "GET",
        "/healthz",
        lambda got: answer(400, "Bad", X_Request_Id="r-1"),
        "'health': wanted 200, got 400 'Bad' (request r-1).",
    ),
    ("POST", "/events", lambda got: answer(500, "Oh no."), "'create': wanted 201, got 500 'Oh no.'."),
    ("POST", "/events", other_body, "'create': wanted the event, got 201 "),
    ("POST", "/events", without("Location"), "'create': wanted its address, not '', got 201 "),
    ("GET", "/events/", other_body, "'read': wanted the event, got 200 "),
    ("GET", "/events/", without("ETag"), "'read': wanted an ETag, got 200 "),
    ("GET", "/events?", lambda got: answer(200, "[]"), "'list': the event that was created is not in the list."),
    ("GET", "/events?", lambda got: answer(200, "{}"), "'list': wanted a list, got 200 '{}'."),
    (
        "GET",
        "/events?",
        lambda got: answer(200, "[]", Link='<https://a.example/other/events?cursor=x>; rel="next"'),
        "'list': wanted a link back to this list, not to 'https://a.example/other/events?cursor=x', got 200 '[]'.",
    ),
    ("DELETE", "/events/", lambda got: answer(200), "'delete': wanted 204, got 200 ''."),
    ("GET", "/staff/", lambda got: answer(200, "?"), "'sign-in page': wanted a way to the sign-in page, got 200 '?'."),
    (
        "GET",
        "/staff/",
        lambda got: answer(302, Location="https://a.example/other/"),
        "'sign-in page': wanted an address of this site, not '/other/', got 302 ''.",
    ),
    ("GET", "/staff/login/", without("Set-Cookie"), "'sign-in page': wanted a cookie for the form, got 200 "),
    (
        "GET",
        "/staff/login/",
        lambda got: answer(200, 'name="password"', Set_Cookie="a=b; Path=/other"),
        "'sign-in page': wanted cookies for '/', not '/other', got 200 ",
    ),
    (
        "GET",
        "/staff/login/",
        lambda got: Answer(200, got.headers, b'name="password" href="/other/static/a.css"'),
        "'static file': the sign-in page should name files under /static/, and names ['/other/static/a.css'].",
    ),
    ("GET", "/static/", lambda got: answer(404), "'static file': wanted /static/bootstrap/bootstrap.min.css, got 404"),
    (
        "GET",
        "/static/",
        lambda got: Answer(200, answer(200, Content_Type="text/html").headers, b"?"),
        "'static file': wanted a stylesheet or script, not text/html, got 200 '?'.",
    ),
]


@pytest.mark.parametrize(("method", "path", "change", "said"), FAULTS)
def test_a_site_that_does_not(
    server: Server, monkeypatch: pytest.MonkeyPatch, method: str, path: str, change: Change, said: str
) -> None:
    real = Visitor.call

    def call(self: Visitor, called: str, at: str, *arguments: Any, **headers: str) -> Answer:
        got = real(self, called, at, *arguments, **headers)
        hit = called == method and (at == path if path in ("/healthz", "/events", "/staff/") else at.startswith(path))
        return change(got) if hit else got

    monkeypatch.setattr(Visitor, "call", call)
    monkeypatch.setattr(smoke_test, "SECONDS_TO_SHOW_IN_LISTS", 0)
    with pytest.raises(DeploymentError) as raised:
        run_smoke_test(Visitor(server.url), "", lambda line: None)
    assert str(raised.value).startswith(f"The smoke test failed at {said}")
    assert nothing_is_left()


def test_a_gateway_may_take_a_while_to_find_its_function(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Visitor.call
    got: list[Any] = [OSError("no route"), answer(403), answer(502)]

    def call(self: Visitor, method: str, path: str, *arguments: Any, **headers: str) -> Answer:
        if not got:
            return real(self, method, path, *arguments, **headers)
        first = got.pop(0)
        if isinstance(first, OSError):
            raise first
        assert isinstance(first, Answer)
        return first

    monkeypatch.setattr(Visitor, "call", call)
    monkeypatch.setattr(smoke_test.time, "sleep", lambda seconds: None)  # type: ignore[attr-defined]
    run_smoke_test(Visitor(server.url), "", lambda line: None)
    assert got == []


def test_a_site_that_nobody_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smoke_test, "SECONDS_TO_COME_UP", 0)
    with pytest.raises(CommandError, match=r"^The smoke test failed at 'health': .*refused"):
        call_command("smoke_test", "http://127.0.0.1:9")
    assert nothing_is_left()


def test_an_answer_that_breaks_off(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def call(self: Visitor, *arguments: Any, **headers: str) -> Answer:
        raise http.client.IncompleteRead(b"", 10)

    monkeypatch.setattr(Visitor, "call", call)
    with pytest.raises(DeploymentError, match="IncompleteRead"):
        run_smoke_test(Visitor(server.url), "", lambda line: None)
    assert nothing_is_left()


@pytest.mark.parametrize("address", ["events.example", "ftp://events.example", "https://"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(CommandError, match="is no http or https address"):
        call_command("smoke_test", address)
