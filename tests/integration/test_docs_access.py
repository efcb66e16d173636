"""Who may read /docs and /openapi.json (EVENTS_DOCS_ACCESS)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import set_script_prefix

from eventsite.accounts import keys, people
from eventsite.accounts.domain import Rotation, Scope
from eventsite.lambda_handler import handler
from tests.support.builders import ACTOR, PASSWORD, make_staff
from tests.support.clients import client_of
from tests.support.fault_proxy import FaultProxy, refuse
from tests.support.lambda_events import rest_event

PATHS = ("/docs", "/openapi.json")
PAGE = {"Accept": "text/html,application/xhtml+xml"}
DATA = {"Accept": "application/json,*/*"}
NOT_KEPT = "private, no-store"


@pytest.fixture
def restricted(settings: Any) -> None:
    settings.EVENTS_DOCS_ACCESS = "signed-in"


@pytest.mark.parametrize("path", PATHS)
def test_by_default_anyone_may_read(path: str) -> None:
    for headers in (PAGE, DATA):
        response = Client(headers=headers).get(path)
        assert (response.status_code, response["Cache-Control"]) == (200, "private, no-cache")
        assert "Cookie" not in response.get("Vary", "")


@pytest.mark.parametrize("path", PATHS)
def test_a_browser_signs_in_and_comes_back(restricted: None, path: str) -> None:
    make_staff("vera", "viewer")
    client = Client(headers=PAGE)
    response = client.get(path)
    assert (response.status_code, response["Location"]) == (302, f"/staff/login/?next={path}")
    assert response["Cache-Control"] == NOT_KEPT
    back = client.post("/staff/login/", {"username": "vera", "password": PASSWORD, "next": path})
    assert (back.status_code, back["Location"]) == (302, path)
    shown = client.get(path)
    assert (shown.status_code, shown["Cache-Control"]) == (200, NOT_KEPT)


@pytest.fixture
def prefix(settings: Any) -> Iterator[None]:
    settings.URL_PREFIX = settings.FORCE_SCRIPT_NAME = "/production"
    yield
    set_script_prefix("/")  # Django stores it per thread


def test_below_a_prefix_of_addresses(restricted: None, prefix: None, settings: Any) -> None:
    """As on API Gateway's own domain: the redirect, the cookie, and the address that Swagger fetches."""
    asked = handler(rest_event("GET", "/docs", **PAGE), None)
    assert asked["multiValueHeaders"]["Location"] == ["/production/staff/login/?next=/production/docs"]
    session = client_of(make_staff("vera", "viewer")).cookies[settings.SESSION_COOKIE_NAME].value
    cookie = f"{settings.SESSION_COOKIE_NAME}={session}"
    shown = handler(rest_event("GET", "/docs", Cookie=cookie, **PAGE), None)
    assert (shown["statusCode"], '"url": "/production/openapi.json"' in shown["body"]) == (200, True)
    assert handler(rest_event("GET", "/openapi.json", Cookie=cookie, **DATA), None)["statusCode"] == 200
    assert handler(rest_event("GET", "/openapi.json", **DATA), None)["statusCode"] == 401


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
def test_signed_in_staff_may_read(restricted: None, path: str, role: str) -> None:
    client = client_of(make_staff("someone", role))
    for headers in (PAGE, DATA, {**DATA, "Authorization": "Basic eDp5"}):
        assert client.get(path, headers=headers).status_code == 200
    people.sign_out_everywhere(people.get_staff("someone"))
    assert client.get(path, headers=DATA).status_code == 401
    assert client.get(path, headers=PAGE).status_code == 302


def test_people_with_a_one_time_password_change_it_first(restricted: None) -> None:
    client = client_of(make_staff("anna", must_change_password=True))
    assert client.get("/docs", headers=PAGE)["Location"] == "/staff/account/password/?next=/docs"
    assert client.get("/openapi.json", headers=DATA).status_code == 401


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("access", ["open", "keyed"])
def test_applications_need_a_key(restricted: None, settings: Any, path: str, access: str) -> None:
    settings.EVENTS_API_ACCESS = access
    response = Client(headers=DATA).get(path)
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert json.loads(response.content) == {
        "detail": "An API key is required. Send it as 'Authorization: Bearer <key>'.",
        "code": "key_required",
    }
    assert response["Cache-Control"] == "no-store"
    for scope in Scope:
        _, token = keys.create_key(f"shop-{scope}", scope, ACTOR)
        for headers in (PAGE, DATA):
            response = Client(headers={**headers, "Authorization": f"Bearer {token}"}).get(path)
            assert (response.status_code, response["Cache-Control"]) == (200, NOT_KEPT)


def test_a_key_that_does_not_work_is_refused(restricted: None) -> None:
    """Also to somebody who is signed in."""
    key, token = keys.create_key("shop", Scope.READ, ACTOR)
    keys.rotate_key(key.id, ACTOR, Rotation(None))
    client = client_of(make_staff("vera", "viewer"))
    for sent, code in ((token, "key_invalid"), ("evk_x", "key_invalid"), ("a, b", "credentials_invalid")):
        for path in PATHS:
            response = client.get(path, headers={**DATA, "Authorization": f"Bearer {sent}"})
            assert (response.status_code, response.json()["code"]) == (401, code), sent
            assert response["WWW-Authenticate"].startswith("Bearer")


def test_pages_of_other_origins_need_a_key(restricted: None) -> None:
    """They send no cookies, because the responses do not allow it."""
    _, token = keys.create_key("shop", Scope.READ, ACTOR)
    origin = {**DATA, "Origin": "https://app.example"}
    assert Client(headers=origin).get("/openapi.json").status_code == 401
    response = Client(headers={**origin, "Authorization": f"Bearer {token}"}).get("/openapi.json")
    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (200, "*")
    assert "Access-Control-Allow-Credentials" not in response.headers


def test_only_reading_is_possible_and_the_rest_stays_public(restricted: None) -> None:
    for path in PATHS:
        assert Client(headers=DATA).post(path).status_code == 405
    assert Client().get("/healthz").status_code == 200
    assert Client().get("/events").status_code == 200


def test_a_session_that_cannot_be_read_is_an_error(restricted: None, faults: FaultProxy) -> None:
    client = client_of(make_staff("vera", "viewer"))
    faults.set(refuse)
    assert client.get("/docs", headers=PAGE).status_code == 500
    assert client.get("/openapi.json", headers=DATA).json()["code"] == "storage_error"
