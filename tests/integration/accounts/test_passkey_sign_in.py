"""Signing in with a passkey, and every response that is refused."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client
from fido2.utils import websafe_encode

from events.storage import factors as repository
from eventsite.accounts import lockout, people, security_log
from eventsite.accounts.domain import LogFilter
from eventsite.accounts.security_log import new_change
from tests.support.authenticator import PRESENT, VERIFIED, Authenticator
from tests.support.builders import ACTOR, PASSWORD, make_staff
from tests.support.clients import client_of
from tests.support.passkeys import SIGN_IN, add, make_passkey, options, refused, send, sign_in
from tests.support.sign_in import ACCOUNT, browser, is_in, rows
from tests.support.sign_in import sign_in as sign_in_with_password


def remove(username: str) -> None:
    staff = people.get_staff(username)
    [factor_id] = staff.factor_ids
    repository.remove_factor(staff.fields(), factor_id, new_change(username, "factor-removed", username, "Laptop"))


class TestSigningIn:
    @pytest.fixture(autouse=True)
    def account(self) -> None:
        make_staff("anna")

    def test_without_a_username(self) -> None:
        authenticator, client = make_passkey(), browser()
        asked = options(client)
        assert asked | {"challenge": ""} == {
            "challenge": "",
            "timeout": 300_000,
            "rpId": "testserver",
            "userVerification": "required",
        }
        response = send(client, authenticator.get(asked), "/staff/events/?q=a")
        assert (response.status_code, response.json()) == (200, {"location": "/staff/events/?q=a"})
        assert is_in(client)
        assert client.session["method"] == "passkey"
        [passkey] = repository.get_factors("anna", people.get_staff("anna").factor_ids)
        assert passkey.last_used_at is not None
        assert people.get_staff("anna").last_login is not None

    @pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
    def test_it_does_not_lead_to_other_sites(self, elsewhere: str) -> None:
        assert sign_in(browser(), make_passkey(), elsewhere).json() == {"location": "/staff/"}

    def test_a_session_of_before_is_not_continued(self) -> None:
        authenticator, client = make_passkey(), browser()
        asked = options(client)
        before = client.session.session_key
        send(client, authenticator.get(asked))
        assert client.session.session_key != before
        assert [row["key"]["S"] for row in rows("session")] != []
        planted = browser()
        planted.cookies["events-local-session"] = str(before)
        assert not is_in(planted)

    def test_as_the_second_step(self) -> None:
        authenticator, client = make_passkey(), browser()
        make_staff("ben")
        other = make_passkey("ben")
        begin_second_step(client)
        asked = options(client)
        assert [one["id"] for one in asked["allowCredentials"]] == [websafe_encode(authenticator.credential_id)]
        assert refused(send(client, other.get(asked)))
        assert not is_in(client)
        sent = authenticator.get(options(client), userHandle=None)
        assert send(client, sent).json() == {"location": ACCOUNT}
        assert is_in(client)

    def test_again_while_signed_in(self) -> None:
        authenticator = make_passkey()
        make_staff("ben")
        client, other = client_of(people.get_staff("anna")), make_passkey("ben")
        assert refused(sign_in(client, other))
        assert sign_in(client, authenticator, ACCOUNT).json() == {"location": ACCOUNT}

    @pytest.mark.parametrize(
        "wrong",
        [
            {"origin": "https://testserver"},
            {"origin": "http://testserver.evil.example"},
            {"host": "evil.example"},
            {"flags": PRESENT},
            {"flags": VERIFIED},
            {"cross_origin": True},
            {"credential_id": b"unknown"},
            {"key": Authenticator().key},
            {"user_handle": websafe_encode(b"somebody else")},
            {"user_handle": None},
        ],
    )
    def test_a_wrong_response_is_refused(self, wrong: dict[str, Any]) -> None:
        authenticator, client = make_passkey(), browser()
        for name, value in wrong.items():
            setattr(authenticator, name, value)
        assert refused(sign_in(client, authenticator))
        assert not is_in(client)
        [passkey] = repository.get_factors("anna", people.get_staff("anna").factor_ids)
        assert passkey.last_used_at is None

    def test_a_response_works_once(self) -> None:
        authenticator, client = make_passkey(), browser()
        sent = authenticator.get(options(client))
        assert send(client, sent).status_code == 200
        thief = browser()
        assert refused(send(thief, sent))
        options(thief)
        assert refused(send(thief, sent))
        assert not is_in(thief)

    def test_of_two_equal_requests_at_the_same_time_one_is_accepted(self) -> None:
        authenticator, client = make_passkey(), browser()
        sent = authenticator.get(options(client))

        def repeat(_: int) -> int:
            one = browser()
            one.cookies.update(client.cookies)
            return int(send(one, sent).status_code)

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(repeat, range(4))) == [200, 422, 422, 422]

    def test_an_expired_challenge(self, monkeypatch: pytest.MonkeyPatch) -> None:
        authenticator, client = make_passkey(), browser()
        sent, now = authenticator.get(options(client)), time.time()
        monkeypatch.setattr(time, "time", lambda: now + 301)
        response = send(client, sent)
        assert refused(response, "This took longer than 5 minutes. Please try again.")

    def test_a_counter_must_grow(self) -> None:
        """Otherwise, somebody may have copied the passkey."""
        authenticator = make_passkey(counter=5)
        for counter, status in [(5, 422), (4, 422), (0, 422), (6, 200), (6, 422), (1000, 200)]:
            authenticator.counter = counter
            assert sign_in(browser(), authenticator).status_code == status

    def test_an_authenticator_without_a_counter_works(self) -> None:
        authenticator = make_passkey()
        for counter, status in [(0, 200), (0, 200), (1, 200), (0, 422)]:
            authenticator.counter = counter
            assert sign_in(browser(), authenticator).status_code == status

    def test_a_removed_passkey(self) -> None:
        authenticator, client = make_passkey(), browser()
        sent = authenticator.get(options(client))
        remove("anna")
        assert refused(send(client, sent))
        assert rows("credential") == []

    def test_a_passkey_that_is_removed_during_the_sign_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        authenticator, client = make_passkey(), browser()
        find = repository.find_passkey

        def found_and_removed(factor_id: str) -> Any:
            found = find(factor_id)
            remove("anna")
            return found

        monkeypatch.setattr(repository, "find_passkey", found_and_removed)
        assert refused(sign_in(client, authenticator))
        assert not is_in(client)
        assert rows("factor") == []

    def test_an_account_that_is_not_active(self) -> None:
        authenticator = make_passkey()
        people.deactivate("anna", ACTOR)
        assert refused(sign_in(browser(), authenticator))
        people.reactivate("anna", ACTOR)
        assert sign_in(browser(), authenticator).status_code == 200

    def test_a_reset_password_comes_first(self) -> None:
        """An admin resets a password because somebody else may know it. A passkey alone must not go around that."""
        authenticator, client = make_passkey(), browser()
        password = people.reset_password("anna", ACTOR)
        sentence = "An admin has reset your password. Sign in with the one-time password first."
        assert refused(sign_in(client, authenticator), sentence)
        assert not is_in(client)
        begin_second_step(client, password)
        assert sign_in(client, authenticator).status_code == 200
        assert client.get(ACCOUNT)["Location"] == f"/staff/account/password/?next={ACCOUNT}"

    def test_the_password_of_another_person_does_not_count(self) -> None:
        """Ben's second step, with a challenge for anybody from a moment in which he had no passkey."""
        authenticator, client = make_passkey(), browser()
        make_staff("ben")
        bens = make_passkey("ben")
        sign_in_with_password(client, "ben")
        remove("ben")
        asked = options(client)
        assert add(client_of(people.get_staff("ben")), bens).status_code == 200
        people.reset_password("anna", ACTOR)
        response = send(client, authenticator.get(asked))
        assert (response.status_code, is_in(client)) == (422, False)

    def test_attempts_of_an_address_are_limited_before_anything_is_stored(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lockout, "ATTEMPTS_WITH_ANY_NAME", 3)
        authenticator = make_passkey()
        for _ in range(3):
            options(browser())
        stored = len(rows("session"))
        response = browser().post(f"{SIGN_IN}options/")
        assert response.status_code == 429
        assert response.json()["detail"] == "Too many attempts. Please try again in 15 minutes."
        assert len(rows("session")) == stored
        assert sign_in(browser("192.0.2.2"), authenticator).status_code == 200

    def test_too_many_attempts_are_recorded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lockout, "ATTEMPTS_WITH_ANY_NAME", 1)
        assert [browser().post(f"{SIGN_IN}options/").status_code for _ in range(2)] == [200, 429]
        [row] = security_log.list_changes(LogFilter(actions=frozenset({"locked-out"}))).changes
        assert (row.actor, row.whom, row.address) == ("", "", "192.0.2.1")

    def test_refused_responses_add_one_row_a_minute(self) -> None:
        """They need no challenge, so nothing else limits them."""
        make_passkey()
        client = browser()
        begin_second_step(client)
        with patch.object(security_log, "now", return_value="2026-11-26T10:00:30.000000Z"):
            for _ in range(5):
                assert refused(send(client, "{}"))
        assert len([row for row in rows("account-change") if "#sign-in-failed#" in row["key"]["S"]]) == 1

    def test_a_passkey_resets_the_count_of_its_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lockout, "ATTEMPTS_WITH_ANY_NAME", 2)
        authenticator = make_passkey()
        for _ in range(3):
            options(browser())
            assert sign_in(browser(), authenticator).status_code == 200

    def test_it_works_while_the_name_is_locked(self) -> None:
        authenticator = make_passkey()
        for _ in range(6):
            sign_in_with_password(browser(), password="wrong")
        assert sign_in_with_password(browser()).status_code == 429
        assert sign_in(browser(), authenticator).status_code == 200

    def test_other_sites_cannot_sign_anybody_in(self) -> None:
        authenticator = make_passkey()
        client = Client(enforce_csrf_checks=True, headers={"Accept": "application/json"})
        assert client.post(f"{SIGN_IN}options/").status_code == 403
        assert client.post(SIGN_IN, {"credential": authenticator.get({"challenge": "AA"})}).status_code == 403

    @pytest.mark.parametrize("kind", ["webauthn.create", "payment.get"])
    def test_a_response_of_another_kind(self, kind: str) -> None:
        authenticator, client = make_passkey(), browser()
        client_data = {"type": kind, "challenge": options(client)["challenge"], "origin": "http://testserver"}
        sent = json.loads(authenticator.get({"challenge": "AA"}))
        sent["response"]["clientDataJSON"] = websafe_encode(json.dumps(client_data).encode())
        assert refused(send(client, json.dumps(sent)))


def begin_second_step(client: Client, password: str = PASSWORD) -> None:
    response = sign_in_with_password(client, password=password, next_page=ACCOUNT)
    assert response.status_code == 302
    assert not is_in(client)
