"""Sessions: how long they last, and what ends them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.test import Client, override_settings

from events.storage.connection import connection
from events.storage.models import AccessItem
from eventsite.accounts import people, sessions
from eventsite.accounts.domain import Role
from eventsite.accounts.sessions import SessionStore
from tests.support.builders import ACTOR, PASSWORD, make_staff
from tests.support.clients import client_of
from tests.support.fault_proxy import FaultProxy
from tests.support.sign_in import ACCOUNT, LOGIN, browser, is_in, move_end, rows, sign_in


class TestSessions:
    def test_a_copied_cookie_does_not_work_after_sign_out(self) -> None:
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

    def test_signing_out_needs_a_post(self) -> None:
        client = client_of(make_staff("anna"))
        assert client.get("/staff/logout/").status_code == 405
        assert is_in(client)

    def test_the_table_does_not_contain_the_cookie(self) -> None:
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

    def test_an_expired_session_ends_even_if_its_row_still_exists(self) -> None:
        client = client_of(make_staff("anna"))
        move_end("session", timedelta(seconds=-1))
        assert not is_in(client)

    def test_the_cookie_is_http_only_and_same_site(self) -> None:
        make_staff("anna")
        client = browser()
        sign_in(client)
        cookie = client.cookies[django_settings.SESSION_COOKIE_NAME]
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")

    def test_a_deleted_session_cannot_be_saved(self) -> None:
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

    def test_a_session_key_is_unique(self) -> None:
        session = SessionStore()
        session.save()
        with pytest.raises(CreateError):
            SessionStore(session.session_key).save(must_create=True)

    @pytest.mark.parametrize("path", ["/staff/logout/", "/staff/account/sign-out-everywhere/"])
    def test_the_end_of_a_session_clears_what_the_browser_stores(self, path: str) -> None:
        """But not its cookies, because the theme is one of them."""
        assert client_of(make_staff("anna")).post(path)["Clear-Site-Data"] == '"storage"'

    def test_an_unknown_session_key_is_replaced(self) -> None:
        session = SessionStore("chosen-by-someone-else")
        assert session.get("x") is None
        session["x"] = 1
        session.save()
        assert session.session_key != "chosen-by-someone-else"

    def test_a_concurrent_request_does_not_restore_a_session(self, monkeypatch: pytest.MonkeyPatch) -> None:
        client = client_of(make_staff("anna"))
        other = browser()
        other.cookies[django_settings.SESSION_COOKIE_NAME] = client.cookies[django_settings.SESSION_COOKIE_NAME].value
        monkeypatch.setattr(sessions, "RENEWED_EVERY", timedelta(0))
        monkeypatch.setattr("eventsite.accounts.feeds.feed_state", lambda staff: other.post("/staff/logout/") and "x")
        client.get(ACCOUNT)
        assert rows("session") == []
        assert not is_in(client)

    def test_sessions_survive_key_rotation(self) -> None:
        client, other = client_of(make_staff("anna")), client_of(people.get_staff("anna"))
        with override_settings(SECRET_KEY="a new one", SECRET_KEY_FALLBACKS=[django_settings.SECRET_KEY]):
            assert is_in(client)
        with override_settings(SECRET_KEY="a new one"):
            assert is_in(client)
            assert not is_in(other)


class TestEndOfSessions:
    @pytest.fixture
    def client(self) -> Client:
        client = client_of(make_staff("anna"))
        assert is_in(client)
        return client

    def test_deactivation_ends_sessions_for_good(self, client: Client) -> None:
        people.deactivate("anna", ACTOR)
        assert not is_in(client)
        people.reactivate("anna", ACTOR)
        assert not is_in(client)

    def test_a_password_reset_ends_sessions(self, client: Client) -> None:
        people.reset_password("anna", ACTOR)
        assert not is_in(client)

    def test_a_password_change_ends_other_sessions(self, client: Client) -> None:
        elsewhere = client_of(people.get_staff("anna"))
        new = "another battery horse"
        elsewhere.post(
            "/staff/account/password/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
        )
        assert is_in(elsewhere)
        assert not is_in(client)

    def test_signing_out_everywhere_ends_all_sessions(self, client: Client) -> None:
        elsewhere = client_of(people.get_staff("anna"))
        response = elsewhere.post("/staff/account/sign-out-everywhere/")
        assert (response.status_code, response["Location"]) == (302, LOGIN)
        assert "You were signed out everywhere." in elsewhere.get(LOGIN).content.decode()
        assert not is_in(elsewhere)
        assert not is_in(client)
        with override_settings(SECRET_KEY="a new one", SECRET_KEY_FALLBACKS=[django_settings.SECRET_KEY]):
            assert not is_in(client)

    def test_a_lower_role_keeps_the_session_and_applies_at_once(self, client: Client) -> None:
        assert client.get("/staff/events/new/").status_code == 200
        people.change_role("anna", Role.VIEWER, ACTOR)
        assert client.get("/staff/events/new/").status_code == 403
        assert is_in(client)

    def test_a_higher_role_ends_the_session(self, client: Client) -> None:
        people.change_role("anna", Role.ADMIN, ACTOR)
        assert not is_in(client)
        sign_in(client)
        assert client.get("/staff/people/").status_code == 200


class TestAccountReadWithTheSession:
    """After the first request of a session, a process reads the session and its account in one call."""

    def test_the_second_request_of_a_process_saves_a_call(self, faults: FaultProxy) -> None:
        client = client_of(make_staff("anna"))
        sessions._usernames.clear()  # noqa: SLF001  # as in another process
        faults.set(None)
        for calls in (["GetItem", "GetItem"], ["BatchGetItem"]):
            assert is_in(client)
            assert [call for call in faults.calls if call.endswith("GetItem")] == calls
            faults.set(None)

    @pytest.mark.parametrize("field", ["isActive", "password", "epoch"])
    def test_what_another_process_changes_ends_the_session_with_the_next_request(self, field: str) -> None:
        client = client_of(make_staff("anna"))
        assert is_in(client)
        write_account(field, {"BOOL": False} if field == "isActive" else {"S": "another"})
        assert not is_in(client)

    def test_a_role_that_another_process_changes_applies_to_the_next_request(self) -> None:
        client = client_of(make_staff("anna", "admin"))
        assert client.get("/staff/people/").status_code == 200
        write_account("role", {"S": "viewer"})
        assert client.get("/staff/people/").status_code == 403

    @pytest.mark.parametrize("kind", ["session", "staff"])
    def test_a_row_that_another_process_deletes_is_missed_by_the_next_request(self, kind: str) -> None:
        client = client_of(make_staff("anna"))
        assert is_in(client)
        [row] = rows(kind)
        connection().delete_item(AccessItem.Meta.table_name, row["key"]["S"])
        assert not is_in(client)

    def test_a_wrong_hint_never_shows_another_account(self) -> None:
        client = client_of(make_staff("anna"))
        make_staff("ben", "admin")
        for username in ("ben", "nobody"):
            sessions._usernames[str(client.session.session_key)] = username  # noqa: SLF001
            assert client.get("/staff/people/").status_code == 403
            assert "anna" in client.get(ACCOUNT).content.decode()

    def test_only_some_sessions_are_remembered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sessions, "_MOST_REMEMBERED", 2)
        anna = make_staff("anna")
        clients = [client_of(anna) for _ in range(3)]
        assert [is_in(client) for client in clients * 2] == [True] * 6
        assert len(sessions._usernames) <= 2  # noqa: SLF001


def write_account(field: str, value: dict[str, Any]) -> None:
    """Writes as another process would: nothing here learns of it."""
    [row] = rows("staff")
    connection().put_item(AccessItem.Meta.table_name, row["key"]["S"], attributes={**row, field: value})
