"""Passkeys: adding one, signing in with one, and everything that is refused."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client, override_settings
from fido2.utils import websafe_encode

from events.storage import factors as repository
from eventsite.accounts import factors, lockout, people, security_log
from eventsite.accounts.domain import LogFilter
from eventsite.accounts.security_log import new_change
from tests.support.authenticator import PRESENT, VERIFIED, Authenticator
from tests.support.builders import ACTOR, PASSWORD, make_staff
from tests.support.clients import client_of
from tests.support.passkeys import NEW, SIGN_IN, add, make_passkey, options, send, sign_in
from tests.support.sign_in import ACCOUNT, browser, is_in, rows
from tests.support.sign_in import sign_in as sign_in_with_password

NOT_ACCEPTED = "This passkey was not accepted. Try again, or sign in another way."


def refused(response: Any, sentence: str = NOT_ACCEPTED) -> bool:
    return bool(response.status_code == 422 and response.json() == {"detail": sentence, "code": "passkey_refused"})


def remove(username: str) -> None:
    staff = people.get_staff(username)
    [factor_id] = staff.factor_ids
    repository.remove_factor(staff.fields(), factor_id, new_change(username, "factor-removed", username, "Laptop"))


@pytest.fixture
def anna() -> Client:
    return client_of(make_staff("anna"))


class TestAdding:
    def test_the_browser_is_asked_for_a_passkey_that_needs_no_username(self, anna: Client) -> None:
        asked = options(anna, NEW)
        handle, challenge = asked["user"].pop("id"), asked.pop("challenge")
        assert asked == {
            "rp": {"id": "testserver", "name": "Events"},
            "user": {"name": "anna", "displayName": "anna"},
            "pubKeyCredParams": [{"type": "public-key", "alg": number} for number in (-7, -8, -257)],
            "timeout": 300_000,
            "excludeCredentials": [],
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": True,
                "userVerification": "required",
            },
            "attestation": "none",
        }
        assert [len(text) for text in (handle, challenge)] == [43, 43]  # 32 bytes
        assert options(anna, NEW)["challenge"] != challenge

    def test_it_is_stored_with_a_name_and_the_way_to_find_it(self, anna: Client) -> None:
        authenticator = Authenticator(counter=7)
        response = add(anna, authenticator, "  My   laptop ")
        assert response.status_code == 200
        assert "Save your recovery codes" in response.content.decode()
        staff = people.get_staff("anna")
        [passkey] = repository.get_factors("anna", staff.factor_ids)
        assert (passkey.method, passkey.name, passkey.sign_count) == ("passkey", "My laptop", 7)
        assert passkey.transports == "hybrid internal"
        assert passkey.last_used_at is None
        [row] = rows("credential")
        assert row["key"]["S"] == f"credential#{passkey.id}"
        assert "anna" not in row["key"]["S"]
        assert len(rows("recovery")) == 1
        response = add(anna, Authenticator(), "Key ring")
        assert (response.status_code, response["Location"]) == (302, "/staff/account/factors/")
        assert "Key ring was added." in anna.get(response["Location"]).content.decode()

    def test_the_same_authenticator_is_excluded_and_all_have_one_user_handle(self, anna: Client) -> None:
        first = make_passkey()
        asked = options(anna, NEW, "Another")
        described = {"type": "public-key", "id": websafe_encode(first.credential_id)}
        assert asked["excludeCredentials"] == [{**described, "transports": ["hybrid", "internal"]}]
        assert asked["user"]["id"] == first.user_handle
        make_staff("ben")
        assert make_passkey("ben").user_handle != first.user_handle

    def test_the_page_proposes_a_name(self, anna: Client) -> None:
        agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
        page = anna.get(NEW, headers={"User-Agent": agent}).content.decode()
        assert 'value="Chrome on Linux"' in page
        make_passkey(name="Chrome on Linux")
        assert 'value="Chrome on Linux 2"' in anna.get(NEW, headers={"User-Agent": agent}).content.decode()
        assert "Passkeys need JavaScript" in page

    @pytest.mark.parametrize(
        ("host", "sentence"),
        [
            ("127.0.0.1:8000", 'href="http://localhost:8000/staff/account/passkeys/new/"'),
            ("[::1]:8000", 'href="http://localhost:8000/staff/account/passkeys/new/"'),
            ("192.0.2.9", "Open the site by its name."),
        ],
    )
    def test_a_network_address_cannot_have_passkeys(self, anna: Client, host: str, sentence: str) -> None:
        with override_settings(ALLOWED_HOSTS=["*"]):
            assert sentence in anna.get(NEW, headers={"Host": host}).content.decode()
            for path in (NEW, SIGN_IN):
                response = anna.post(
                    f"{path}options/", {"name": "Laptop"}, headers={"Host": host, "Accept": "application/json"}
                )
                local = host != "192.0.2.9"
                advice = "Open http://localhost:8000/staff/ instead." if local else "Open the site by its name."
                sentence = f"Passkeys do not work at this address, because it has no host name. {advice}"
                assert refused(response, sentence)

    @pytest.mark.parametrize(
        ("host", "options_of_request"),
        [
            ("abc123.execute-api.eu-central-1.amazonaws.com", {"secure": True}),
            ("desk.example.org", {"secure": True}),
            ("localhost:8000", {}),
        ],
    )
    def test_the_host_name_of_the_request_counts(self, host: str, options_of_request: dict[str, Any]) -> None:
        anna = client_of(make_staff("anna"))
        scheme = "https" if options_of_request else "http"
        authenticator = Authenticator(f"{scheme}://{host}", host.partition(":")[0])
        with override_settings(ALLOWED_HOSTS=["*"]):
            headers = {"Host": host, "Origin": f"{scheme}://{host}", "Accept": "application/json"}
            sent: dict[str, Any] = {"headers": headers, **options_of_request}
            asked = anna.post(f"{NEW}options/", {"name": "Laptop"}, **sent).json()
            assert asked["rp"]["id"] == host.partition(":")[0]
            form = {"name": "Laptop", "credential": authenticator.create(asked)}
            assert anna.post(NEW, form, **sent).status_code == 200
            visitor = browser()
            asked = visitor.post(f"{SIGN_IN}options/", **sent).json()
            response = send(visitor, authenticator.get(asked), **sent)
            assert (response.status_code, response.json()) == (200, {"location": "/staff/"})

    @pytest.mark.parametrize(
        "wrong",
        [
            {"origin": "https://testserver"},
            {"origin": "http://testserver:81"},
            {"origin": "http://evil.example"},
            {"host": "evil.example"},
            {"flags": PRESENT},
            {"flags": VERIFIED},
            {"cross_origin": True},
            {"credential_id": b"x" * 1024},
        ],
    )
    def test_a_wrong_response_stores_nothing(self, anna: Client, wrong: dict[str, Any]) -> None:
        response = add(anna, Authenticator(**wrong))
        assert response.status_code == 422
        assert NOT_ACCEPTED in response.content.decode()
        assert rows("factor") == rows("credential") == []
        assert not people.get_staff("anna").has_factors

    @pytest.mark.parametrize("key", [{3: -47}, {3: -65535}, {3: 0}])
    def test_an_algorithm_that_was_not_offered_is_refused(self, anna: Client, key: dict[int, Any]) -> None:
        assert add(anna, Authenticator(), key=key).status_code == 422
        assert rows("factor") == []

    def test_a_challenge_serves_once_even_if_two_responses_arrive_together(self, anna: Client) -> None:
        asked = options(anna, NEW)
        forms = [{"name": str(number), "credential": Authenticator().create(asked)} for number in range(4)]
        cookies = anna.cookies

        def add_one(form: dict[str, str]) -> int:
            client = Client(headers={"Accept": "text/html"})
            client.cookies.update(cookies)
            return client.post(NEW, form).status_code

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(add_one, forms)) == [200, 422, 422, 422]
        assert len(rows("factor")) == len(rows("credential")) == 1

    def test_a_challenge_expires(self, anna: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        credential = Authenticator().create(options(anna, NEW))
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 301)
        response = anna.post(NEW, {"name": "Laptop", "credential": credential})
        assert "This took longer than 5 minutes. Please try again." in response.content.decode()
        assert rows("factor") == []

    def test_a_challenge_of_another_session_is_refused(self, anna: Client) -> None:
        credential = Authenticator().create(options(anna, NEW))
        other = client_of(people.get_staff("anna"))
        assert other.post(NEW, {"name": "Laptop", "credential": credential}).status_code == 422
        options(other, NEW)
        assert other.post(NEW, {"name": "Laptop", "credential": credential}).status_code == 422
        assert rows("factor") == []

    def test_nobody_can_add_the_credential_of_somebody_else(self, anna: Client) -> None:
        theirs = make_passkey()
        ben = client_of(make_staff("ben"))
        assert add(ben, Authenticator(credential_id=theirs.credential_id)).status_code == 422
        assert not people.get_staff("ben").has_factors
        assert sign_in(browser(), theirs).status_code == 200

    @pytest.mark.parametrize(
        ("name", "sentence"),
        [
            ("", "Name: This field is required."),
            ("a\u200bb", "Name: The name contains a character that cannot be displayed."),
            ("x" * 61, "Name: Ensure this value has at most 60 characters (it has 61)."),
            ("LAPTOP", "Name: You already use this name. Choose a different one."),
        ],
    )
    def test_the_name_is_checked_before_the_device_makes_a_passkey(
        self, anna: Client, name: str, sentence: str
    ) -> None:
        make_passkey()
        response = anna.post(f"{NEW}options/", {"name": name}, headers={"Accept": "application/json"})
        assert refused(response, sentence)
        form = {"name": name, "credential": Authenticator().create(options(anna, NEW, "Other"))}
        assert anna.post(NEW, form).status_code == 422
        assert len(rows("factor")) == 1

    def test_there_is_a_limit(self, anna: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(factors, "MAX_FACTORS", 1)
        make_passkey()
        response = anna.post(f"{NEW}options/", {"name": "Other"}, headers={"Accept": "application/json"})
        assert refused(response, "You have 1 already. Remove one first.")


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


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"rawId": 5}',
        '{"rawId": "AA", "response": {}}',
        '{"rawId": "AA", "response": {"clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA"}}',
        '{"rawId": "AA", "response": {"clientDataJSON": "bnVsbA", "attestationObject": "oA"}}',
        '{"rawId": "é", "response": []}',
        "[" * 30_000,
        '{"rawId":"AA","response":{"clientDataJSON":"e30","attestationObject":"' + "gYGB" * 8000 + '"}}',
    ],
)
def test_nonsense_is_refused(sent: str) -> None:
    client = client_of(make_staff("anna"))
    options(client, NEW)
    assert client.post(NEW, {"name": "Laptop", "credential": sent}).status_code == 422
    options(client)
    assert refused(send(client, sent))


def begin_second_step(client: Client, password: str = PASSWORD) -> None:
    response = sign_in_with_password(client, password=password, next_page=ACCOUNT)
    assert response.status_code == 302
    assert not is_in(client)
