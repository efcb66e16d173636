"""What strangers who guess passwords cannot stop: a session, a change of the password, a known browser."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, cast

import pytest
from django.conf import settings as django_settings
from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone

from eventsite.accounts import known_browsers, lockout, people
from tests.support.builders import ACTOR, PASSWORD, make_staff
from tests.support.fault_proxy import FaultProxy
from tests.support.page_reader import text
from tests.support.sign_in import browser, is_in, move_end, rows, sign_in

NAME = django_settings.DEVICE_COOKIE_NAME
CHANGE = "/staff/account/password/"
NEW = "another battery horse"


def change(client: Client, old: str = PASSWORD, new: str = NEW) -> HttpResponse:
    typed = {"old_password": old, "new_password1": new, "new_password2": new}
    return cast(HttpResponse, client.post(CHANGE, typed))


def cookie_of(client: Client) -> str:
    return client.cookies[NAME].value


def with_cookie(value: str, address: str = "192.0.2.1") -> Client:
    client = browser(address)
    client.cookies[NAME] = value
    return client


def known(username: str = "anna", password: str = PASSWORD) -> str:
    """The cookie of a browser in which this person has signed in."""
    client = browser()
    assert sign_in(client, username, password).status_code == 302
    return cookie_of(client)


def strangers_guess(username: str = "anna") -> None:
    """Thirty attempts from the addresses of strangers and, as if it were next door, from the owner's."""
    for number in range(30):
        sign_in(browser(f"198.51.100.{number}"), username, "guess")
    for number in range(5):
        sign_in(browser(), username, f"guess {number}")
    assert sign_in(browser("203.0.113.1"), username).status_code == 429
    assert sign_in(browser(), username).status_code == 429


def _deactivate_and_reactivate() -> None:
    people.deactivate("anna", ACTOR)
    people.reactivate("anna", ACTOR)


@pytest.fixture(autouse=True)
def account() -> None:
    make_staff("anna")


class TestStrangers:
    def test_they_stop_nobody_in_a_session(self) -> None:
        client = browser()
        sign_in(client)
        strangers_guess()
        assert is_in(client)
        assert client.post("/staff/account/feed/").status_code == 200
        assert change(client).status_code == 302
        assert people.get_staff("anna").check_password(NEW)

    def test_they_do_not_lock_a_known_browser(self) -> None:
        cookie = known()
        strangers_guess()
        assert sign_in(with_cookie(cookie)).status_code == 302
        assert sign_in(with_cookie(cookie, "203.0.113.9")).status_code == 302

    def test_they_do_not_lock_a_known_browser_by_its_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cookie = known()
        monkeypatch.setattr(lockout, "ATTEMPTS_WITH_ANY_NAME", 3)
        for number in range(4):
            sign_in(browser(), f"name {number}", "guess")
        assert sign_in(browser()).status_code == 429
        assert sign_in(with_cookie(cookie)).status_code == 302

    def test_other_names_are_locked_in_a_known_browser(self) -> None:
        make_staff("ben")
        cookie = known()
        strangers_guess("ben")
        assert sign_in(with_cookie(cookie), "ben").status_code == 429


class TestSession:
    def test_a_session_has_five_attempts(self, hashed: list[str]) -> None:
        first, second = browser(), browser()
        for client in (first, second):
            sign_in(client)
        hashed.clear()
        for _ in range(6):
            response = change(first, old="wrong")
        assert "Too many attempts. Please try again in 15 minutes." in text(response)
        assert hashed == ["wrong"] * 5
        assert is_in(first)
        assert change(second).status_code == 302

    def test_attempts_in_a_session_do_not_stop_sign_in(self) -> None:
        client = browser()
        sign_in(client)
        for _ in range(6):
            change(client, old="wrong")
        assert sign_in(browser()).status_code == 302

    def test_the_limit_ends_after_15_minutes_and_with_the_right_password(self) -> None:
        client = browser()
        sign_in(client)
        for _ in range(5):
            change(client, old="wrong")
        move_end("lockout", timedelta(seconds=-1))
        for _ in range(4):
            change(client, old="wrong")
        assert change(client).status_code == 302
        for _ in range(5):
            assert "The current password is wrong." in text(change(client, old="wrong"))


