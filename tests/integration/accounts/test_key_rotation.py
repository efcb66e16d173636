"""API keys that expire, and keys with two secrets after a rotation. A key is one caller, whichever secret it sends."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from events.storage import api_keys as key_repository
from events.storage.models import AccessItem, EventItem, HistoryItem
from eventsite.accounts import keys, people
from eventsite.accounts.domain import ApiKey, Rotation, Scope
from eventsite.accounts.errors import KeyChangedError, KeyExpiredError, KeyNotFoundError
from tests.support.api_calls import LAUNCH, assert_error, send
from tests.support.builders import ACTOR, make_body, make_staff
from tests.support.clients import client_of
from tests.support.fault_proxy import FaultProxy
from tests.support.page_reader import fields, text
from tests.support.tables import read_table

KEYS = "/staff/keys/"
EXPIRED = "This API key has expired, or was replaced by a new one. Ask an admin of the site for the new key."
DAY, WEEK = timedelta(days=1), timedelta(days=7)


class Clock:
    """The time of day and the monotonic time that keys.py sees."""

    def __init__(self) -> None:
        self.passed = timedelta(0)

    def now(self, _: Any) -> datetime:
        return datetime.now(UTC) + self.passed

    def monotonic(self) -> float:
        return 1000 + self.passed.total_seconds()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("eventsite.accounts.keys.datetime", clock)
    monkeypatch.setattr("eventsite.accounts.keys.time", clock)
    return clock


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    keys.remembered_keys.clear()


def make_key(name: str = "shop", valid_for: timedelta | None = None) -> tuple[ApiKey, str]:
    return keys.create_key(name, Scope.WRITE, ACTOR, valid_for=valid_for)


def rotate(key: ApiKey, keep: timedelta | None = DAY, valid_for: timedelta | None = None, since: str = "") -> str:
    return keys.rotate_key(key.id, ACTOR, Rotation(keep, valid_for, since))[1]


def works(token: str) -> bool:
    try:
        return keys.check_token(token) is not None
    except KeyExpiredError:
        return False


def status(api: APIClient, token: str) -> int:
    return send(api, "GET", "/events", Authorization=f"Bearer {token}").status_code


def rotation_form(client: Client, key: ApiKey) -> dict[str, str]:
    return {"keep_current": "1", **fields(client.get(f"{KEYS}{key.id}/rotate/"))}


def shown_token(response: Any) -> str:
    [token] = re.findall("evk_[0-9a-f]{12}_[0-9a-f]{48}", response.content.decode())
    return str(token)


class TestExpiry:
    def test_an_expired_key_returns_401(self, api: APIClient, clock: Clock) -> None:
        _, token = make_key(valid_for=DAY)
        assert status(api, token) == 200
        clock.passed = DAY
        response = send(api, "POST", "/events", LAUNCH, Authorization=f"Bearer {token}")
        assert_error(response, 401, EXPIRED, code="key_expired")
        assert response["WWW-Authenticate"] == 'Bearer error="invalid_token"'
        assert read_table(EventItem) == []

    def test_a_remembered_key_expires_in_time(self, clock: Clock, faults: FaultProxy) -> None:
        _, token = make_key(valid_for=DAY)
        clock.passed = DAY - timedelta(seconds=2)
        assert works(token)
        faults.set(None)
        clock.passed = DAY
        assert not works(token)
        assert faults.calls == []  # the key was still remembered

    def test_only_the_right_secret_hears_that_the_key_expired(self, api: APIClient, clock: Clock) -> None:
        key, _ = make_key(valid_for=DAY)
        clock.passed = DAY
        response = send(api, "GET", "/events", Authorization=f"Bearer evk_{key.id}_{'0' * 48}")
        assert response.status_code == 401
        assert b"key_invalid" in response.content

    def test_a_key_that_was_revoked_is_not_called_expired(self, api: APIClient, clock: Clock) -> None:
        key, token = make_key(valid_for=DAY)
        keys.revoke_key(key.id, ACTOR)
        clock.passed = DAY
        assert b"key_invalid" in send(api, "GET", "/events", Authorization=f"Bearer {token}").content

    def test_the_form_offers_lifetimes_and_the_pages_show_them(self, admin: Client) -> None:
        form = {**fields(admin.get(f"{KEYS}new/")), "name": "shop", "scope": "read"}
        made = admin.post(f"{KEYS}new/", {**form, "lifetime": "30"})
        [key] = keys.list_keys()
        assert key.valid_until == key.created_at + timedelta(days=30)
        assert f"It expires {key.valid_until.day} " in text(made)
        assert "It does not expire." in text(admin.post(f"{KEYS}new/", {**form, "name": "site", "lifetime": ""}))
        assert "Select a valid choice" in admin.post(f"{KEYS}new/", {**form, "lifetime": "31"}).content.decode()
        page = text(admin.get(KEYS))
        assert "will expire within" not in page
        assert f"Expires {key.valid_until.day} " in page
        assert "Expires never" in page

    def test_a_key_expires_soon_from_two_weeks_before(self, clock: Clock) -> None:
        for name, days in (("late", 15), ("soon", 13), ("next", 3), ("over", 1), ("gone", 2)):
            key, _ = make_key(name, timedelta(days=days))
            if name == "gone":
                keys.revoke_key(key.id, ACTOR)
        make_key("always")
        clock.passed = DAY
        assert [key.name for key in keys.list_expiring(keys.list_keys())] == ["next", "soon", "late"]


class TestRotation:
    def test_both_secrets_work_and_are_one_caller(self, api: APIClient, clock: Clock) -> None:
        key, first = make_key()
        body, once = make_body(), {"Idempotency_Key": "order-1"}
        made = send(api, "POST", "/events", body, Authorization=f"Bearer {first}", **once)
        second = rotate(key)
        again = send(api, "POST", "/events", body, Authorization=f"Bearer {second}", **once)
        third_time = send(api, "POST", "/events", body, Authorization=f"Bearer {first}", **once)
        assert made.content == again.content == third_time.content
        assert len(read_table(EventItem)) == 1
        send(api, "POST", "/events", LAUNCH, Authorization=f"Bearer {second}")
        assert {row["actor"]["S"] for row in read_table(HistoryItem)} == {"key:shop"}
        clock.passed = DAY
        assert (status(api, first), status(api, second)) == (401, 200)

    def test_a_new_key_of_another_name_is_another_caller(self, api: APIClient) -> None:
        key, first = make_key("shop")
        keys.revoke_key(key.id, ACTOR)
        _, second = make_key("shop 2")
        assert keys.check_token(first) is None
        checked = keys.check_token(second)
        assert checked is not None
        assert checked.name == "shop 2"

    def test_now_ends_the_former_secret_at_once(self, api: APIClient) -> None:
        key, first = make_key()
        assert status(api, first) == 200
        second = rotate(key, timedelta(0))
        response = send(api, "GET", "/events", Authorization=f"Bearer {first}")
        assert_error(response, 401, EXPIRED, code="key_expired")
        assert status(api, second) == 200

    def test_another_process_knows_the_new_secret_at_once(self, clock: Clock) -> None:
        key, first = make_key()
        assert works(first)
        remembered = dict(keys.remembered_keys)
        second = rotate(key, timedelta(0))
        keys.remembered_keys.update(remembered)  # as in another process
        assert works(first)  # for up to 30 seconds
        assert works(second)
        assert not works(first)
        keys.remembered_keys.update(remembered)
        clock.passed = timedelta(seconds=30)
        assert not works(first)

    def test_at_most_two_secrets_work(self) -> None:
        key, first = make_key()
        second = rotate(key, WEEK)
        third = rotate(key, WEEK)
        assert [works(token) for token in (first, second, third)] == [False, True, True]

    def test_the_former_secret_does_not_outlive_its_own_expiry(self, clock: Clock) -> None:
        key, first = make_key(valid_for=DAY)
        second = rotate(key, WEEK, timedelta(days=30))
        clock.passed = DAY
        assert [works(first), works(second)] == [False, True]
        clock.passed = timedelta(days=30)
        assert not works(second)

    def test_an_expired_key_can_be_rotated(self, clock: Clock) -> None:
        key, first = make_key(valid_for=DAY)
        clock.passed = WEEK
        second = rotate(key, WEEK)
        assert [works(first), works(second)] == [False, True]
        assert keys.get_key(key.id).valid_until is None

    def test_a_revoked_key_ends_both_secrets_and_cannot_be_rotated(self) -> None:
        key, first = make_key()
        second = rotate(key)
        keys.revoke_key(key.id, ACTOR)
        assert [works(first), works(second)] == [False, False]
        with pytest.raises(KeyNotFoundError):
            rotate(key)

    def test_a_revocation_between_reading_and_writing_wins(self, monkeypatch: pytest.MonkeyPatch) -> None:
        key, first = make_key()
        write = key_repository.rotate_key

        def revoked_first(*args: Any) -> None:
            keys.revoke_key(key.id, ACTOR)
            write(*args)

        monkeypatch.setattr(key_repository, "rotate_key", revoked_first)
        with pytest.raises(KeyNotFoundError):
            rotate(key)
        assert not works(first)

    def test_rotations_at_once(self) -> None:
        key, first = make_key()
        since = key.secret_since.isoformat()

        def once(_: int) -> str | None:
            try:
                return rotate(key, DAY, since=since)
            except KeyChangedError:
                return None

        with ThreadPoolExecutor(5) as pool:
            made = [token for token in pool.map(once, range(5)) if token]
        assert len(made) == 1
        assert works(first)
        assert works(made[0])

    def test_rotations_and_a_revocation_at_once_leave_no_secret(self) -> None:
        for number in range(5):
            key, first = make_key(f"key {number}")

            def once(key: ApiKey = key) -> str | None:
                try:
                    return rotate(key)
                except (KeyChangedError, KeyNotFoundError):
                    return None

            with ThreadPoolExecutor(3) as pool:
                rotations = [pool.submit(once) for _ in range(2)]
                pool.submit(keys.revoke_key, key.id, ACTOR).result()
            keys.remembered_keys.clear()
            assert not any(works(token) for token in (first, *(done.result() for done in rotations)) if token)

    def test_a_key_of_an_earlier_version(self) -> None:
        """Written without any attribute that this version added."""
        key, first = make_key()
        [item] = [row for row in read_table(AccessItem) if row["key"]["S"] == f"api-key#{key.id}"]
        assert item.keys() == {"key", "kind", "name", "scope", "secretHash", "createdAt", "createdBy"}
        assert works(first)
        assert works(rotate(key))
        assert works(first)


class TestPages:
    def test_the_new_secret_is_shown_once(
        self, admin: Client, api: APIClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        key, first = make_key(valid_for=timedelta(days=90))
        form = rotation_form(admin, key)
        page = admin.get(f"{KEYS}{key.id}/rotate/").content.decode()
        assert re.findall(r'<option value="(\d*)" selected', page) == ["1", "90"]
        response = admin.post(f"{KEYS}{key.id}/rotate/", {**form, "keep_current": "7"})
        assert (response.status_code, response["Cache-Control"]) == (200, "private, no-store")
        second = shown_token(response)
        assert "Key shop rotated" in text(response)
        assert "The former secret works until" in text(response)
        assert second.split("_")[2] not in f"{read_table(AccessItem)}{caplog.text}{admin.get(KEYS).content!r}"
        assert (status(api, first), status(api, second)) == (200, 200)
        page = text(admin.get(KEYS))
        assert "Former secret works until" in page
        again = text(admin.get(f"{KEYS}{key.id}/rotate/"))
        assert "Two secrets of this key work" in again
        assert "At once, but the former secret keeps working" in again

    def test_a_form_sent_twice_shows_the_same_secret(self, admin: Client) -> None:
        key, first = make_key()
        form = rotation_form(admin, key)
        clients = [admin, client_of(people.get_staff("ada"))]
        with ThreadPoolExecutor(2) as pool:
            sent = pool.map(lambda client: client.post(f"{KEYS}{key.id}/rotate/", form), clients)
        [second] = {shown_token(response) for response in sent}
        assert [works(first), works(second)] == [True, True]

    def test_of_two_admins_only_the_first_rotates(self, admin: Client) -> None:
        key, first = make_key()
        make_staff("eve", "admin")
        eve = client_of(people.get_staff("eve"))
        forms = [rotation_form(client, key) for client in (admin, eve)]
        second = shown_token(admin.post(f"{KEYS}{key.id}/rotate/", forms[0]))
        late = eve.post(f"{KEYS}{key.id}/rotate/", forms[1])
        assert late.status_code == 409
        assert "Someone else rotated this key after you opened this page" in text(late)
        assert [works(first), works(second)] == [True, True]
        third = shown_token(eve.post(f"{KEYS}{key.id}/rotate/", {**forms[1], **fields(late)}))
        assert [works(first), works(second), works(third)] == [False, True, True]

    def test_a_lost_secret_can_be_replaced_while_the_former_one_works(self, admin: Client) -> None:
        key, first = make_key()
        path = f"{KEYS}{key.id}/rotate/"
        refused = admin.post(path, {**rotation_form(admin, key), "keep_current": "former"})
        assert "Select a valid choice" in text(refused)
        lost = rotate(key, WEEK)
        until = keys.get_key(key.id).former_until
        found = shown_token(admin.post(path, {**rotation_form(admin, key), "keep_current": "former"}))
        assert [works(first), works(lost), works(found)] == [True, False, True]
        assert keys.get_key(key.id).former_until == until

    @pytest.mark.parametrize("typed", [{"keep_current": ""}, {"keep_current": "30"}, {"lifetime": "x"}])
    def test_invalid_input_changes_nothing(self, admin: Client, typed: dict[str, str]) -> None:
        key, first = make_key()
        response = admin.post(f"{KEYS}{key.id}/rotate/", {**rotation_form(admin, key), **typed})
        assert response.status_code == 200
        assert re.search("This field is required|Select a valid choice", text(response))
        assert keys.get_key(key.id).rotated_at is None
        assert works(first)

    def test_unknown_and_revoked_keys_return_404(self, admin: Client) -> None:
        key, _ = make_key()
        form = rotation_form(admin, key)
        keys.revoke_key(key.id, ACTOR)
        for key_id in (key.id, "0" * 12, "nothing"):
            assert admin.get(f"{KEYS}{key_id}/rotate/").status_code == 404
            assert admin.post(f"{KEYS}{key_id}/rotate/", form).status_code == 404

    def test_an_expired_key_says_so(self, admin: Client) -> None:
        key, _ = make_key(valid_for=timedelta(microseconds=1))
        assert "Expired" in text(admin.get(KEYS))
        page = text(admin.get(f"{KEYS}{key.id}/rotate/"))
        assert "The current secret expired today" in page
        assert "After 24 hours" not in page
        assert shown_token(admin.post(f"{KEYS}{key.id}/rotate/", rotation_form(admin, key)))

    def test_the_notice_of_keys_that_expire(self, admin: Client) -> None:
        make_key("one", timedelta(days=13))
        assert "1 key will expire within 14 days. Rotate it in time" in text(admin.get(KEYS))
        make_key("two", timedelta(days=3))
        page = admin.get(KEYS)
        assert "2 keys will expire within 14 days. Rotate each in time" in text(page)
        assert re.findall(r'alert-link"[^>]*>(\w+)<', page.content.decode()) == ["two", "one"]

    def test_the_activity_of_accounts_shows_rotation_and_expiry(self, admin: Client) -> None:
        key, _ = make_key("shop", timedelta(days=30))
        rotate(key, DAY, timedelta(days=90))
        rotate(key, timedelta(0))
        told = text(admin.get("/staff/security/")).replace(" ,", ",").replace(" ;", ";")
        assert "created the API key shop (read and write), which expires " in told
        assert "rotated the API key shop, which expires " in told
        assert "rotated the API key shop; its former secret works until today " in told

    def test_the_address_of_the_last_use_is_shown(self, admin: Client, api: APIClient) -> None:
        key, token = make_key()
        api.get("/events", headers={"Authorization": f"Bearer {token}"}, REMOTE_ADDR="192.0.2.7")
        for path in (KEYS, f"{KEYS}{key.id}/revoke/"):
            assert "from 192.0.2.7" in text(admin.get(path))
        assert "the latest use can be up to an hour later than shown" in text(admin.get(KEYS))
