"""Changes of people, keys, roles, sessions, factors and feeds need a sign-in of the last ten minutes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings as django_settings
from django.test import Client

from events.storage import sessions as session_repository
from eventsite.accounts import keys, lockout, people
from eventsite.accounts.domain import Scope
from eventsite.accounts.roles import NOTHING_CHANGED
from eventsite.accounts.sessions import SessionStore
from tests.support.builders import ACTOR, PASSWORD, make_staff
from tests.support.clients import client_of
from tests.support.session_clock import SessionClock
from tests.support.sign_in import ACCOUNT, LOGIN, browser, is_in, rows, sign_in
from tests.support.staff_pages import PAGES, role_of

AGAIN = "/staff/login/again/"
MINUTES, SECOND = timedelta(minutes=10), timedelta(seconds=1)

# Addresses that need a recent sign-in, to open them and to post.
RECENT = {
    "accounts:renew_feed",
    "accounts:add_person",
    "accounts:deactivate",
    "accounts:reactivate",
    "accounts:reset_password",
    "accounts:add_key",
    "accounts:rotate_key",
    "accounts:revoke_key",
    "accounts:end_feed",
    "accounts:add_authenticator",
    "accounts:add_passkey",
    "accounts:new_passkey_options",
    "accounts:new_codes",
    "accounts:remove_factor",
    "accounts:remove_factors",
    "accounts:sign_out_everywhere",
}
OF_EVERYBODY = {
    "accounts:renew_feed",
    "accounts:end_feed",
    "accounts:new_passkey_options",
    "accounts:sessions",
    "accounts:sign_out_everywhere",
} | {f"accounts:{name}" for name in ("add_authenticator", "add_passkey", "new_codes", "remove_factor")}
# Addresses that need it only to post, because the page shows more than a form.
RECENT_TO_POST = {"accounts:person", "accounts:person_sessions", "accounts:sessions"}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SessionClock:
    return SessionClock(monkeypatch)


@pytest.fixture
def late(clock: SessionClock) -> Client:
    """A browser of ada, an admin, whose sign-in is too long ago."""
    make_staff("eva", "editor")
    client = client_of(make_staff("ada", "admin"))
    clock.move(MINUTES + 5 * SECOND)
    return client


def again(client: Client, password: str = PASSWORD, page: str = "") -> Any:
    return client.post(AGAIN, {"password": password, "next": page})


def asks(response: Any) -> bool:
    return bool(response.status_code == 302 and urlsplit(response["Location"]).path == AGAIN)


def key_of(client: Client) -> str:
    return client.cookies[django_settings.SESSION_COOKIE_NAME].value


class TestWhichPages:
    def test_every_page_that_changes_people_keys_or_feeds_needs_a_recent_sign_in(self) -> None:
        declared: dict[Any, set[str]] = {True: set(), "POST": set(), False: set()}
        for name, (_, pattern) in PAGES.items():
            declared[pattern.callback.recent].add(name)  # type: ignore[attr-defined]
        assert (declared[True], declared["POST"]) == (RECENT, RECENT_TO_POST)

    def test_no_form_for_admins_works_without_it(self, late: Client) -> None:
        """A new page for admins that accepts forms fails here until it needs a recent sign-in."""
        before = (people.get_staff("eva").fields(), len(people.list_staff()), keys.list_keys())
        form = {"role": "admin", "username": "fresh", "end": "all"}
        asked = set()
        for name, (address, pattern) in PAGES.items():
            if role_of(pattern, "post") == "admin":
                response = late.post(address.replace("/x/", "/eva/"), form)
                assert asks(response) or response.status_code == 405, name
                if asks(response):
                    asked.add(name)
        assert asked == (RECENT | RECENT_TO_POST) - OF_EVERYBODY
        assert before == (people.get_staff("eva").fields(), len(people.list_staff()), keys.list_keys())

    def test_forms_of_admins_do_not_open_without_it(self, late: Client) -> None:
        key, _ = keys.create_key("website", Scope.READ, ACTOR)
        for name in RECENT - {"accounts:reactivate", *OF_EVERYBODY}:
            address = PAGES[name][0].replace("people/x/", "people/eva/").replace("keys/x/", f"keys/{key.id}/")
            response = late.get(address)
            assert asks(response), name
            assert parse_qs(urlsplit(response["Location"]).query) == {"next": [address]}
            assert late.get(PAGES["accounts:people"][0]).status_code == 200
        assert late.get("/staff/people/eva/").status_code == 200

    def test_the_feed_keeps_its_address_without_it(self, late: Client) -> None:
        before = people.get_staff("ada").feed_hash
        response = late.post("/staff/account/feed/", headers={"Referer": f"http://testserver{ACCOUNT}"})
        assert response["Location"] == f"{AGAIN}?next={ACCOUNT}"
        assert people.get_staff("ada").feed_hash == before
        assert again(late, page=ACCOUNT)["Location"] == ACCOUNT
        late.post("/staff/account/feed/")
        assert people.get_staff("ada").feed_hash != before

    @pytest.mark.parametrize("path", ["account/sessions/", "account/sign-out-everywhere/"])
    def test_a_stolen_session_ends_no_others(self, late: Client, path: str) -> None:
        other = client_of(people.get_staff("ada"))
        assert asks(late.post(f"/staff/{path}", {"end": "others"}))
        assert is_in(other)

    def test_the_role_is_checked_first(self, clock: SessionClock) -> None:
        client = client_of(make_staff("eva", "editor"))
        clock.move(timedelta(hours=1))
        assert client.get("/staff/keys/new/").status_code == 403
        assert client.post("/staff/people/eva/", {"role": "admin"}).status_code == 403


class TestTime:
    @pytest.mark.parametrize(("past", "asked"), [(MINUTES, False), (MINUTES + SECOND, True)])
    def test_a_sign_in_is_recent_for_ten_minutes(self, clock: SessionClock, past: timedelta, asked: bool) -> None:
        make_staff("anna", "admin")
        client = browser()
        sign_in(client)
        clock.move(past)
        assert asks(client.get("/staff/people/new/")) is asked
        assert asks(client.post("/staff/people/new/", {"username": "fresh", "role": "viewer"})) is asked
        assert (len(people.list_staff()) == 1) is asked

    @pytest.mark.parametrize(("past", "asked"), [(MINUTES, False), (MINUTES + SECOND, True)])
    def test_so_is_signing_in_again(self, late: Client, clock: SessionClock, past: timedelta, asked: bool) -> None:
        again(late)
        clock.move(past)
        assert asks(late.get("/staff/people/new/")) is asked

    def test_other_use_is_not_a_sign_in(self, clock: SessionClock) -> None:
        client = client_of(make_staff("ada", "admin"))
        for _ in range(3):
            clock.move(timedelta(hours=1))
            assert client.get("/staff/people/").status_code == 200
        assert asks(client.get("/staff/people/new/"))

    def test_a_session_of_an_earlier_version_must_sign_in_again(self) -> None:
        client = Client(headers={"Accept": "text/html"})
        client.force_login(make_staff("ada", "admin"))
        assert asks(client.get("/staff/keys/new/"))
        again(client)
        assert client.get("/staff/keys/new/").status_code == 200

    def test_signing_in_again_does_not_extend_the_session(self, late: Client, clock: SessionClock) -> None:
        signed_in = SessionStore(key_of(late))["signed_in_at"]
        clock.move(timedelta(days=6))
        again(late)
        assert SessionStore(key_of(late))["signed_in_at"] == signed_in


class TestPage:
    def test_the_page_asks_for_the_password_of_the_user_only(self, late: Client) -> None:
        page = late.get(f"{AGAIN}?next=/staff/people/new/").content.decode()
        assert 'value="ada" autocomplete="username" readonly' in page
        assert 'name="next" value="/staff/people/new/"' in page
        assert 'name="username"' not in page
        late.post(AGAIN, {"username": "eva", "password": PASSWORD})
        assert SessionStore(key_of(late))["_auth_user_id"] == "ada"

    def test_a_post_that_came_too_late_changes_nothing_and_says_so(self, late: Client) -> None:
        there = "/staff/people/eva/"
        headers = {"Referer": f"http://testserver{there}"}
        response = late.post(there, {"role": "admin"}, headers=headers)
        assert response["Location"] == f"{AGAIN}?next={there}"
        assert NOTHING_CHANGED not in late.get(response["Location"]).content.decode()
        assert again(late, page=there)["Location"] == there
        assert NOTHING_CHANGED in late.get(there).content.decode()
        assert NOTHING_CHANGED not in late.get(there).content.decode()
        assert people.get_staff("eva").role == "editor"
        late.post(there, {"role": "admin"}, headers=headers)
        assert people.get_staff("eva").role == "admin"

    def test_opening_a_form_says_nothing(self, late: Client) -> None:
        late.get("/staff/people/new/")
        again(late)
        assert NOTHING_CHANGED not in late.get("/staff/people/new/").content.decode()

    def test_htmx_opens_the_page_as_a_whole(self, late: Client) -> None:
        headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{ACCOUNT}"}
        response = late.post("/staff/account/feed/", headers=headers)
        assert response["HX-Redirect"] == f"{AGAIN}?next={ACCOUNT}"

    def test_a_recent_user_is_sent_back_at_once(self, admin: Client) -> None:
        assert admin.get(f"{AGAIN}?next=/staff/keys/")["Location"] == "/staff/keys/"
        assert admin.get(f"{AGAIN}?next={AGAIN}")["Location"] == "/staff/"

    def test_visitors_sign_in_instead(self) -> None:
        assert browser().get(AGAIN)["Location"] == f"{LOGIN}?next={AGAIN}"
        assert browser().post(AGAIN, {"password": PASSWORD})["Location"].startswith(LOGIN)

    def test_the_session_gets_a_new_key(self, late: Client) -> None:
        before, values = key_of(late), dict(SessionStore(key_of(late)).items())
        again(late)
        after = dict(SessionStore(key_of(late)).items())
        assert key_of(late) != before
        assert len(rows("session")) == 1
        assert {**after, "authenticated_at": ""} == {**values, "authenticated_at": ""}

    def test_a_session_that_was_ended_meanwhile_does_not_come_back(
        self, late: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def ended_meanwhile(self: Any) -> None:
            session_repository.delete_session(key_of(late))

        monkeypatch.setattr(lockout.Attempts, "forget", ended_meanwhile)
        assert again(late).status_code == 400
        assert rows("session") == []
        assert not is_in(late)


class TestWrongPasswords:
    def test_a_wrong_password_is_refused(self, late: Client) -> None:
        response = again(late, "wrong")
        assert response.status_code == 200
        assert "Password: This password is wrong. Please try again." in response.content.decode()
        assert "This field is required." in again(late, "").content.decode()
        assert asks(late.get("/staff/keys/new/"))

    def test_attempts_are_limited_before_the_password_is_checked(self, late: Client, hashed: list[str]) -> None:
        for _ in range(lockout.ATTEMPTS_PER_SESSION):
            assert again(late, "wrong").status_code == 200
        hashed.clear()
        response = again(late)
        assert response.status_code == 429
        assert "Too many attempts. Please try again in 15 minutes." in response.content.decode()
        assert hashed == []
        assert is_in(late)

    def test_the_limit_is_the_session_s_own(self, late: Client) -> None:
        for _ in range(lockout.ATTEMPTS_PER_SESSION):
            again(late, "wrong")
        other = client_of(people.get_staff("ada"))
        assert again(other).status_code == 302
        for number in range(lockout.ATTEMPTS_PER_ADDRESS + 1):
            strange = sign_in(browser("192.0.2.66"), "ada", f"guess {number}")
        assert strange.status_code == 429
        assert again(other).status_code == 302

    def test_the_right_password_resets_the_limit(self, late: Client) -> None:
        for _ in range(2):
            for _ in range(lockout.ATTEMPTS_PER_SESSION - 1):
                assert again(late, "wrong").status_code == 200
            assert again(late).status_code == 302


def test_two_tabs_sign_in_again_one_after_the_other(late: Client) -> None:
    assert asks(late.get("/staff/people/new/"))
    assert asks(late.get("/staff/keys/new/"))
    assert again(late, page="/staff/people/new/")["Location"] == "/staff/people/new/"
    assert again(late, page="/staff/keys/new/")["Location"] == "/staff/keys/new/"
    assert late.get("/staff/keys/new/").status_code == 200
    assert len(rows("session")) == 1