class TestDevice:
    def test_sign_in_marks_the_browser(self) -> None:
        client = browser()
        sign_in(client, password="wrong")
        assert NAME not in client.cookies
        sign_in(client)
        morsel = client.cookies[NAME]
        assert morsel["max-age"] == 365 * 24 * 60 * 60
        assert (morsel["httponly"], morsel["samesite"], morsel["path"]) == (True, "Lax", "/")
        assert "anna" not in morsel.value
        assert len(morsel.value) < 100

    @override_settings(SESSION_COOKIE_SECURE=True, SESSION_COOKIE_PATH="/production")
    def test_the_cookie_is_as_protected_as_that_of_the_session(self) -> None:
        client = browser()
        sign_in(client)
        morsel = client.cookies[NAME]
        assert (morsel["secure"], morsel["path"]) == (True, "/production")

    def test_a_known_browser_has_five_attempts_of_its_own(self, hashed: list[str]) -> None:
        cookie = known()
        hashed.clear()
        answers = [sign_in(with_cookie(cookie), password="wrong").status_code for _ in range(7)]
        assert answers == [200] * 5 + [429] * 2
        assert hashed == ["wrong"] * 5
        assert sign_in(with_cookie(cookie)).status_code == 429
        assert sign_in(browser()).status_code == 302  # it does not lock other browsers
        move_end("lockout", timedelta(seconds=-1))
        assert sign_in(with_cookie(cookie)).status_code == 302

    def test_parallel_attempts_in_a_known_browser_count(self, hashed: list[str]) -> None:
        cookie = known()
        hashed.clear()
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: sign_in(with_cookie(cookie), password="wrong").status_code, range(12)))
        assert sorted(answers) == [200] * 5 + [429] * 7
        assert len(hashed) == 5

    def test_the_cookie_signs_nobody_in(self) -> None:
        assert not is_in(with_cookie(known()))
        assert sign_in(with_cookie(known()), password="").status_code == 200

    @pytest.mark.parametrize(
        "ending",
        [
            lambda: people.set_password("anna", NEW, ACTOR),
            lambda: people.reset_password("anna", ACTOR),
            lambda: people.sign_out_everywhere(people.get_staff("anna")),
            _deactivate_and_reactivate,
        ],
        ids=["new password", "reset", "signed out everywhere", "deactivated"],
    )
    def test_a_browser_is_unknown_after(self, ending: Any) -> None:
        cookie = known()
        ending()
        staff = people.get_staff("anna")
        request: Any = with_cookie(cookie).get("/staff/login/").wsgi_request
        assert known_browsers.known_browser(request, staff) == ""
        strangers_guess()
        assert sign_in(with_cookie(cookie)).status_code == 429

    def test_a_browser_stays_known_after_a_change_of_the_own_password(self) -> None:
        client, other = browser(), known()
        sign_in(client)
        assert change(client).status_code == 302
        strangers_guess()
        assert sign_in(with_cookie(cookie_of(client)), password=NEW).status_code == 302
        assert sign_in(with_cookie(other), password=NEW).status_code == 429

    def test_a_browser_stays_known_when_the_key_is_rotated(self) -> None:
        with override_settings(SECRET_KEY="an old one"):
            cookie = known()
        strangers_guess()
        assert sign_in(with_cookie(cookie)).status_code == 429
        with override_settings(SECRET_KEY_FALLBACKS=["an old one"]):
            client = with_cookie(cookie)
            assert sign_in(client).status_code == 302
        strangers_guess()
        assert sign_in(with_cookie(cookie_of(client))).status_code == 302  # signed with the new key

    def test_a_browser_is_known_for_a_year(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            "django.core.signing.time.time", lambda: timezone.now().timestamp() - 365 * 24 * 60 * 60 - 9
        )
        old = known()
        monkeypatch.setattr(
            "django.core.signing.time.time", lambda: timezone.now().timestamp() - 365 * 24 * 60 * 60 + 99
        )
        new = known()
        monkeypatch.undo()
        strangers_guess()
        assert sign_in(with_cookie(old)).status_code == 429
        assert sign_in(with_cookie(new)).status_code == 302

    def test_a_browser_is_known_for_the_last_five_people(self) -> None:
        client = browser()
        names = [f"person{number}" for number in range(6)]
        for name in names:
            make_staff(name)
            sign_in(client, name)
        sign_in(client, names[-1])  # again: takes no further place
        request: Any = client.get("/staff/").wsgi_request
        known = [known_browsers.known_browser(request, people.get_staff(name)) for name in names]
        assert [bool(device) for device in known] == [False] + [True] * 5
        assert cookie_of(client).count("/") == 4
        assert len(cookie_of(client)) < 500

    def test_forged_cookies_gain_nothing(self) -> None:
        make_staff("ben")
        good, of_ben = known(), known("ben")
        number, time, signature = good.split(":")
        strangers_guess()
        for forged in (
            "",
            "/",
            "anna",
            of_ben,
            f"{number}:{time}:",
            f"{number}0:{time}:{signature}",
            f"{number}:{time}0:{signature}",
            f"{number}:{time}:{signature}=",
            f"{number}:{time}:{signature[:-1]}{'A' if signature[-1] != 'A' else 'B'}",
            "/".join([of_ben] * 5 + [good]),  # more than five
            "x" * 3000,
            "\u00e9:\u00e9:\u00e9",
            f"{people.get_staff('anna').username}:{time}:{signature}",
        ):
            assert sign_in(with_cookie(forged)).status_code == 429, forged
        assert sign_in(with_cookie(f"{of_ben}/{good}")).status_code == 302

    def test_responses_with_a_cookie_do_not_reveal_who_has_an_account(
        self, hashed: list[str], faults: FaultProxy
    ) -> None:
        make_staff("ben")
        cookie = known("ben")
        seen = []
        for username in ("anna", "nobody"):
            hashed.clear()
            faults.set(None)
            response = sign_in(with_cookie(cookie), username, "wrong")
            seen.append((response.status_code, len(hashed), [*faults.calls], NAME in response.cookies))
        assert seen[0] == seen[1]


