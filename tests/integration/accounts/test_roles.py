"""The role that each staff page needs. A visitor, a viewer, an editor and an admin open every address."""

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

# The role of each page. It is also in the URL conf; change both together.
ROLES = {
    "theme": "anyone",
    "accounts:login": "anyone",
    "accounts:sign_in_again": "viewer",
    "accounts:passkey_sign_in": "anyone",
    "accounts:passkey_options": "anyone",
    "accounts:logout": "anyone",
    "accounts:account": "viewer",
    "accounts:password": "viewer",
    "accounts:sessions": "viewer",
    "accounts:second_step": "anyone",
    "accounts:factors": "viewer",
    "accounts:add_authenticator": "viewer",
    "accounts:add_passkey": "viewer",
    "accounts:new_passkey_options": "viewer",
    "accounts:new_codes": "viewer",
    "accounts:remove_factor": "viewer",
    "accounts:sign_out_everywhere": "viewer",
    "accounts:renew_feed": "viewer",
    "accounts:end_feed": "viewer",
    "accounts:choose_feed": "viewer",
    "accounts:people": "admin",
    "accounts:add_person": "admin",
    "accounts:person": "admin",
    "accounts:deactivate": "admin",
    "accounts:reactivate": "admin",
    "accounts:reset_password": "admin",
    "accounts:person_sessions": "admin",
    "accounts:remove_factors": "admin",
    "accounts:keys": "admin",
    "accounts:add_key": "admin",
    "accounts:rotate_key": "admin",
    "accounts:revoke_key": "admin",
    "accounts:security_log": "admin",
    "accounts:export_security_log": "admin",
    "pages:home": "viewer",
    "pages:calendar": "viewer",
    "pages:first_day": "viewer",
    "pages:activity": "viewer",
    "pages:deleted": "viewer",
    "pages:events": "viewer",
    "pages:views": "viewer",
    "pages:new_event": "editor",
    "pages:bulk": "editor",
    "pages:event": "viewer",
    "pages:change": "viewer",
    "pages:edit_event": "editor",
    "pages:copy_event": "editor",
    "pages:delete_event": "editor",
    "pages:status": "editor",
    "pages:move_event": "editor",
    "pages:undo_change": "editor",
    "pages:restore_event": "editor",
    "pages:batch": "viewer",
    "pages:undo_batch": "editor",
    "pages:import_events": "editor",
    "pages:import_columns": "editor",
    "pages:export_events": "viewer",
    "pages:feed": "anyone",
}

# The role that sending a form needs, if it differs from the role that opening the page needs.
ROLES_TO_POST = {"pages:batch": "editor"}


def test_every_page_has_the_expected_role() -> None:
    assert {name: role_of(pattern) for name, (_, pattern) in PAGES.items()} == ROLES
    assert {name: role_of(pattern, "post") for name, (_, pattern) in PAGES.items()} == ROLES | ROLES_TO_POST


@pytest.fixture(params=["nobody", "viewer", "editor", "admin"])
def visitor(request: pytest.FixtureRequest) -> tuple[str, Callable[[], Client]]:
    """A role, and a function that opens a new browser for it, because some pages sign out."""
    if request.param == "nobody":
        return "nobody", lambda: Client(headers={"Accept": "text/html"})
    make_staff("someone", request.param)
    return request.param, lambda: client_of(people.get_staff("someone"))


@pytest.mark.parametrize("method", ["get", "post"])
def test_pages_open_only_for_their_role_or_a_higher_one(visitor: tuple[str, Callable[[], Client]], method: str) -> None:
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


def test_the_root_redirects_to_the_staff_pages() -> None:
    client = Client(headers={"Accept": "text/html"})
    for path in ("/", "/staff"):
        assert client.get(path)["Location"] == "/staff/"
    assert client.get("/staff/")["Location"] == "/staff/login/?next=/staff/"
    assert client.get("/staff/login/").status_code == 200
    assert django_settings.LOGIN_URL == "accounts:login"
