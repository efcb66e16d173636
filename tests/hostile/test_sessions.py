"""Getting in, and staying in, against somebody's will."""

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


@pytest.mark.parametrize("planted", ["of mallory's", "made up", "of one's own"])
def test_a_session_that_was_planted_is_not_signed_in_with(planted: str) -> None:
    """Its key changes at sign-in, and the old one is nobody's."""
    make_staff("anna")
    mallory, before = client_of(make_staff("mallory")), client_of(people.get_staff("anna"))
    key = {"of mallory's": key_of(mallory), "made up": "a" * 32, "of one's own": key_of(before)}[planted]
    client = with_key(key)
    assert sign_in(client).status_code == 302
    assert key_of(client) != key
    assert is_in(client)
    assert not is_in(with_key(key))


def test_the_token_of_forms_changes_at_sign_in() -> None:
    make_staff("anna")
    client = Client()
    client.get(LOGIN)
    before = client.cookies[settings.CSRF_COOKIE_NAME].value
    sign_in(client)
    assert client.cookies[settings.CSRF_COOKIE_NAME].value != before


def test_nobody_who_is_not_signed_in_has_a_session() -> None:
    client = Client(headers={"Accept": "text/html"})
    for address in ("/", "/staff/", LOGIN, "/staff/nothing/", "/events", "/docs"):
        client.get(address)
    assert settings.SESSION_COOKIE_NAME not in client.cookies


def test_no_key_that_was_made_up_is_a_session() -> None:
    make_staff("anna")
    for key in ("", "a" * 31, "../staff#anna", "staff#anna", "x" * 4_000, "\x00", "%", "{}", "' OR 1=1"):
        assert not is_in(with_key(key))


Attempts = Callable[..., tuple[int, str, int, list[str]]]


@pytest.fixture
def attempts(hashed: list[str], faults: FaultProxy) -> Attempts:
    """What someone sees of a try, how often a password was hashed for it, and what DynamoDB was asked."""

    def attempt(username: str, password: str = "wrong", address: str = "192.0.2.1") -> tuple[int, str, int, list[str]]:
        hashed.clear()
        faults.set(None)
        answer = Client(REMOTE_ADDR=address).post(LOGIN, {"username": username, "password": password})
        said = re.sub('name="csrfmiddlewaretoken" value="[^"]*"', "", answer.content.decode().replace(username, "NAME"))
        return answer.status_code, said, len(hashed), [*faults.calls]

    return attempt


def test_no_answer_tells_who_has_an_account(attempts: Attempts) -> None:
    """The same status, page, hashing and calls, before the lockout, at it and after it; whatever the name."""
    make_staff("anna")
    make_staff("gone")
    people.deactivate("gone", ACTOR)
    for _ in range(lockout.ATTEMPTS_PER_ADDRESS + 2):
        of_anna, of_nobody, of_gone = attempts("anna"), attempts("bert"), attempts("gone", PASSWORD)
        assert of_anna == of_nobody == of_gone
    assert of_anna[0] == 429
    assert of_anna[2] == 0


@pytest.mark.stress  # the short form is in tests/integration/accounts/test_sign_in.py
def test_from_many_addresses_a_name_is_tried_no_more_often(
    attempts: Attempts,
) -> None:
    """Thirty passwords in a quarter of an hour, wherever they come from; other names are not locked with it."""
    make_staff("anna")
    make_staff("ben")
    tried = sum(attempts("anna", f"guess {number}", f"2001:db8::{number:x}")[2] for number in range(60))
    assert tried == lockout.ATTEMPTS_FROM_ANYWHERE
    assert attempts("anna", PASSWORD, "203.0.113.5")[0] == 429
    assert attempts("ben", PASSWORD, "203.0.113.5")[0] == 302


@pytest.mark.stress
def test_one_address_tries_many_names_but_each_only_so_often(
    attempts: Attempts,
) -> None:
    for name in ("anna", "ben"):
        make_staff(name)
        assert sum(attempts(name, f"guess {number}")[2] for number in range(12)) == lockout.ATTEMPTS_PER_ADDRESS


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-IP", "Client-IP", "True-Client-IP", "Forwarded"])
def test_no_header_is_another_address(name: str) -> None:
    make_staff("anna")
    for number in range(lockout.ATTEMPTS_PER_ADDRESS):
        answer = Client(headers={name: f"198.51.100.{number}"}).post(LOGIN, {"username": "anna", "password": "x"})
        assert answer.status_code == 200
    assert sign_in(Client(headers={name: "198.51.100.99"})).status_code == 429


def test_a_new_password_is_not_locked_with_the_old_one() -> None:
    """Else whoever is locked out, by a stranger or themselves, would be so with the password an admin gives them."""
    make_staff("anna")
    for _ in range(lockout.ATTEMPTS_PER_ADDRESS):
        sign_in(Client(), password="guess")
    assert sign_in(Client()).status_code == 429
    password = people.reset_password("anna", ACTOR)
    assert sign_in(Client(), password=password).status_code == 302
    for _ in range(lockout.ATTEMPTS_PER_ADDRESS):
        assert sign_in(Client(), password="guess").status_code == 200
    assert sign_in(Client(), password=password).status_code == 429


# What ends or lessens what someone may do, while they are at it.
CHANGES: dict[str, Callable[[], Any]] = {
    "demoted": lambda: people.change_role("anna", Role.VIEWER, ACTOR),
    "deactivated": lambda: people.deactivate("anna", ACTOR),
    "reset": lambda: people.reset_password("anna", ACTOR),
    "signed out": lambda: people.sign_out_everywhere(people.get_staff("anna")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_someone_may_do_no_more_fails_at_the_next_click(change: str) -> None:
    """On every page that is for editors or admins, open or not, whatever they send."""
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
