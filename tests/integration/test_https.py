"""A site behind a proxy that provides TLS (EVENTS_HTTPS=true), as on AWS."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from eventsite.accounts.domain import Scope
from eventsite.accounts.keys import create_key
from eventsite.message_storage import StageCookieStorage
from tests.support.builders import ACTOR, PASSWORD, make_body, make_staff, store

TLS = {"Host": "testserver", "X-Forwarded-Proto": "https", "Referer": "https://testserver/staff/"}
HSTS = "max-age=31536000"
KINDS = {"SESSION": "session", "CSRF": "csrf", "DEVICE": "device", "MESSAGE": "messages", "THEME": "theme"}


@pytest.fixture(autouse=True, params=["", "/desk"])
def site(settings: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What settings.py decides with EVENTS_HTTPS, with and without a prefix of addresses. Returns the prefix."""
    prefix: str = request.param
    settings.EVENTS_HTTPS = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.FORCE_SCRIPT_NAME = prefix or None
    settings.SESSION_COOKIE_PATH = settings.CSRF_COOKIE_PATH = prefix or "/"
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    for name, kind in KINDS.items():
        setattr(settings, f"{name}_COOKIE_NAME", f"{'__Secure-' if prefix else '__Host-'}events-{kind}")
    monkeypatch.setattr(StageCookieStorage, "cookie_name", settings.MESSAGE_COOKIE_NAME)
    return prefix


def test_browsers_accept_each_cookie_and_its_removal(site: str, settings: Any) -> None:
    """Browsers drop a cookie whose attributes contradict its name. The rules: RFC 6265bis, 4.1.3."""
    make_staff("ada", "admin")
    client = Client(headers=TLS)
    seen: dict[str, int] = {}
    for method, path, form in (
        ("get", "login/", {}),
        ("post", "login/", {"username": "ada", "password": PASSWORD}),
        ("post", "theme/", {"theme": "dark"}),
        ("post", "account/feed/choice/", {"days": "7"}),
        ("get", "account/", {}),
        ("post", "theme/", {"theme": ""}),
        ("post", "logout/", {}),
        ("get", "login/", {}),
    ):
        response = getattr(client, method)(f"/staff/{path}", form)
        assert response.status_code in (200, 302), path
        for name, cookie in response.cookies.items():
            seen[name] = seen.get(name, 0) + 1
            assert name.startswith("__Secure-" if site else "__Host-"), path
            assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, site or "/", ""), (name, path)
            if cookie["max-age"] != 0:
                assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax"), (name, path)
    assert len(seen) == 5
    assert [name for name, count in seen.items() if count == 1] == [settings.DEVICE_COOKIE_NAME]  # others are removed


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/staff/",
        "/staff/login/",
        "/nothing",
        "/events",
        "/events/none",
        "/healthz",
        "/docs",
        "/static/site/site.js",
    ],
)
def test_every_response_over_tls_has_hsts(path: str) -> None:
    for method in ("GET", "HEAD", "POST", "OPTIONS"):
        response = Client(headers=TLS).generic(method, path)
        assert response["Strict-Transport-Security"] == HSTS, method
        response.close()


def test_errors_have_hsts_too() -> None:
    for headers, status in (({"Host": "evil.example"}, 400), ({"Authorization": "Bearer evk_x"}, 401)):
        response = Client(headers={**TLS, **headers}).get("/events?limit=1")
        assert (response.status_code, response["Strict-Transport-Security"]) == (status, HSTS)
    refused = Client(headers=TLS).post("/events", b"x", "application/json", HTTP_TRANSFER_ENCODING="chunked")
    assert (refused.status_code, refused["Strict-Transport-Security"]) == (411, HSTS)


def test_subdomains_are_covered_on_request(settings: Any) -> None:
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    assert Client(headers=TLS).get("/healthz")["Strict-Transport-Security"] == f"{HSTS}; includeSubDomains"


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-Proto": "http"}])
def test_plain_http_to_pages_is_redirected(site: str, headers: dict[str, str]) -> None:
    for path in ("/", "/staff/events/?q=a%20b", "/docs", "/staff/feed/ada:x.ics"):
        for method in ("GET", "HEAD"):
            response = Client(headers=headers).generic(method, path)
            assert (response.status_code, response["Location"]) == (301, f"https://testserver{site}{path}")
            assert "Strict-Transport-Security" not in response


def test_plain_http_to_programs_is_refused() -> None:
    """A redirect would hide that the key was sent unencrypted."""
    store()
    _, token = create_key("shop", Scope.WRITE, ACTOR)
    client = Client(headers={"Authorization": f"Bearer {token}"})
    for method, path in (
        *(("GET", path) for path in ("/events", "/events/launch", "/changes", "/openapi.json")),
        *(("DELETE", "/events/launch"), ("POST", "/staff/login/")),
    ):
        response = client.generic(method, path, b"", "application/json")
        assert (response.status_code, response.json()["code"]) == (403, "https_required"), path
    created = client.post("/events", make_body(eventId="new"), "application/json")
    assert created.status_code == 403
    headers = {"Authorization": f"Bearer {token}", **TLS}
    assert [event["eventId"] for event in Client(headers=headers).get("/events").json()] == ["launch"]


def test_a_form_sent_over_plain_http_gets_a_page() -> None:
    response = Client(headers={"Accept": "text/html"}).post("/staff/login/", {"username": "ada", "password": PASSWORD})
    assert response.status_code == 403
    assert "Call this site over https." in response.content.decode()


def test_health_checks_need_no_tls() -> None:
    assert Client().get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("came_from", "status"),
    [
        ("https://testserver/staff/", 302),
        ("http://testserver/staff/", 403),
        ("https://evil.example/", 403),
        ("", 403),
    ],
)
def test_forms_of_other_sites_are_refused(came_from: str, status: int) -> None:
    """Over TLS, a form without an Origin needs a Referer of this site."""
    make_staff("ada", "admin")
    client = Client(enforce_csrf_checks=True, headers={**TLS, "Referer": came_from})
    client.get("/staff/login/")
    [token] = [cookie.value for name, cookie in client.cookies.items() if name.endswith("csrf")]
    form = {"username": "ada", "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert client.post("/staff/login/", form).status_code == status
