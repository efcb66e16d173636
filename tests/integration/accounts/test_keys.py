"""API keys: admins create and revoke them, and every call that sends a key is checked."""

from __future__ import annotations

import logging
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client, override_settings
from rest_framework.test import APIClient

from events.storage import api_keys as key_repository
from events.storage.api_keys import ApiKeyItem
from events.storage.connection import connection
from events.storage.models import AccessItem, EventItem, HistoryItem
from eventsite.accounts import keys, people
from eventsite.accounts.domain import Scope
from eventsite.accounts.errors import KeyNameTakenError, KeyNotFoundError
from tests.support.api_calls import LAUNCH, assert_error, create, send
from tests.support.builders import ACTOR, make_staff
from tests.support.clients import client_of
from tests.support.fault_proxy import FAIL, FaultProxy
from tests.support.page_reader import fields
from tests.support.tables import read_table

KEYS = "/staff/keys/"
TOKEN = "evk_[0-9a-f]{12}_[0-9a-f]{48}"
NOT_VALID = "This API key is invalid. It was revoked, or it is incomplete."


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    keys.remembered_keys.clear()


def make_key(name: str = "importer", scope: str = "write") -> str:
    return keys.create_key(name, Scope(scope), ACTOR)[1]


def key_id(token: str) -> str:
    return token.split("_")[1]


