"""Signing in: who may sign in, and the lockout after too many attempts."""

from __future__ import annotations

import logging
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import override_settings

from eventsite.accounts import lockout, people
from tests.support.builders import ACTOR, PASSWORD, make_staff
from tests.support.clients import client_of
from tests.support.sign_in import ACCOUNT, LOGIN, browser, is_in, move_end, rows, sign_in

NO_MATCH = "This username and password do not match an active account. Please try again."


class TestSignIn:
    def test_sign_in_returns_to_the_requested_page(self) -> None:
        make_staff("anna")
        client = browser()
        refused = client.get("/staff/account/?x=1&y=%C3%BC")
        assert refused.status_code == 302
        assert refused["Location"] == "/staff/login/?next=/staff/account/%3Fx%3D1%26y%3D%25C3%25BC"
        page = client.get(refused["Location"]).content.decode()
        [next_page] = set(re.findall(r'name="next" value="([^"]*)"', page))  # of the password's form and the passkey's
        response = sign_in(client, " Anna ", next_page=next_page.replace("&amp;", "&"))
        assert (response.status_code, response["Location"]) == (302, "/staff/account/?x=1&y=%C3%BC")
        assert is_in(client)

    @pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
    def test_sign_in_does_not_redirect_to_other_sites(self, elsewhere: str) -> None:
        make_staff("anna")
        client = browser()
        assert sign_in(client, next_page=elsewhere)["Location"] == "/staff/"
        again = client.get(LOGIN, {"next": elsewhere})
        assert (again.status_code, again["Location"]) == (302, "/staff/")

    def test_htmx_requests_redirect_the_page_to_sign_in(self) -> None:
        headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/staff/events/?q=fair"}
        response = browser().get("/staff/people/", headers=headers)
        assert (response.status_code, response.content) == (200, b"")
        assert response["HX-Redirect"] == "/staff/login/?next=/staff/events/%3Fq%3Dfair"

    @pytest.mark.parametrize(
        ("came_from", "back"),
        [("http://testserver/staff/account/", ACCOUNT), ("https://evil.example/staff/", "/staff/"), ("", "/staff/")],
    )
    def test_sign_in_after_a_post_returns_to_the_page_of_the_form(self, came_from: str, back: str) -> None:
        response = browser().post("/staff/account/feed/", headers={"Referer": came_from})
        assert response["Location"] == f"/staff/login/?next={back}"

    def test_the_last_sign_in_is_recorded(self) -> None:
        assert make_staff("anna").last_login is None
        sign_in(browser())
        last_login = people.get_staff("anna").last_login
        assert last_login is not None
        assert datetime.now(UTC) - last_login < timedelta(minutes=1)

    @override_settings(PASSWORD_HASHERS=["eventsite.accounts.passwords.PasswordHasher"])
    def test_passwords_are_hashed_with_argon2(self) -> None:
        staff = make_staff("anna")
        assert staff.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
        assert sign_in(browser(), password="wrong horse battery").status_code == 200
        assert sign_in(browser()).status_code == 302

    def test_an_old_hash_is_replaced_without_undoing_a_reset(self, monkeypatch: pytest.MonkeyPatch) -> None:
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

    def test_responses_do_not_reveal_who_has_an_account(self, hashed: list[str]) -> None:
        make_staff("anna")
        make_staff("gone")
        people.deactivate("gone", ACTOR)
        for username, password in [("anna", "wrong"), ("gone", PASSWORD), ("nobody", "wrong"), ("no/name", "wrong")]:
            hashed.clear()
            response = sign_in(browser(), username, password)
            assert (response.status_code, hashed) == (200, [password])
            assert NO_MATCH in response.content.decode()
            assert password not in response.content.decode()


