"""Signing in and out: who gets in, for how long, and what nobody can find out."""

from __future__ import annotations

import logging
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.http import HttpResponse
from django.test import Client, override_settings

from events.storage.connection import connection
from events.storage.models import AccessItem
from eventsite.accounts import lockout, people
from eventsite.accounts.domain import Role
from eventsite.accounts.sessions import SessionStore
from tests.support.builders import ACTOR, PASSWORD, make_staff
from tests.support.clients import client_of
from tests.support.fault_proxy import FaultProxy
from tests.support.tables import read_table

LOGIN = "/staff/login/"
ACCOUNT = "/staff/account/"
NO_MATCH = "This username and password do not match an active account. Please try again."


def browser(address: str = "192.0.2.1") -> Client:
    return Client(headers={"Accept": "text/html"}, REMOTE_ADDR=address)


def sign_in(client: Client, username: str = "anna", password: str = PASSWORD, next_page: str = "") -> HttpResponse:
    form = {"username": username, "password": password, "next": next_page}
    return cast(HttpResponse, client.post(LOGIN, form))


def is_in(client: Client) -> bool:
    return client.get(ACCOUNT).status_code == 200


def rows(kind: str) -> list[dict[str, Any]]:
    return [row for row in read_table(AccessItem) if row["key"]["S"].startswith(f"{kind}#")]


def move_end(kind: str, end: timedelta) -> None:
    """Every row of a kind ends so long from now."""
    for row in rows(kind):
        actions = [AccessItem.expiresAt.set(datetime.now(UTC) + end)]
        connection().update_item(AccessItem.Meta.table_name, row["key"]["S"], actions=actions)


class TestComingIn:
    def test_whoever_is_not_signed_in_comes_back_to_where_they_wanted_to_go(self) -> None:
        make_staff("anna")
        client = browser()
        refused = client.get("/staff/account/?x=1&y=%C3%BC")
        assert refused.status_code == 302
        assert refused["Location"] == "/staff/login/?next=/staff/account/%3Fx%3D1%26y%3D%25C3%25BC"
        page = client.get(refused["Location"]).content.decode()
        [next_page] = re.findall(r'name="next" value="([^"]*)"', page)
        response = sign_in(client, " Anna ", next_page=next_page.replace("&amp;", "&"))
        assert (response.status_code, response["Location"]) == (302, "/staff/account/?x=1&y=%C3%BC")
        assert is_in(client)

    @pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
    def test_it_leads_nowhere_else(self, elsewhere: str) -> None:
        make_staff("anna")
        client = browser()
        assert sign_in(client, next_page=elsewhere)["Location"] == "/staff/"
        again = client.get(LOGIN, {"next": elsewhere})
        assert (again.status_code, again["Location"]) == (302, "/staff/")

    def test_a_part_of_a_page_is_not_answered_with_the_sign_in_page(self) -> None:
        headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/staff/events/?q=fair"}
        response = browser().get("/staff/people/", headers=headers)
        assert (response.status_code, response.content) == (200, b"")
        assert response["HX-Redirect"] == "/staff/login/?next=/staff/events/%3Fq%3Dfair"

    @pytest.mark.parametrize(
        ("came_from", "back"),
        [("http://testserver/staff/account/", ACCOUNT), ("https://evil.example/staff/", "/staff/"), ("", "/staff/")],
    )
    def test_what_is_sent_is_no_page_to_come_back_to(self, came_from: str, back: str) -> None:
        response = browser().post("/staff/account/feed/", headers={"Referer": came_from})
        assert response["Location"] == f"/staff/login/?next={back}"

    def test_when_it_was_last_is_kept(self) -> None:
        assert make_staff("anna").last_login is None
        sign_in(browser())
        last_login = people.get_staff("anna").last_login
        assert last_login is not None
        assert datetime.now(UTC) - last_login < timedelta(minutes=1)

    @override_settings(PASSWORD_HASHERS=["eventsite.accounts.passwords.PasswordHasher"])
    def test_with_a_real_hash(self) -> None:
        staff = make_staff("anna")
        assert staff.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
        assert sign_in(browser(), password="wrong horse battery").status_code == 200
        assert sign_in(browser()).status_code == 302

    def test_an_old_hash_is_made_anew_without_undoing_a_reset(self, monkeypatch: pytest.MonkeyPatch) -> None:
        make_staff("anna")
        both = ["eventsite.accounts.passwords.PasswordHasher", *django_settings.PASSWORD_HASHERS]
        with override_settings(PASSWORD_HASHERS=both):
            assert sign_in(browser()).status_code == 302
            assert people.get_staff("anna").password.startswith("argon2$")
        make_staff("ben")
        verify = MD5PasswordHasher.verify

        def reset_meanwhile(self: MD5PasswordHasher, password: str, encoded: str) -> bool:
            people.set_password("ben", "another battery horse", ACTOR)
            return verify(self, password, encoded)

        monkeypatch.setattr(MD5PasswordHasher, "verify", reset_meanwhile)
        with override_settings(PASSWORD_HASHERS=both):
            assert NO_MATCH in sign_in(browser(), "ben").content.decode()
            assert people.get_staff("ben").check_password("another battery horse")

    def test_nobody_learns_who_has_an_account(self, hashed: list[str]) -> None:
        make_staff("anna")
        make_staff("gone")
        people.deactivate("gone", ACTOR)
        for username, password in [("anna", "wrong"), ("gone", PASSWORD), ("nobody", "wrong"), ("no/name", "wrong")]:
            hashed.clear()
            response = sign_in(browser(), username, password)
            assert (response.status_code, hashed) == (200, [password])
            assert NO_MATCH in response.content.decode()
            assert password not in response.content.decode()