def shown_token(response: Any) -> str:
    [token] = re.findall(TOKEN, response.content.decode())
    return str(token)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class TestPages:
    def test_the_key_is_shown_once(self, admin: Client, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO, "eventsite.security"):
            response = admin.post(f"{KEYS}new/", {"name": " Web  site ", "scope": "read"})
        assert (response.status_code, response["Cache-Control"]) == (200, "private, no-store")
        [token] = re.findall(r"evk_[0-9a-f]{12}_[0-9a-f]{48}", response.content.decode())
        secret = token.split("_")[2]
        [key] = keys.list_keys()
        assert (key.name, key.scope, key.created_by, key.last_used_at) == ("Web site", "read", "ada", None)
        assert secret not in str(read_table(AccessItem))
        assert secret not in caplog.text
        assert [record.getMessage() for record in caplog.records] == [
            'event="key.created" actor="ada" whom="Web site" detail="read" address="127.0.0.1"'
        ]
        page = admin.get(KEYS).content.decode()
        assert secret not in page
        assert f"evk_{key.id}_…" in page
        assert all(text in page for text in ("Web site", "by ada", "never"))

    def test_a_form_sent_twice_shows_the_one_key_that_it_created(self, admin: Client, api: APIClient) -> None:
        form = {**fields(admin.get(f"{KEYS}new/")), "name": "shop", "scope": "write"}
        tokens = [shown_token(admin.post(f"{KEYS}new/", form)) for _ in range(2)]
        assert tokens[0] == tokens[1]
        assert len(keys.list_keys()) == 1
        assert send(api, "POST", "/events", LAUNCH, **bearer(tokens[0])).status_code == 201

    def test_two_clicks_at_once_show_the_same_key(self, admin: Client) -> None:
        form = {**fields(admin.get(f"{KEYS}new/")), "name": "shop", "scope": "read"}
        clients = [admin, client_of(people.get_staff("ada"))]
        with ThreadPoolExecutor(2) as pool:
            tokens = set(pool.map(lambda client: shown_token(client.post(f"{KEYS}new/", form)), clients))
        assert len(tokens) == len(keys.list_keys()) == 1

    def test_the_same_form_with_other_input_creates_another_key(self, admin: Client) -> None:
        form = {**fields(admin.get(f"{KEYS}new/")), "scope": "read"}
        tokens = {shown_token(admin.post(f"{KEYS}new/", {**form, "name": name})) for name in ("shop", "site")}
        assert len(tokens) == len(keys.list_keys()) == 2

    def test_other_forms_do_not_show_the_key(self, admin: Client) -> None:
        for expected in (1, 0, 0):
            form = {**fields(admin.get(f"{KEYS}new/")), "name": "shop", "scope": "read"}
            page = admin.post(f"{KEYS}new/", form).content.decode()
            assert len(re.findall(TOKEN, page)) == expected
        assert "Another key has this name." in page
        make_staff("eve", "admin")
        other = client_of(people.get_staff("eve")).post(f"{KEYS}new/", form)
        assert not re.findall(TOKEN, other.content.decode())

    def test_a_form_without_its_id_still_creates_a_key(self, admin: Client) -> None:
        tokens = set()
        for _ in range(2):
            token = shown_token(admin.post(f"{KEYS}new/", {"name": "shop", "scope": "read"}))
            keys.revoke_key(key_id(token), ACTOR)
            tokens.add(token)
        assert len(tokens) == 2

    def test_a_key_is_not_shown_again_after_a_minute_or_when_revoked(
        self, admin: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        form = {**fields(admin.get(f"{KEYS}new/")), "name": "shop", "scope": "read"}
        token = shown_token(admin.post(f"{KEYS}new/", form))
        monkeypatch.setattr(keys, "SHOWN_AGAIN_FOR", timedelta(0))
        late = admin.post(f"{KEYS}new/", form).content.decode()
        monkeypatch.undo()
        assert not re.findall(TOKEN, late)
        assert "Another key has this name." in late
        keys.revoke_key(key_id(token), ACTOR)
        assert not re.findall(TOKEN, admin.post(f"{KEYS}new/", form).content.decode())

    @pytest.mark.parametrize(
        ("name", "scope", "message"),
        [
            ("", "read", "This field is required."),
            (" ", "read", "This field is required."),
            ("x" * 61, "read", "Ensure this value has at most 60 characters"),
            ("a\u202eb", "read", "The name contains a character that cannot be displayed."),
            ("IMPORTER", "read", "Another key has this name. Choose a different name."),
            ("site", "all", "Select a valid choice."),
        ],
    )
    def test_invalid_input_shows_an_error(self, admin: Client, name: str, scope: str, message: str) -> None:
        make_key("importer")
        response = admin.post(f"{KEYS}new/", {"name": name, "scope": scope})
        assert response.status_code == 200
        assert message in response.content.decode()
        assert len(keys.list_keys()) == 1

    def test_a_revoked_key_does_not_work(self, admin: Client, api: APIClient) -> None:
        token = make_key()
        confirm = f"{KEYS}{key_id(token)}/revoke/"
        assert "within 30 seconds" in admin.get(confirm).content.decode()
        assert send(api, "GET", "/events", **bearer(token)).status_code == 200
        assert admin.post(confirm)["Location"] == KEYS
        page = admin.get(KEYS).content.decode()
        assert "Key importer revoked." in page
        assert ">Revoked<" in page
        assert_error(send(api, "GET", "/events", **bearer(token)), 401, NOT_VALID, code="key_invalid")
        assert admin.get(confirm).status_code == admin.post(confirm).status_code == 404
        make_key("importer")  # the name is free again
        assert [key.revoked_at is None for key in keys.list_keys()] == [True, False]

    @pytest.mark.parametrize("absent", ["0" * 12, "nothing", "x" * 3000])
    def test_unknown_keys_return_404(self, admin: Client, absent: str) -> None:
        response = admin.post(f"{KEYS}{absent}/revoke/")
        assert response.status_code == 404
        assert "This API key does not exist, or is already revoked." in response.content.decode()

    def test_an_empty_list_says_so_without_a_scan(self, admin: Client, faults: FaultProxy) -> None:
        faults.set(None)
        assert "There are no keys yet" in admin.get(KEYS).content.decode()
        assert "Scan" not in faults.calls

    @pytest.mark.parametrize("access", ["open", "read-open", "keyed"])
    def test_the_list_shows_the_access_setting(self, admin: Client, access: str) -> None:
        with override_settings(EVENTS_API_ACCESS=access):
            assert f"(EVENTS_API_ACCESS is {access})" in admin.get(KEYS).content.decode()

    def test_a_late_revocation_does_not_free_the_name_of_a_new_key(self) -> None:
        read_before = keys.get_key(key_id(make_key("shop")))
        keys.revoke_key(read_before.id, ACTOR)
        make_key("shop")
        with pytest.raises(KeyNotFoundError):
            key_repository.revoke_key(read_before, datetime.now(UTC))
        with pytest.raises(KeyNameTakenError):
            make_key("shop")

    def test_a_name_may_have_60_characters(self, admin: Client) -> None:
        shown_token(admin.post(f"{KEYS}new/", {"name": "x" * 60, "scope": "read"}))
        assert keys.list_keys()[0].name == "x" * 60

    def test_newest_keys_are_first_and_revoked_keys_are_last(self, admin: Client) -> None:
        names = [f"k{number}" for number in range(6)]
        tokens = {name: make_key(name) for name in names}
        for name in ("k1", "k4"):
            keys.revoke_key(key_id(tokens[name]), ACTOR)
        expected = ["k5", "k3", "k2", "k0", "k4", "k1"]
        assert [key.name for key in keys.list_keys()] == expected
        assert re.findall(r">(k\d)</span><br>", admin.get(KEYS).content.decode()) == expected

    def test_names_are_unique_ignoring_case(self) -> None:
        make_key("Straße")
        with pytest.raises(KeyNameTakenError):
            make_key("STRASSE")


class TestCalls:
    @pytest.mark.parametrize("access", ["open", "read-open", "keyed"])
    def test_read_keys_cannot_write(self, api: APIClient, access: str) -> None:
        create(api)
        read, write = bearer(make_key("reader", "read")), bearer(make_key("writer"))
        with override_settings(EVENTS_API_ACCESS=access):
            for headers in (read, write):
                assert send(api, "GET", "/events", **headers).status_code == 200
                assert send(api, "HEAD", "/events/launch", **headers).status_code == 200
            at = "/events/launch"
            for method, path in (("POST", "/events"), ("PUT", at), ("PATCH", at), ("DELETE", at)):
                response = send(api, method, path, {}, **read)
                assert_error(response, 403, "This API key may only read.", code="key_scope")
                assert response["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="write"'
            assert send(api, "DELETE", "/events/launch", **write).status_code == 204

    def test_the_history_names_the_key_without_its_secret(
        self, api: APIClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        token = make_key("importer")
        with caplog.at_level(logging.DEBUG):
            assert send(api, "POST", "/events", LAUNCH, **bearer(token)).status_code == 201
        [row] = read_table(HistoryItem)
        assert row["actor"] == {"S": "key:importer"}
        [event] = read_table(EventItem)
        assert event["updatedBy"] == {"S": "key:importer"}
        assert token.split("_")[2] not in f"{row}{event}{caplog.text}"

    @pytest.mark.parametrize("access", ["open", "read-open", "keyed"])
    def test_invalid_keys_return_401_even_if_no_key_is_needed(self, api: APIClient, access: str) -> None:
        token = make_key()
        _, own_id, secret = token.split("_")
        bad = ["", "made-up", token[:-1], token + "0", token.upper(), f"evk_{own_id}_{'0' * 48}", f"{token} {token}"]
        bad += [f"evk_{'0' * 12}_{secret}", f"evk_{own_id}_{secret[::-1]}"]
        with override_settings(EVENTS_API_ACCESS=access):
            for sent in bad:
                response = send(api, "GET", "/events", **bearer(sent))
                assert_error(response, 401, NOT_VALID, code="key_invalid")
                assert response["WWW-Authenticate"] == 'Bearer error="invalid_token"'
            for scheme in ("Bearer", "bearer", "BEARER "):
                assert send(api, "GET", "/events", Authorization=f"{scheme} {token}").status_code == 200

    def test_health_and_documentation_need_no_key(self, api: APIClient) -> None:
        with override_settings(EVENTS_API_ACCESS="keyed"):
            for path in ("/healthz", "/docs", "/openapi.json"):
                assert api.get(path, HTTP_AUTHORIZATION="Bearer made-up").status_code == 200

    def test_a_failed_lookup_of_a_key_returns_500(self, api: APIClient, faults: FaultProxy) -> None:
        token = make_key()
        faults.set(FAIL, "GetItem")
        assert send(api, "PUT", "/events/launch", {}, **bearer(token)).status_code == 500


class TestMemory:
    """Each process remembers keys, so that most calls need no extra read."""

    @pytest.fixture
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        clock = [1000.0]
        monkeypatch.setattr("eventsite.accounts.keys.time.monotonic", lambda: clock[0])
        return clock

    def test_calls_without_a_key_read_no_key(self, api: APIClient, faults: FaultProxy) -> None:
        faults.set(None)
        api.get("/events/absent")
        assert faults.calls == ["GetItem"]

    def test_a_key_is_read_once(self, api: APIClient, faults: FaultProxy) -> None:
        token = make_key()
        faults.set(None)
        for _ in range(3):
            send(api, "GET", "/events/absent", **bearer(token))
        assert faults.calls == ["GetItem", "UpdateItem", "GetItem", "GetItem", "GetItem"]  # the key, its use, events

    def test_keys_revoked_by_another_process_are_refused_within_30_seconds(
        self, api: APIClient, clock: list[float]
    ) -> None:
        token = make_key()
        assert send(api, "GET", "/events", **bearer(token)).status_code == 200
        key_repository.revoke_key(keys.get_key(key_id(token)), datetime.now(UTC))
        clock[0] += 30
        assert_error(send(api, "GET", "/events", **bearer(token)), 401, NOT_VALID, code="key_invalid")
        assert keys.remembered_keys == {}

    def test_a_revoked_key_is_not_remembered(self, api: APIClient) -> None:
        token = make_key()
        keys.revoke_key(key_id(token), ACTOR)
        send(api, "GET", "/events", **bearer(token))
        assert keys.remembered_keys == {}
        with pytest.raises(KeyNotFoundError):
            keys.revoke_key(key_id(token), ACTOR)

    def test_the_number_of_remembered_keys_is_limited(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keys, "MAX_REMEMBERED", 3)
        tokens = [make_key(f"key {number}") for number in range(5)]
        for token in tokens * 2:
            assert keys.check_token(token)
            assert len(keys.remembered_keys) <= 3


class TestLastUse:
    def test_the_last_use_is_recorded_once_an_hour(self, api: APIClient, faults: FaultProxy) -> None:
        token = make_key()
        keys.check_token(token)
        first = keys.get_key(key_id(token)).last_used_at
        assert first is not None
        keys.remembered_keys.clear()  # as in another process
        faults.set(None)
        keys.check_token(token)
        assert faults.calls == ["GetItem"]
        assert keys.get_key(key_id(token)).last_used_at == first
        earlier = first - timedelta(minutes=61)
        connection().update_item(
            AccessItem.Meta.table_name, f"api-key#{key_id(token)}", actions=[ApiKeyItem.last_used_at.set(earlier)]
        )
        keys.remembered_keys.clear()
        keys.check_token(token)
        last = keys.get_key(key_id(token)).last_used_at
        assert last is not None
        assert last > first

    def test_only_one_of_two_processes_records_a_use(self) -> None:
        token = make_key()
        now = datetime.now(UTC)
        key_repository.note_use(key_id(token), now, "192.0.2.1", now - timedelta(minutes=5))
        key_repository.note_use(key_id(token), now + timedelta(minutes=1), "192.0.2.2", now - timedelta(minutes=4))
        key = keys.get_key(key_id(token))
        assert (key.last_used_at, key.last_address) == (now, "192.0.2.1")
        key_repository.note_use("0" * 12, now, "", now)
        assert len(keys.list_keys()) == 1

    def test_a_call_succeeds_if_its_use_cannot_be_recorded(
        self, api: APIClient, faults: FaultProxy, caplog: pytest.LogCaptureFixture
    ) -> None:
        token = make_key()
        faults.set(FAIL, "UpdateItem")
        assert send(api, "GET", "/events", **bearer(token)).status_code == 200
        assert f"The use of the API key {key_id(token)} was not recorded" in caplog.text
        faults.set(None)
        assert send(api, "GET", "/events", **bearer(token)).status_code == 200
        assert faults.calls == ["Scan"]  # it does not try at every call
