"""The idle and the absolute timeout of sessions, and how use is recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.exceptions import SessionInterrupted
from django.test import Client, RequestFactory, override_settings

from events.storage import sessions as session_repository
from events.storage.connection import connection
from events.storage.models import AccessItem
from eventsite.accounts import people
from eventsite.accounts.roles import find_staff
from eventsite.accounts.sessions import SessionStore
from tests.support.builders import ACTOR, make_staff
from tests.support.clients import client_of
from tests.support.fault_proxy import FaultProxy
from tests.support.session_clock import SessionClock
from tests.support.sign_in import ACCOUNT, LOGIN, browser, is_in, move_end, rows, sign_in

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
IDLE, ABSOLUTE = 7 * DAY, 30 * DAY


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SessionClock:
    return SessionClock(monkeypatch)


@pytest.fixture
def client(clock: SessionClock) -> Client:
    make_staff("anna")
    client = browser()
    assert sign_in(client).status_code == 302
    return client


def key_of(client: Client) -> str:
    return client.cookies[django_settings.SESSION_COOKIE_NAME].value


def same_browser(client: Client) -> Client:
    other = browser()
    other.cookies[django_settings.SESSION_COOKIE_NAME] = key_of(client)
    return other


def end_of(row: dict[str, Any]) -> float:
    return float(row["expiresAt"]["N"])


class TestTimeouts:
    @pytest.mark.parametrize(("left", "open_"), [(SECOND, True), (timedelta(0), False)])
    def test_a_session_ends_without_use(
        self, client: Client, clock: SessionClock, left: timedelta, open_: bool
    ) -> None:
        clock.move(IDLE - left)
        assert is_in(client) is open_

    @pytest.mark.parametrize(("left", "open_"), [(SECOND, True), (timedelta(0), False)])
    def test_use_extends_the_idle_timeout_only(
        self, client: Client, clock: SessionClock, left: timedelta, open_: bool
    ) -> None:
        signed_in = clock.at
        for _ in range(4):
            clock.move(IDLE - SECOND)
            assert is_in(client)
            [row] = rows("session")
            assert end_of(row) == pytest.approx(min(clock.at + IDLE, signed_in + ABSOLUTE).timestamp(), abs=1)
        clock.at = signed_in + ABSOLUTE - left
        assert is_in(client) is open_

    def test_saved_data_does_not_extend_the_absolute_timeout(self, client: Client, clock: SessionClock) -> None:
        signed_in = clock.at
        clock.move(6 * DAY)
        assert is_in(client)
        for days in (12, 18, 24, 29):
            clock.at = signed_in + days * DAY
            session = SessionStore(key_of(client))
            session["draft"] = days
            session.save()
        [row] = rows("session")
        assert end_of(row) == pytest.approx((signed_in + ABSOLUTE).timestamp(), abs=1)

    def test_shorter_timeouts_end_stored_sessions(self, client: Client, clock: SessionClock) -> None:
        clock.move(2 * DAY)
        with override_settings(EVENTS_SESSION_IDLE_DAYS=2):
            assert not is_in(same_browser(client))
        assert is_in(same_browser(client))  # records the use
        with override_settings(EVENTS_SESSION_IDLE_DAYS=2, EVENTS_SESSION_DAYS=2):
            assert not is_in(same_browser(client))

    def test_another_sign_in_begins_a_new_session(self, client: Client, clock: SessionClock) -> None:
        clock.move(3 * DAY)
        sign_in(client)
        clock.move(IDLE - SECOND)
        assert is_in(client)

    def test_the_cookie_lasts_until_the_absolute_end(self, client: Client, clock: SessionClock) -> None:
        assert client.cookies[django_settings.SESSION_COOKIE_NAME]["max-age"] == ABSOLUTE.total_seconds()
        clock.move(DAY)
        assert django_settings.SESSION_COOKIE_NAME not in client.get(ACCOUNT).cookies
        assert SessionStore(key_of(client)).get_expiry_age() == (ABSOLUTE - DAY).total_seconds()

    @pytest.mark.parametrize("past", [IDLE, ABSOLUTE])
    def test_a_page_of_an_error_does_not_show_the_menu_after_the_end(
        self, client: Client, clock: SessionClock, past: timedelta
    ) -> None:
        assert "My account" in client.get("/staff/nothing/").content.decode()
        clock.move(past)
        assert "My account" not in same_browser(client).get("/staff/nothing/").content.decode()
        request = RequestFactory().get("/staff/nothing/")
        request.COOKIES[django_settings.SESSION_COOKIE_NAME] = key_of(client)
        assert find_staff(request, may_read=True) is None

    def test_a_session_before_sign_in_is_not_extended(self, clock: SessionClock) -> None:
        session = SessionStore()
        session["x"] = 1
        session.save()
        clock.move(6 * DAY)
        same = SessionStore(session.session_key)
        same["x"] = 2
        same.save()
        clock.move(DAY)
        assert SessionStore(session.session_key).get("x") is None
        [row] = rows("session")
        assert "kind" not in row


class TestEarlierVersions:
    """Their sessions have neither the time of the sign-in nor of the last use."""

    @pytest.fixture
    def client(self) -> Client:
        client = Client(headers={"Accept": "text/html"})
        client.force_login(make_staff("anna"))
        [row] = rows("session")
        earlier = {name: row[name] for name in ("key", "data", "expiresAt")}
        connection().put_item(AccessItem.Meta.table_name, row["key"]["S"], attributes=earlier)
        return client

    def test_they_work_until_their_stored_end(self, client: Client, clock: SessionClock) -> None:
        [before] = rows("session")
        assert is_in(client)
        [row] = rows("session")
        assert (row["kind"]["S"], row["expiresAt"]) == ("session#anna", before["expiresAt"])
        clock.move(IDLE - 2 * SECOND)
        assert is_in(client)
        clock.move(2 * SECOND)
        assert not is_in(client)

    def test_a_new_password_does_not_extend_them(self, client: Client) -> None:
        move_end("session", DAY)
        [before] = rows("session")
        session = SessionStore(key_of(client))
        assert "_auth_user_id" in session
        session.cycle_key()
        session.save()
        [row] = rows("session")
        assert (row["key"] == before["key"], row["expiresAt"]) == (False, before["expiresAt"])


class TestUse:
    def test_use_is_recorded_once_an_hour(self, client: Client, clock: SessionClock, faults: FaultProxy) -> None:
        for time, writes in ((HOUR - SECOND, 0), (SECOND, 1), (timedelta(0), 0), (HOUR - SECOND, 0), (SECOND, 1)):
            clock.move(time)
            faults.set(None)
            assert is_in(client)
            assert faults.calls.count("UpdateItem") == writes
            assert faults.calls[0] == "BatchGetItem"  # the session with the account

    def test_recording_use_keeps_what_another_tab_changes(
        self, client: Client, clock: SessionClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock.move(HOUR)
        real, key = session_repository.renew_session, key_of(client)

        def after_a_change(*args: Any) -> bool:
            other = SessionStore(key)
            other["authenticated_at"] = "changed"
            other.save()
            return real(*args)

        monkeypatch.setattr(session_repository, "renew_session", after_a_change)
        assert is_in(client)
        assert SessionStore(key)["authenticated_at"] == "changed"

    def test_recording_use_does_not_restore_a_session(
        self, client: Client, clock: SessionClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock.move(HOUR)
        real = session_repository.renew_session

        def after_the_end(*args: Any) -> bool:
            session_repository.delete_session(key_of(client))
            return real(*args)

        monkeypatch.setattr(session_repository, "renew_session", after_the_end)
        response = client.get(ACCOUNT)
        assert (response.status_code, response["Location"]) == (302, f"{LOGIN}?next={ACCOUNT}")
        assert rows("session") == []

    def test_visitors_of_other_pages_are_not_recorded(self, clock: SessionClock, faults: FaultProxy) -> None:
        client = browser()
        client.get(LOGIN)
        clock.move(HOUR)
        faults.set(None)
        client.get(LOGIN)
        assert "UpdateItem" not in faults.calls


class TestNewKey:
    def test_an_ended_session_does_not_come_back_under_another_key(self, client: Client) -> None:
        session = SessionStore(key_of(client))
        assert session["method"] == "password"
        session_repository.delete_session(key_of(client))
        with pytest.raises(SessionInterrupted):
            session.cycle_key()
        assert rows("session") == []

    def test_a_password_change_in_an_ended_session_signs_out(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def ended_meanwhile(*args: Any) -> None:
            session_repository.delete_session(key_of(client))

        monkeypatch.setattr("django.contrib.auth.password_validation.validate_password", ended_meanwhile)
        new = "another battery horse"
        form = {"old_password": "correct horse battery", "new_password1": new, "new_password2": new}
        assert client.post("/staff/account/password/", form).status_code == 400
        assert rows("session") == []
        assert people.get_staff("anna").check_password(new)


def test_a_sign_in_is_described(clock: SessionClock) -> None:
    make_staff("anna")
    client = browser("192.0.2.5")
    firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
    client.post(LOGIN, {"username": "anna", "password": "correct horse battery"}, headers={"User-Agent": firefox})
    values = dict(SessionStore(key_of(client)).items())
    assert {name: values[name] for name in ("signed_in_at", "authenticated_at", "method", "address", "device")} == {
        "signed_in_at": clock.at.isoformat(),
        "authenticated_at": clock.at.isoformat(),
        "method": "password",
        "address": "192.0.2.5",
        "device": "Firefox on Windows",
    }
    [row] = rows("session")
    assert row["kind"]["S"] == "session#anna"
    assert abs(end_of(row) - (datetime.now(UTC) + IDLE).timestamp()) < 60


def test_deactivation_ends_a_session_of_an_earlier_version() -> None:
    client = Client(headers={"Accept": "text/html"})
    client.force_login(make_staff("anna"))
    people.deactivate("anna", ACTOR)
    assert not is_in(client)
    assert is_in(client_of(make_staff("ben")))
