"""Adding passkeys, and responses that are refused."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import Client, override_settings
from fido2.utils import websafe_encode

from events.storage import factors as repository
from eventsite.accounts import factors, people
from tests.support.authenticator import PRESENT, VERIFIED, Authenticator
from tests.support.builders import make_staff
from tests.support.clients import client_of
from tests.support.passkeys import NEW, NOT_ACCEPTED, SIGN_IN, add, make_passkey, options, refused, send, sign_in
from tests.support.sign_in import browser, rows


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