class TestSessions:
    def test_a_copied_cookie_is_of_no_use_after_sign_out(self) -> None:
        make_staff("anna")
        client, thief = browser(), browser("192.0.2.66")
        sign_in(client)
        thief.cookies[django_settings.SESSION_COOKIE_NAME] = client.cookies[django_settings.SESSION_COOKIE_NAME].value
        assert is_in(client)
        assert is_in(thief)
        response = client.post("/staff/logout/")
        assert (response.status_code, response["Location"]) == (302, LOGIN)
        assert "You have signed out." in client.get(LOGIN).content.decode()
        assert not is_in(client)
        assert not is_in(thief)
        assert rows("session") == []

    def test_signing_out_takes_a_post(self) -> None:
        client = client_of(make_staff("anna"))
        assert client.get("/staff/logout/").status_code == 405
        assert is_in(client)

    def test_the_table_does_not_say_what_the_cookie_is(self) -> None:
        client = client_of(make_staff("anna"))
        [row] = rows("session")
        assert client.cookies[django_settings.SESSION_COOKIE_NAME].value not in str(row)

    def test_signing_in_changes_the_cookie(self) -> None:
        make_staff("anna")
        make_staff("ben")
        client = client_of(people.get_staff("anna"))
        before = client.cookies[django_settings.SESSION_COOKIE_NAME].value
        client.force_login(people.get_staff("ben"))
        assert client.cookies[django_settings.SESSION_COOKIE_NAME].value != before
        assert len(rows("session")) == 1

    def test_it_ends_even_if_its_row_is_still_there(self) -> None:
        client = client_of(make_staff("anna"))
        move_end("session", timedelta(seconds=-1))
        assert not is_in(client)

    def test_it_is_renewed_once_a_day(self, faults: FaultProxy) -> None:
        client = client_of(make_staff("anna"))
        faults.set(None)
        response = client.get(ACCOUNT)
        assert faults.calls == ["GetItem", "GetItem"]  # the session, the account
        assert django_settings.SESSION_COOKIE_NAME not in response.cookies
        move_end("session", timedelta(days=5, hours=23))
        faults.set(None)
        response = client.get(ACCOUNT)
        assert faults.calls == ["GetItem", "GetItem", "UpdateItem"]
        assert response.cookies[django_settings.SESSION_COOKIE_NAME]["max-age"] == 7 * 24 * 60 * 60
        [row] = rows("session")
        left = int(row["expiresAt"]["N"]) - datetime.now(UTC).timestamp()
        assert left == pytest.approx(7 * 24 * 60 * 60, abs=60)

    def test_the_cookie_is_not_for_scripts_or_other_sites(self) -> None:
        make_staff("anna")
        client = browser()
        sign_in(client)
        cookie = client.cookies[django_settings.SESSION_COOKIE_NAME]
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")

    def test_it_cannot_come_back(self) -> None:
        session = SessionStore()
        session["x"] = 1
        session.save()
        same = SessionStore(session.session_key)
        assert same["x"] == 1
        session.delete()
        with pytest.raises(UpdateError):
            same.save()
        assert rows("session") == []
        assert not SessionStore().exists(str(same.session_key))
        same.delete()

    def test_two_do_not_share_a_key(self) -> None:
        session = SessionStore()
        session.save()
        with pytest.raises(CreateError):
            SessionStore(session.session_key).save(must_create=True)

    def test_a_key_that_nobody_was_given_is_not_taken_on(self) -> None:
        session = SessionStore("chosen-by-someone-else")
        assert session.get("x") is None
        session["x"] = 1
        session.save()
        assert session.session_key != "chosen-by-someone-else"

    def test_signing_out_while_a_page_is_on_its_way_stays_done(self, monkeypatch: pytest.MonkeyPatch) -> None:
        client = client_of(make_staff("anna"))
        other = browser()
        other.cookies[django_settings.SESSION_COOKIE_NAME] = client.cookies[django_settings.SESSION_COOKIE_NAME].value
        move_end("session", timedelta(days=3))
        monkeypatch.setattr("eventsite.accounts.feeds.feed_token", lambda staff: other.post("/staff/logout/") and "x")
        assert client.get(ACCOUNT).status_code == 400  # it would have renewed the session
        assert rows("session") == []

    def test_it_outlives_a_new_secret_key(self) -> None:
        client, other = client_of(make_staff("anna")), client_of(people.get_staff("anna"))
        with override_settings(SECRET_KEY="a new one", SECRET_KEY_FALLBACKS=[django_settings.SECRET_KEY]):
            assert is_in(client)
        with override_settings(SECRET_KEY="a new one"):
            assert is_in(client)
            assert not is_in(other)


