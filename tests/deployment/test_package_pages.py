"""The unpacked package responds to every page, and has the same OpenAPI document, as the site where it is developed."""

from __future__ import annotations

from typing import Any

from django.test import Client

from events import services
from eventsite.accounts import people
from tests.deployment.isolated import SECRET_KEY, Isolated
from tests.support.builders import ACTOR, make_fields, make_staff
from tests.support.clients import client_of
from tests.support.lambda_events import rest_event
from tests.support.staff_pages import PAGES


def test_every_page_opens(isolated_on_domain: Isolated, settings: Any) -> None:
    settings.SECRET_KEY = SECRET_KEY  # so that both accept the same session
    make_staff("ada", "admin")
    make_staff("x")  # `PAGES` has "x" in the place of each name or ID
    services.create_event(make_fields(eventId="x"), ACTOR)
    here = client_of(people.get_staff("ada"))
    cookie = f"__Host-events-dev-session={here.cookies[settings.SESSION_COOKIE_NAME].value}"
    statuses = {}
    for name, (address, _) in PAGES.items():
        reply = isolated_on_domain.call(rest_event("GET", address, Accept="text/html", Cookie=cookie))
        expected: Any = here.get(address)
        assert reply.status == expected.status_code, name
        assert reply.headers.get("Location") == expected.headers.get("Location"), name
        statuses[name] = reply.status
    assert list(statuses.values()).count(200) > len(PAGES) / 2, statuses


def test_its_openapi_document_is_the_same(isolated_on_domain: Isolated) -> None:
    reply = isolated_on_domain.call(rest_event("GET", "/openapi.json"))
    assert reply.json() == Client().get("/openapi.json").json()