class TestLockout:
    @pytest.fixture(autouse=True)
    def account(self) -> None:
        make_staff("anna")

    @pytest.mark.parametrize("username", ["anna", "nobody", "no/name", "x" * 5000])
    def test_five_wrong_passwords_lock_the_name(self, username: str, hashed: list[str]) -> None:
        for _ in range(5):
            assert sign_in(browser(), username, "wrong").status_code == 200
        response = sign_in(browser(), username)
        assert response.status_code == 429
        assert "Too many attempts. Please try again in 15 minutes." in response.content.decode()
        assert hashed == ["wrong"] * 5

    def test_names_are_counted_ignoring_case_and_spaces(self) -> None:
        for username in ("anna", "ANNA", " Anna", "aNNa", "anna "):
            sign_in(browser(), username, "wrong")
        assert sign_in(browser()).status_code == 429

    def test_other_names_and_addresses_are_not_locked_out(self) -> None:
        make_staff("ben")
        for _ in range(6):
            sign_in(browser(), password="wrong")
        assert sign_in(browser(), "ben").status_code == 302
        assert sign_in(browser("192.0.2.2")).status_code == 302

    @pytest.mark.parametrize(
        "username", ["anna\n192.0.2.2", "192.0.2.2\nanna", "anywhere\nanna", "x\nfrom 192.0.2.2\nanna"]
    )
    def test_names_with_line_ends_do_not_count_for_others(self, username: str) -> None:
        for _ in range(6):
            sign_in(browser(), username, "wrong")
        assert sign_in(browser("192.0.2.2")).status_code == 302

    def test_thirty_attempts_from_all_addresses_lock_the_name(self) -> None:
        for number in range(30):
            assert sign_in(browser(f"198.51.100.{number}"), password="wrong").status_code == 200
        assert sign_in(browser("203.0.113.1")).status_code == 429

    def test_an_address_stores_a_limited_number_of_rows(
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

    def test_the_right_password_does_not_count_for_the_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """But it does not reset the count: one account would be enough to try any number of names."""
        monkeypatch.setattr(lockout, "ATTEMPTS_WITH_ANY_NAME", 4)
        for _ in range(9):
            assert sign_in(browser()).status_code == 302
        for number in range(4):
            assert sign_in(browser(), f"name {number}", "wrong").status_code == 200
            assert sign_in(browser()).status_code == (302 if number < 3 else 429)

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

    def test_the_lockout_ends_after_15_minutes(self) -> None:
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

    def test_the_right_password_resets_the_count(self) -> None:
        for _ in range(3):
            for _ in range(4):
                assert sign_in(browser(), password="wrong").status_code == 200
            assert sign_in(browser()).status_code == 302
        [of_the_address] = rows("lockout")
        assert of_the_address["tries"] == {"N": "12"}

    @pytest.mark.parametrize("expired", [False, True])
    def test_only_five_of_twenty_concurrent_attempts_are_checked(self, hashed: list[str], expired: bool) -> None:
        if expired:
            sign_in(browser(), password="wrong")
            move_end("lockout", timedelta(seconds=-1))
            hashed.clear()
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: sign_in(browser(), password="wrong").status_code, range(20)))
        assert sorted(answers) == [200] * 5 + [429] * 15
        assert len(hashed) == 5

    def test_the_lockout_is_logged_without_secrets(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO):
            for username in ("anna", "hunter2-typed-here"):
                for _ in range(6):
                    sign_in(browser(), username, "typed-secret")
        lines = [record.getMessage() for record in caplog.records if "locked" in record.getMessage()]
        assert lines == [
            'event="signin.locked" whom="anna" address="192.0.2.1"',
            'event="signin.locked" address="192.0.2.1"',
        ]
        assert "typed-secret" not in caplog.text
        assert "hunter2" not in caplog.text

    def test_the_current_password_has_the_same_limit(self, hashed: list[str]) -> None:
        client = client_of(people.get_staff("anna"))
        for _ in range(6):
            form = {"old_password": "wrong", "new_password1": "x" * 12, "new_password2": "x" * 12}
            page = client.post("/staff/account/password/", form).content.decode()
        assert "Too many attempts." in page
        assert hashed == ["wrong"] * 5
