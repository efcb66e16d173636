"""Whom each staff page is for: nobody, a viewer, an editor and an admin try every address."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings as django_settings
from django.test import Client

from eventsite.accounts import people
from eventsite.accounts.domain import Role
from tests.support.builders import make_staff
from tests.support.clients import client_of
from tests.support.staff_pages import PAGES, role_of

# A page's role is decided here, and in the URL conf; whoever changes one means to change both.
ROLES = {
    "theme": "anyone",
    "accounts:login": "anyone",
    "accounts:logout": "anyone",
    "accounts:account": "viewer",
    "accounts:password": "viewer",
    "accounts:sign_out_everywhere": "viewer",
    "accounts:renew_feed": "viewer",
    "accounts:people": "admin",
    "accounts:add_person": "admin",
    "accounts:person": "admin",
    "accounts:deactivate": "admin",
    "accounts:reactivate": "admin",
    "accounts:reset_password": "admin",
    "accounts:keys": "admin",
    "accounts:add_key": "admin",
    "accounts:revoke_key": "admin",
    "pages:home": "viewer",
    "pages:calendar": "viewer",
    "pages:activity": "viewer",
    "pages:events": "viewer",
    "pages:new_event": "editor",
    "pages:bulk": "editor",
    "pages:event": "viewer",
    "pages:change": "viewer",
    "pages:edit_event": "editor",
    "pages:delete_event": "editor",
    "pages:undo_change": "editor",
    "pages:restore_event": "editor",
    "pages:batch": "viewer",
    "pages:undo_batch": "editor",
    "pages:import_events": "editor",
    "pages:export_events": "viewer",
    "pages:feed": "anyone",
}

# Who may send a page's form, where not all who may open the page.
ROLES_TO_POST = {"pages:batch": "editor"}


def test_every_page_is_for_whom_it_was_decided() -> None:
    assert {name: role_of(pattern) for name, (_, pattern) in PAGES.items()} == ROLES
    assert {name: role_of(pattern, "post") for name, (_, pattern) in PAGES.items()} == ROLES | ROLES_TO_POST


@pytest.fixture(params=["nobody", "viewer", "editor", "admin"])
def visitor(request: pytest.FixtureRequest) -> tuple[str, Callable[[], Client]]:
    """Who comes, and a new browser of theirs: some pages sign out."""
    if request.param == "nobody":
        return "nobody", lambda: Client(headers={"Accept": "text/html"})
    make_staff("someone", request.param)
    return request.param, lambda: client_of(people.get_staff("someone"))


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_page_is_closed_to_all_others(visitor: tuple[str, Callable[[], Client]], method: str) -> None:
    who, browser = visitor
    assert len(PAGES) >= len(ROLES)
    for name, (address, pattern) in PAGES.items():
        role = role_of(pattern, method)
        client = browser()
        client.raise_request_exception = False
        response = getattr(client, method)(address)
        asked = response.status_code == 302 and response["Location"].startswith("/staff/login/?next=")
        if role == "anyone":
            assert not asked, name
            assert response.status_code != 403, name
        elif who == "nobody":
            assert asked, name
        elif Role(who).includes(Role(role)):
            assert not asked, name
            assert response.status_code not in (403, 500), name
        else:
            assert response.status_code == 403, name
            assert "Your role does not allow this." in response.content.decode(), name


def test_where_the_site_begins() -> None:
    client = Client(headers={"Accept": "text/html"})
    for path in ("/", "/staff"):
        assert client.get(path)["Location"] == "/staff/"
    assert client.get("/staff/")["Location"] == "/staff/login/?next=/staff/"
    assert client.get("/staff/login/").status_code == 200
    assert django_settings.LOGIN_URL == "accounts:login"
