"""Attacks on sign-in and on sessions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from events import services
from eventsite.accounts import lockout, people
from eventsite.accounts.domain import Role
from tests.support.builders import ACTOR, PASSWORD, make_fields, make_staff
from tests.support.clients import client_of
from tests.support.fault_proxy import FaultProxy
from tests.support.staff_pages import PAGES, role_of

LOGIN = "/staff/login/"


def sign_in(client: Client, username: str = "anna", password: str = PASSWORD) -> Any:
    return client.post(LOGIN, {"username": username, "password": password})


def key_of(client: Client) -> str:
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def is_in(client: Client) -> bool:
    return client.get("/staff/").status_code == 200


def with_key(key: str, address: str = "198.51.100.9") -> Client:
    client = Client(headers={"Accept": "text/html"}, REMOTE_ADDR=address)
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    return client


@pytest.mark.parametrize("planted", ["mallory's", "invented", "anna's"])
def test_sign_in_replaces_a_planted_session(planted: str) -> None:
    """Sign-in creates a new session key. The old key does not work."""
    make_staff("anna")
    mallory, before = client_of(make_staff("mallory")), client_of(people.get_staff("anna"))
    key = {"mallory's": key_of(mallory), "invented": "a" * 32, "anna's": key_of(before)}[planted]
    client = with_key(key)
    assert sign_in(client).status_code == 302
    assert key_of(client) != key
    assert is_in(client)
    assert not is_in(with_key(key))


def test_sign_in_changes_the_csrf_token() -> None:
    make_staff("anna")
    client = Client()
    client.get(LOGIN)
    before = client.cookies[settings.CSRF_COOKIE_NAME].value
    sign_in(client)
    assert client.cookies[settings.CSRF_COOKIE_NAME].value != before


def test_visitors_have_no_session() -> None:
    client = Client(headers={"Accept": "text/html"})
    for address in ("/", "/staff/", LOGIN, "/staff/nothing/", "/events", "/docs"):
        client.get(address)
    assert settings.SESSION_COOKIE_NAME not in client.cookies


def test_invented_session_keys_do_not_work() -> None:
    make_staff("anna")
    for key in ("", "a" * 31, "../staff#anna", "staff#anna", "x" * 4_000, "\x00", "%", "{}", "' OR 1=1"):
        assert not is_in(with_key(key))


Attempts = Callable[..., tuple[int, str, int, list[str]]]


@pytest.fixture
def attempts(hashed: list[str], faults: FaultProxy) -> Attempts:
    """Tries to sign in. Returns the status, the page, how many passwords were hashed, and the DynamoDB calls."""

    def attempt(username: str, password: str = "wrong", address: str = "192.0.2.1") -> tuple[int, str, int, list[str]]:
        hashed.clear()
        faults.set(None)
        answer = Client(REMOTE_ADDR=address).post(LOGIN, {"username": username, "password": password})
        said = re.sub('name="csrfmiddlewaretoken" value="[^"]*"', "", answer.content.decode().replace(username, "NAME"))
        return answer.status_code, said, len(hashed), [*faults.calls]

    return attempt


def test_responses_do_not_reveal_who_has_an_account(attempts: Attempts) -> None:
    """Status, page, hashing and calls are the same for every name, before and after the lockout."""
    make_staff("anna")
    make_staff("gone")
    people.deactivate("gone", ACTOR)
    for _ in range(lockout.ATTEMPTS_PER_ADDRESS + 2):
        of_anna, of_nobody, of_gone = attempts("anna"), attempts("bert"), attempts("gone", PASSWORD)
        assert of_anna == of_nobody == of_gone
    assert of_anna[0] == 429
    assert of_anna[2] == 0


@pytest.mark.stress  # the short form is in tests/integration/accounts/test_sign_in.py
def test_attempts_from_many_addresses_share_one_limit_per_name(
    attempts: Attempts,
) -> None:
    """Thirty passwords in 15 minutes from all addresses together. Other names are not locked."""
    make_staff("anna")
    make_staff("ben")
    tried = sum(attempts("anna", f"guess {number}", f"2001:db8:{number:x}::1")[2] for number in range(60))
    assert tried == lockout.ATTEMPTS_FROM_ANYWHERE
    assert attempts("anna", PASSWORD, "203.0.113.5")[0] == 429
    assert attempts("ben", PASSWORD, "203.0.113.5")[0] == 302


@pytest.mark.stress
def test_attempts_from_one_address_are_limited_per_name(
    attempts: Attempts,
) -> None:
    for name in ("anna", "ben"):
        make_staff(name)
        assert sum(attempts(name, f"guess {number}")[2] for number in range(12)) == lockout.ATTEMPTS_PER_ADDRESS


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-IP", "Client-IP", "True-Client-IP", "Forwarded"])
def test_headers_do_not_change_the_client_address(name: str) -> None:
    make_staff("anna")
    for number in range(lockout.ATTEMPTS_PER_ADDRESS):
        answer = Client(headers={name: f"198.51.100.{number}"}).post(LOGIN, {"username": "anna", "password": "x"})
        assert answer.status_code == 200
    assert sign_in(Client(headers={name: "198.51.100.99"})).status_code == 429


def test_a_new_password_ends_the_lockout() -> None:
    """Otherwise, a person who is locked out could not use the new password that an admin gives them."""
    make_staff("anna")
    for _ in range(lockout.ATTEMPTS_PER_ADDRESS):
        sign_in(Client(), password="guess")
    assert sign_in(Client()).status_code == 429
    password = people.reset_password("anna", ACTOR)
    assert sign_in(Client(), password=password).status_code == 302
    for _ in range(lockout.ATTEMPTS_PER_ADDRESS):
        assert sign_in(Client(), password="guess").status_code == 200
    assert sign_in(Client(), password=password).status_code == 429


# Changes that end or reduce the rights of a signed-in user.
CHANGES: dict[str, Callable[[], Any]] = {
    "demoted": lambda: people.change_role("anna", Role.VIEWER, ACTOR),
    "deactivated": lambda: people.deactivate("anna", ACTOR),
    "reset": lambda: people.reset_password("anna", ACTOR),
    "signed out": lambda: people.sign_out_everywhere(people.get_staff("anna")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_lost_rights_end_with_the_next_request(change: str) -> None:
    """On every page for editors or admins, whether they open it or send a form."""
    make_staff("second", "admin")
    client = client_of(make_staff("anna", "admin"))
    services.create_event(make_fields(), ACTOR)
    assert client.get("/staff/people/").status_code == 200
    CHANGES[change]()
    for name, (address, pattern) in PAGES.items():
        if role_of(pattern) in ("editor", "admin"):
            for method in (client.get, client.post):
                answer = method(
                    address.replace("/x/", "/launch/"), {"title": "taken", "do": "delete", "event": ["launch"]}
                )
                assert answer.status_code == (403 if change == "demoted" else 302), name
                assert change == "demoted" or answer["Location"].startswith(LOGIN)
    assert client.get("/staff/").status_code == (200 if change == "demoted" else 302)
    assert services.get_event("launch").fields == make_fields()
    assert [staff.username for staff in people.list_staff()] == ["anna", "second"]