class TestWhatEndsSessions:
    @pytest.fixture
    def client(self) -> Client:
        client = client_of(make_staff("anna"))
        assert is_in(client)
        return client

    def test_deactivation_for_good(self, client: Client) -> None:
        people.deactivate("anna", ACTOR)
        assert not is_in(client)
        people.reactivate("anna", ACTOR)
        assert not is_in(client)

    def test_a_reset_password(self, client: Client) -> None:
        people.reset_password("anna", ACTOR)
        assert not is_in(client)

    def test_a_change_of_the_password_elsewhere(self, client: Client) -> None:
        elsewhere = client_of(people.get_staff("anna"))
        new = "another battery horse"
        elsewhere.post(
            "/staff/account/password/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
        )
        assert is_in(elsewhere)
        assert not is_in(client)

    def test_signing_out_everywhere(self, client: Client) -> None:
        elsewhere = client_of(people.get_staff("anna"))
        response = elsewhere.post("/staff/account/sign-out-everywhere/")
        assert (response.status_code, response["Location"]) == (302, LOGIN)
        assert "You were signed out everywhere." in elsewhere.get(LOGIN).content.decode()
        assert not is_in(elsewhere)
        assert not is_in(client)
        with override_settings(SECRET_KEY="a new one", SECRET_KEY_FALLBACKS=[django_settings.SECRET_KEY]):
            assert not is_in(client)

    def test_a_change_of_the_role_does_not_but_counts_at_once(self, client: Client) -> None:
        assert client.get("/staff/people/").status_code == 403
        people.change_role("anna", Role.ADMIN, ACTOR)
        assert client.get("/staff/people/").status_code == 200