class TestCalls:
    """Calls of DynamoDB for one sign-in."""

    # The row of the security log, a new session with what sign-in stores in it, and the time of the last sign-in.
    SESSION = ("PutItem", "GetItem", "TransactWriteItems", "UpdateItem", "UpdateItem")

    def calls(self, faults: FaultProxy, client: Client) -> list[str]:
        faults.set(None)
        assert sign_in(client).status_code == 302
        return [*faults.calls]

    def test_in_a_new_browser(self, faults: FaultProxy) -> None:
        assert self.calls(faults, browser()) == [
            "GetItem",
            *["UpdateItem"] * 3,  # the attempt counts
            "UpdateItem",  # and no longer counts
            *["DeleteItem"] * 2,
            *self.SESSION,
        ]

    def test_in_a_known_browser(self, faults: FaultProxy) -> None:
        cookie = known()
        assert self.calls(faults, with_cookie(cookie)) == ["GetItem", "UpdateItem", "DeleteItem", *self.SESSION]


class TestNetworks:
    def guess(self, address: str, username: str = "anna") -> int:
        return sign_in(browser(address), username, "guess").status_code

    def test_addresses_of_one_organization_share_the_attempts_with_one_name(self) -> None:
        """One customer may have a whole /48 network. From there, nobody locks a name for the others."""
        answers = [self.guess(f"2001:db8:1:{number:x}::{number:x}") for number in range(8)]
        assert answers == [200] * 5 + [429] * 3
        assert sign_in(browser("2001:db8:2::1")).status_code == 302

    def test_addresses_of_one_organization_share_a_limit_for_any_names(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lockout, "ATTEMPTS_WITH_ANY_NAME_PER_SITE", 6)
        answers = [self.guess(f"2001:db8:1:{number:x}::1", f"name {number}") for number in range(8)]
        assert answers == [200] * 6 + [429] * 2
        assert self.guess("2001:db8:2::1", "another") == 200

    def test_an_ipv4_address_counts_the_same_in_both_forms(self) -> None:
        for number in range(6):
            status = self.guess("192.0.2.1" if number % 2 else "::ffff:192.0.2.1")
        assert status == 429
        assert self.guess("::ffff:192.0.2.2") == 200


def test_a_reset_during_a_sign_in_with_the_old_password_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    client = browser()
    find = known_browsers.known_browser

    def reset_meanwhile(*arguments: Any) -> str:
        people.reset_password("anna", ACTOR)
        return find(*arguments)

    monkeypatch.setattr(known_browsers, "known_browser", reset_meanwhile)
    sign_in(client)
    monkeypatch.undo()
    assert not is_in(client)
    request: Any = client.get("/staff/login/").wsgi_request
    assert known_browsers.known_browser(request, people.get_staff("anna")) == ""


def test_two_changes_of_the_own_password_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clients = [browser(), browser()]
    for client in clients:
        sign_in(client)
    chosen = ["another battery horse", "tractor piano lamp"]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda number: change(clients[number], new=chosen[number]).status_code, range(2)))
    staff = people.get_staff("anna")
    won = [staff.check_password(password) for password in chosen]
    assert sorted(won) == [False, True]
    assert answers[won.index(True)] == 302
    assert answers[won.index(False)] in {200, 302, 409}
    assert is_in(clients[won.index(True)])
    assert not is_in(clients[won.index(False)])


def test_counters_expire() -> None:
    cookie = known()
    sign_in(with_cookie(cookie), password="wrong")
    assert all("expiresAt" in row for row in rows("lockout"))
