"""What requests add to the security log: their address and device, a limited number of rows, and a log line each."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client

from events.domain import StorageError
from events.storage.models import AccessItem
from eventsite.accounts import keys, people, security_log
from eventsite.accounts.domain import LogFilter, Role, Scope
from eventsite.accounts.errors import LastAdminError
from eventsite.accounts.security_events import actions_of
from eventsite.accounts.security_log import list_changes
from tests.support.builders import ACTOR, make_staff, store_titled
from tests.support.fault_proxy import FAIL, FaultProxy
from tests.support.security_log import ADA, named, told
from tests.support.sign_in import browser, rows, sign_in
from tests.support.tables import read_table


class TestRequests:
    """Who, from where, with what: taken from the request."""

    FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"

    def client(self) -> Client:
        return Client(headers={"Accept": "text/html", "User-Agent": self.FIREFOX}, REMOTE_ADDR="192.0.2.9")

    def test_a_sign_in_and_a_sign_out(self) -> None:
        make_staff("eva", "viewer")
        client = self.client()
        signed_in = sign_in(client, "eva")
        signed_out = client.post("/staff/logout/")
        found = list_changes().changes[1::-1]
        assert [(row.action, row.actor, row.detail) for row in found] == [
            ("signed-in", "eva", "password"),
            ("signed-out", "eva", ""),
        ]
        assert [row.request_id for row in found] == [each["X-Request-Id"] for each in (signed_in, signed_out)]
        assert {(row.address, row.device) for row in found} == {("192.0.2.9", "Firefox on Windows")}

    def test_a_one_time_password(self) -> None:
        password = people.add_person("eva", Role.VIEWER, ACTOR)
        sign_in(self.client(), "eva", password)
        assert told()[-1] == "eva signed-in one-time-password"

    def test_failures(self) -> None:
        make_staff("eva", "viewer")
        make_staff("gone", "viewer")
        people.deactivate("gone", ADA)
        for username in ("eva", "gone", "hunter2-typed-here"):
            sign_in(self.client(), username, "wrong")
        found = list_changes(LogFilter(actions=actions_of("failures"))).changes
        told = sorted((row.action, row.actor, row.whom, row.detail) for row in found)
        assert told == [
            ("sign-in-failed", "", "", ""),
            ("sign-in-failed", "", "eva", ""),
            ("sign-in-failed", "", "gone", "deactivated"),
        ]
        assert {(row.address, row.device) for row in found} == {("192.0.2.9", "Firefox on Windows")}

    def test_a_wrong_current_password(self) -> None:
        make_staff("eva", "viewer")
        client = self.client()
        sign_in(client, "eva")
        client.post("/staff/account/password/", {"old_password": "x", "new_password1": "y", "new_password2": "y"})
        assert told()[-1] == "eva password-refused"

    def test_a_lockout_has_one_row_a_minute(self) -> None:
        make_staff("eva", "viewer")
        with patch.object(security_log, "now", return_value="2026-11-26T10:00:30.000000Z"):
            for _ in range(9):
                sign_in(self.client(), "eva", "wrong")
        assert [row.action for row in list_changes(named("eva")).changes].count("locked-out") == 1
        assert [row.action for row in list_changes(named("eva")).changes].count("sign-in-failed") == 5

    def test_refused_pages_have_one_row_a_minute_each(self, viewer: Client) -> None:
        with patch.object(security_log, "now", return_value="2026-11-26T10:00:30.000000Z"):
            for path in ("people/", "keys/", "people/", "people/eva/deactivate/", "people/ben/deactivate/"):
                assert viewer.get(f"/staff/{path}").status_code == 403
        assert sorted(told()) == [
            "tester added vera viewer",
            "vera access-refused /staff/keys/",
            "vera access-refused /staff/people/",
            "vera access-refused /staff/people/…/deactivate/",
        ]

    def test_a_renewed_feed(self, viewer: Client) -> None:
        viewer.post("/staff/account/feed/")
        assert told()[-1] == "vera feed-renewed vera"

    @pytest.mark.parametrize("form", ["csv", "xlsx"])
    def test_an_export_with_its_rows(self, viewer: Client, form: str) -> None:
        for number in range(3):
            store_titled(f"e{number}")
        response: Any = viewer.get("/staff/export/", {"format": form})
        b"".join(response)
        assert told()[-1] == f"vera events-exported 3 {form}"

    def test_an_export_that_the_client_stops(self, viewer: Client) -> None:
        for number in range(3):
            store_titled(f"e{number}")
        response: Any = viewer.get("/staff/export/")
        next(response.streaming_content)
        response.close()
        assert told()[-1].startswith("vera events-exported ")

    def test_an_export_that_excel_cannot_hold(self, viewer: Client) -> None:
        store_titled("e1", description="x" * 40_000)
        response: Any = viewer.get("/staff/export/", {"format": "xlsx"})
        assert response.status_code == 422
        assert told()[-1] == "vera events-exported 0 xlsx"  # in this request, not with a later garbage collection

    def test_a_change_has_them_too(self, admin: Client) -> None:
        response = admin.post("/staff/people/new/", {"username": "eva", "role": "viewer"}, REMOTE_ADDR="2001:db8::7")
        [row] = list_changes(named("eva")).changes
        assert (row.actor, row.action, row.address) == ("ada", "added", "2001:db8::7")
        assert row.request_id == response["X-Request-Id"]


class TestStrangers:
    """What people without an account can add to the table."""

    def test_unknown_names_are_stored_nowhere(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO):
            for _ in range(7):
                sign_in(browser(), "hunter2-typed-here", "typed-secret")
        for secret in ("hunter2", "typed-secret"):
            assert secret not in str(read_table(AccessItem))
            assert secret not in caplog.text

    def test_they_add_a_limited_number_of_rows_a_minute(self, caplog: pytest.LogCaptureFixture) -> None:
        with (
            caplog.at_level(logging.INFO),
            patch.object(security_log, "now", return_value="2026-11-26T10:00:30.000000Z"),
        ):
            for number in range(60):
                sign_in(browser(f"198.51.100.{number}"), f"unknown {number}", "wrong")
        assert 8 < len(rows("account-change")) <= 16
        assert caplog.text.count('event="signin.failed"') == 60
        page = list_changes().changes
        assert {(row.at, row.action, row.whom) for row in page} == {
            ("2026-11-26T10:00:30.000000Z", "sign-in-failed", "")
        }

    def test_one_address_adds_one_row_a_minute(self) -> None:
        with patch.object(security_log, "now", return_value="2026-11-26T10:00:30.000000Z"):
            for number in range(5):
                sign_in(browser(), f"unknown {number}", "wrong")
        assert len(rows("account-change")) == 1

    def test_wrong_keys_have_only_lines(self, api: Any, caplog: pytest.LogCaptureFixture) -> None:
        _, token = keys.create_key("Website", Scope.READ, ADA)
        before = rows("account-change")
        caplog.clear()
        with caplog.at_level(logging.INFO, "eventsite.security"):
            api.get("/events", headers={"Authorization": f"Bearer {token[:-1]}x"})
            api.get("/events", headers={"Authorization": "Basic eDp5"})
            api.post("/events", {}, headers={"Authorization": f"Bearer {token}"})
        assert rows("account-change") == before
        assert [record.getMessage() for record in caplog.records] == [
            'event="key.refused" detail="invalid" address="127.0.0.1"',
            'event="key.refused" detail="malformed" address="127.0.0.1"',
            'event="key.refused" actor="key:Website" detail="read-only" address="127.0.0.1"',
        ]


class TestFailedWrites:
    def test_no_sign_in_without_its_row(self, faults: FaultProxy) -> None:
        make_staff("eva", "viewer")
        client = browser()
        client.raise_request_exception = False
        faults.set(FAIL, "PutItem")
        response = sign_in(client, "eva")
        assert response.status_code == 500
        assert "The database is not responding." in response.content.decode()
        faults.set(None)
        assert client.get("/staff/account/").status_code == 302
        assert rows("session") == []
        assert told() == ["tester added eva viewer"]

    def test_signing_out_works_all_the_same(self, faults: FaultProxy) -> None:
        make_staff("eva", "viewer")
        client = browser()
        client.raise_request_exception = False
        sign_in(client, "eva")
        faults.set(FAIL, "PutItem")
        assert client.post("/staff/logout/").status_code == 500
        faults.set(None)
        assert client.get("/staff/account/").status_code == 302

    def test_a_change_that_is_refused_has_no_line(self, caplog: pytest.LogCaptureFixture) -> None:
        make_staff("ada", "admin")
        with caplog.at_level(logging.INFO), pytest.raises(LastAdminError):
            people.deactivate("ada", ADA)
        assert "account.deactivated" not in caplog.text

    def test_a_line_follows_its_transaction_once(self, caplog: pytest.LogCaptureFixture, faults: FaultProxy) -> None:
        make_staff("eva", "viewer")
        with caplog.at_level(logging.INFO):
            faults.set(FAIL, "TransactWriteItems")
            with pytest.raises(StorageError):
                people.change_role("eva", Role.ADMIN, ADA)
            faults.set(None)
            assert "account.role_changed" not in caplog.text
            people.change_role("eva", Role.ADMIN, ADA)
        assert caplog.text.count("account.role_changed") == 1

    def test_two_at_the_same_time_leave_a_row_for_each_change(self) -> None:
        make_staff("ada", "admin")
        make_staff("eva", "viewer")
        roles = [Role.EDITOR, Role.VIEWER, Role.ADMIN] * 2
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda role: people.change_role("eva", role, ADA), roles))
        changed = [row.detail for row in list_changes(named("eva")).changes if row.action == "role-changed"]
        assert changed[0] == people.get_staff("eva").role
        assert all(first != second for first, second in pairwise(changed))