class TestLockout:
    @pytest.fixture(autouse=True)
    def account(self) -> None:
        make_staff("anna")

    @pytest.mark.parametrize("username", ["anna", "nobody", "no/name", "x" * 5000])
    def test_after_five_tries_the_right_password_does_not_help(self, username: str, hashed: list[str]) -> None:
        for _ in range(5):
            assert sign_in(browser(), username, "wrong").status_code == 200
        response = sign_in(browser(), username)
        assert response.status_code == 429
        assert "Too many attempts. Please try again in 15 minutes." in response.content.decode()
        assert hashed == ["wrong"] * 5

    def test_names_that_differ_by_case_are_one(self) -> None:
        for username in ("anna", "ANNA", " Anna", "aNNa", "anna "):
            sign_in(browser(), username, "wrong")
        assert sign_in(browser()).status_code == 429

    def test_others_are_not_locked_out_with_them(self) -> None:
        make_staff("ben")
        for _ in range(6):
            sign_in(browser(), password="wrong")
        assert sign_in(browser(), "ben").status_code == 302
        assert sign_in(browser("192.0.2.2")).status_code == 302

    @pytest.mark.parametrize(
        "username", ["anna\n192.0.2.2", "192.0.2.2\nanna", "anywhere\nanna", "x\nfrom 192.0.2.2\nanna"]
    )
    def test_no_name_counts_as_somebody_elses(self, username: str) -> None:
        for _ in range(6):
            sign_in(browser(), username, "wrong")
        assert sign_in(browser("192.0.2.2")).status_code == 302

    def test_thirty_tries_from_anywhere_lock_the_name(self) -> None:
        for number in range(30):
            assert sign_in(browser(f"198.51.100.{number}"), password="wrong").status_code == 200
        assert sign_in(browser("203.0.113.1")).status_code == 429

    def test_an_address_stores_a_bounded_number_of_rows_whatever_the_names(
        self, monkeypatch: pytest.MonkeyPatch, hashed: list[str]
    ) -> None:
        monkeypatch.setattr(lockout, "ATTEMPTS_WITH_ANY_NAME", 12)
        answers = [sign_in(browser(), f"name {number}", "wrong").status_code for number in range(20)]
        assert answers == [200] * 12 + [429] * 8
        assert len(hashed) == 12
        assert len(rows("lockout")) == 1 + 2 * 12
        assert all(float(row["expiresAt"]["N"]) <= time.time() + 15 * 60 for row in rows("lockout"))
        assert sign_in(browser()).status_code == 429
        assert sign_in(browser("192.0.2.2")).status_code == 302
        move_end("lockout", timedelta(seconds=-1))
        assert sign_in(browser()).status_code == 302

    def test_the_right_password_begins_anew_for_the_address_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lockout, "ATTEMPTS_WITH_ANY_NAME", 4)
        for number in range(9):
            assert sign_in(browser(), f"name {number}", "wrong").status_code == 200
            assert sign_in(browser()).status_code == 302

    @pytest.mark.parametrize(
        ("others", "status"),
        [("2001:db8::{:x}", 429), ("2001:db8:0:{:x}::1", 302), ("::ffff:192.0.2.{}", 302), ("unknown {}", 302)],
    )
    def test_addresses_of_one_ipv6_network_count_together(
        self, monkeypatch: pytest.MonkeyPatch, others: str, status: int
    ) -> None:
        monkeypatch.setattr(lockout, "ATTEMPTS_WITH_ANY_NAME", 4)
        for number in range(1, 6):
            sign_in(browser(others.format(number)), f"name {number}", "wrong")
        assert sign_in(browser(others.format(9))).status_code == status

    def test_it_ends_after_a_quarter_of_an_hour(self) -> None:
        for _ in range(5):
            sign_in(browser(), password="wrong")
        move_end("lockout", timedelta(seconds=70))
        assert "Please try again in 2 minutes." in sign_in(browser()).content.decode()
        move_end("lockout", timedelta(seconds=-1))
        for _ in range(5):
            assert sign_in(browser(), password="wrong").status_code == 200
        assert sign_in(browser()).status_code == 429
        move_end("lockout", timedelta(seconds=-1))
        assert sign_in(browser()).status_code == 302

    def test_the_right_password_begins_anew(self) -> None:
        for _ in range(3):
            for _ in range(4):
                assert sign_in(browser(), password="wrong").status_code == 200
            assert sign_in(browser()).status_code == 302
        assert rows("lockout") == []

    @pytest.mark.parametrize("expired", [False, True])
    def test_of_twenty_tries_at_once_five_are_checked(self, hashed: list[str], expired: bool) -> None:
        if expired:
            sign_in(browser(), password="wrong")
            move_end("lockout", timedelta(seconds=-1))
            hashed.clear()
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: sign_in(browser(), password="wrong").status_code, range(20)))
        assert sorted(answers) == [200] * 5 + [429] * 15
        assert len(hashed) == 5

    def test_the_log_says_so_and_nothing_secret(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO):
            for username in ("anna", "hunter2-typed-here"):
                for _ in range(6):
                    sign_in(browser(), username, "typed-secret")
        lines = [record.getMessage() for record in caplog.records if record.name == "eventsite.accounts"]
        assert lines == [
            "Too many attempts to sign in as anna from 192.0.2.1",
            "Too many attempts to sign in as nobody known from 192.0.2.1",
        ]
        assert "typed-secret" not in caplog.text
        assert "hunter2" not in caplog.text

    def test_the_password_that_one_has_is_not_tried_more_often(self, hashed: list[str]) -> None:
        client = client_of(people.get_staff("anna"))
        for _ in range(6):
            form = {"old_password": "wrong", "new_password1": "x" * 12, "new_password2": "x" * 12}
            page = client.post("/staff/account/password/", form).content.decode()
        assert "Too many attempts." in page
        assert hashed == ["wrong"] * 5
