"""Headers: clients cannot inject any into a response, and every response has those that protect it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.test import Client
from rest_framework.test import APIClient

from events import services
from eventsite.accounts import people
from tests.support.api_calls import send
from tests.support.builders import ACTOR, make_body, make_feed, make_fields, make_staff
from tests.support.clients import client_of
from tests.support.hostile_texts import TAKEN, mostly_at_length
from tests.support.http_server import Server
from tests.support.staff_pages import PAGES

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X" * 200)
API = ("/events", "/events/launch", "/healthz", "/docs", "/openapi.json")
ELSEWHERE = ("/", "/staff", "/nothing", "/static/site/site.css", "/static/nothing.css")


def addresses() -> list[str]:
    return [*API, *ELSEWHERE, *(address for address, _ in PAGES.values())]


@pytest.fixture
def browser() -> Client:
    """A browser of an admin, who may open every page."""
    services.create_event(make_fields(), ACTOR)
    client = client_of(make_staff("ada", "admin"))
    client.raise_request_exception = False
    return client


def test_no_method_at_any_address_causes_a_server_error(browser: Client) -> None:
    """A 405 names the allowed methods. TRACE does not repeat the request."""
    for address in addresses():
        for method in METHODS:
            if method == "POST" and "sign-out" in address:
                continue
            response = browser.generic(method, address, headers={"X-Secret": "told", "Accept": "text/html"})
            assert response.status_code < 500, (method, address)
            assert b"told" not in response.getvalue(), (method, address)
            assert response.status_code != 405 or response["Allow"], (method, address)
            if method == "HEAD":
                assert response.getvalue() == b"", address
            response.close()


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"])
def test_headers_cannot_override_the_method(api: APIClient, name: str) -> None:
    services.create_event(make_fields(), ACTOR)
    for method, query in product(("GET", "POST"), ("", f"?{name}=DELETE")):
        send(api, method, f"/events/launch{query}", {name: "DELETE"}, **{name.replace("-", "_"): "DELETE"})
    assert services.get_event("launch").fields == make_fields()


def test_pages_forbid_frames_and_caching(browser: Client) -> None:
    """Also errors, forms, redirects and files. With `nosniff`, browsers do not treat JSON as HTML."""
    seen = set()
    for address in addresses():
        for accept in ("text/html", "*/*"):
            response = browser.get(address, headers={"Accept": accept})
            response.close()
            seen.add(response.status_code)
            assert response["X-Content-Type-Options"] == "nosniff", address
            if response.get("Content-Type", "").startswith("text/html") and response.status_code != 301:
                assert response["X-Frame-Options"] == "DENY", address
                assert "frame-ancestors 'none'" in response["Content-Security-Policy"], address
            if address.startswith("/staff/"):
                assert {"private", "no-store"} <= set(response["Cache-Control"].split(", ")), address
    assert {200, 302, 404, 405} <= seen


def test_responses_that_depend_on_the_user_are_not_shared(browser: Client) -> None:
    for address in ("/staff/", "/staff/events/", "/staff/people/", "/staff/account/"):
        assert "Cookie" in browser.get(address)["Vary"]
    feed = Client().get(make_feed(people.get_staff("ada")))
    assert (feed.status_code, feed["Cache-Control"]) == (200, "private, no-cache")
    assert "Set-Cookie" not in feed.headers
    assert not feed.cookies
    for address in API:
        assert not Client().get(address).cookies, address


HOSTS = [
    {"Host": "evil.example"},
    {"Host": "testserver.evil.example"},
    {"Host": "testserver:80@evil.example"},
    {"Host": "testserver/.evil.example"},
    {"Host": "evil.example:testserver"},
    {"Host": "testserver, evil.example"},
]


@pytest.mark.parametrize("headers", HOSTS, ids=str)
def test_unknown_hosts_return_400(headers: dict[str, str]) -> None:
    services.create_event(make_fields(), ACTOR)
    client = Client(SERVER_NAME=headers["Host"], headers=headers)
    client.raise_request_exception = False
    for address in ("/events?limit=1", "/events/launch", "/staff/login/", "/staff/", "/docs"):
        response = client.get(address)
        assert response.status_code == 400, address
        assert b"evil.example" not in response.content


@pytest.mark.parametrize(
    "name", ["X-Forwarded-Host", "X-Host", "X-Forwarded-Server", "Forwarded", "X-Original-URL", "X-Rewrite-URL"]
)
def test_other_headers_do_not_change_the_host_or_the_path(browser: Client, name: str) -> None:
    services.create_event(make_fields(eventId="second"), ACTOR)
    headers = {name: "host=evil.example" if name == "Forwarded" else "evil.example"}
    listed = browser.get("/events?limit=1", headers=headers)
    assert listed["Link"].startswith("<http://testserver/events?")
    page = browser.post("/staff/account/feed/", headers={**headers, "Accept": "text/html"}).content.decode()
    assert "http://testserver/staff/feed/" in page
    assert "evil.example" not in page
    feed = browser.get(make_feed(people.get_staff("ada")), headers=headers).content
    assert b"evil.example" not in feed


@pytest.mark.parametrize("text", mostly_at_length(TAKEN))
def test_texts_cannot_inject_headers(api: APIClient, text: str) -> None:
    """Checks the headers of a created event, of a list with a next page, and of one event."""
    for number in range(2):
        created = send(api, "POST", "/events", make_body(eventId=f"{text[:99]}{number}", status=text))
        assert created.status_code == 201
        assert_plain(created)
    assert_plain(send(api, "GET", f"/events?limit=1&status={quote(text, safe='')}"))
    assert "Link" in send(api, "GET", f"/events?limit=1&status={quote(text, safe='')}").headers
    assert_plain(send(api, "GET", f"/events/{quote(text[:99], safe='')}0"))


def assert_plain(response: Any) -> None:
    for name, value in response.items():
        assert re.fullmatch(r"[\x20-\x7e]*", value), (name, value)
    assert "X-Evil" not in response.headers


def requests_with_line_ends() -> Iterator[tuple[str, dict[str, str]]]:
    for address in (
        "/events/a%0d%0aX-Evil:%201",
        "/events?status=%0d%0aX-Evil:%201&limit=1",
        "/staff/%0d%0aX-Evil:%201",
    ):
        yield address, {}
    for name in (
        "X-Forwarded-For",
        "User-Agent",
        "X-Request-Id",
        "If-Match",
        "Idempotency-Key",
        "Origin",
        "Accept-Encoding",
    ):
        yield "/events", {name: "a%0d%0aX-Evil: 1\tb\x0b\x85\xa0"}


def test_encoded_line_ends_cannot_inject_headers(server: Server) -> None:
    """Over a real socket, where a decoded line end would start a new header."""
    for address, headers in requests_with_line_ends():
        answer = server.request("GET", address, headers=headers, allow_redirects=False)
        assert answer.status_code < 500
        assert "X-Evil" not in answer.headers


@pytest.mark.parametrize(
    "cookie", ["x" * 60_000, "; ".join(f"a{number}=1" for number in range(5_000)), '=;;=,\x01"\\', "\xff\xfe"]
)
def test_invalid_cookies_sign_nobody_in(cookie: str) -> None:
    for name in (
        django_settings.SESSION_COOKIE_NAME,
        django_settings.CSRF_COOKIE_NAME,
        django_settings.MESSAGE_COOKIE_NAME,
        django_settings.THEME_COOKIE_NAME,
    ):
        response = Client().get("/staff/", HTTP_COOKIE=f"{name}={cookie}")
        assert (response.status_code, response["Location"]) == (302, "/staff/login/?next=/staff/")
        assert Client().get("/staff/login/", HTTP_COOKIE=f"{name}={cookie}").status_code == 200
        assert json.loads(Client().get("/events", HTTP_COOKIE=f"{name}={cookie}").content) == []
