"""The page of the security log: each entry's sentence, the filters, and the export."""

from __future__ import annotations

import csv
import logging
from datetime import timedelta
from io import StringIO
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client

from events.domain import Actor
from eventsite.accounts import keys, people, security_log
from eventsite.accounts.domain import AccountAction, Role, Rotation, Scope
from eventsite.accounts.security_events import KINDS
from tests.support.builders import day, make_staff
from tests.support.page_reader import links, text

ADDRESS = "/staff/security/"
EXPORT = "/staff/security/export/"

# What the page says about each event that is no change of this version.
SENTENCES: dict[tuple[AccountAction, str, str, str], str] = {
    ("signed-in", "eva", "", "password"): "eva signed in with a password",
    ("signed-in", "eva", "", "one-time-password"): "eva signed in with a one-time password",
    ("signed-in", "eva", "", "passkey"): "eva signed in with a passkey",
    ("signed-in", "eva", "", "totp"): "eva signed in with an authenticator app",
    ("signed-in", "eva", "", "recovery-code"): "eva signed in with a recovery code",
    ("signed-out", "eva", "", ""): "eva signed out",
    ("signed-out-everywhere", "ada", "eva", ""): "ada signed out eva everywhere",
    ("signed-out-everywhere", "eva", "eva", "else"): "eva signed out everywhere else",
    ("session-ended", "eva", "eva", ""): "eva ended a session",
    ("session-ended", "eva", "eva", "Firefox on Linux"): "eva ended a session (Firefox on Linux)",
    ("session-ended", "ada", "eva", ""): "ada ended a session of eva",
    ("sign-in-failed", "", "eva", ""): "Failed Sign-in as eva : wrong password",
    ("sign-in-failed", "", "eva", "deactivated"): "Failed Sign-in as eva : the account is deactivated",
    ("sign-in-failed", "", "eva", "expired"): "Failed Sign-in as eva : the one-time password has expired",
    ("sign-in-failed", "", "", ""): "Failed Sign-in with an unknown account",
    ("sign-in-failed", "", "", "passkey"): "Failed Sign-in with an unknown account: the passkey was refused",
    ("second-step-failed", "", "eva", "totp"): "Failed Second step as eva",
    ("password-refused", "eva", "", ""): "Failed eva typed a wrong current password",
    ("locked-out", "", "eva", ""): "Refused Sign-in as eva : too many attempts",
    ("access-refused", "eva", "", "/staff/keys/"): "Refused eva opened /staff/keys/ , which their role does not allow",
    ("feed-renewed", "eva", "eva", ""): "eva created an address of their calendar feed",
    ("feed-ended", "ada", "eva", ""): "ada turned off the calendar feed of eva",
    ("factor-added", "eva", "eva", "totp"): "eva added an authenticator app for two-step sign-in",
    ("factor-removed", "ada", "eva", "passkey"): "ada removed a passkey for two-step sign-in of eva",
    ("factors-reset", "ada", "eva", ""): "ada removed the two-step sign-in of eva",
    ("recovery-codes-made", "eva", "eva", ""): "eva created new recovery codes",
    ("events-exported", "eva", "", "1 csv"): "eva exported 1 event (CSV)",
    ("events-exported", "eva", "", "1200 xlsx"): "eva exported 1,200 events (Excel)",
    ("log-exported", "ada", "", "1"): "ada exported 1 entry of this log",
    ("log-exported", "ada", "", "20"): "ada exported 20 entries of this log",
}


@pytest.mark.parametrize(("entry", "sentence"), SENTENCES.items())
def test_each_entry_has_a_sentence(admin: Client, entry: tuple[AccountAction, str, str, str], sentence: str) -> None:
    action, actor, whom, detail = entry
    security_log.record(action, actor, whom, detail)
    assert f"{sentence} today" in text(admin.get(ADDRESS))


def test_each_change_has_a_sentence(admin: Client) -> None:
    eva = make_staff("eva", "viewer")
    people.change_role("eva", Role.EDITOR, Actor("ada"))
    people.deactivate("eva", Actor("ada"))
    people.reactivate("eva", Actor("ada"))
    people.reset_password("eva", Actor("ada"))
    people.set_password("eva", "x", Actor("manage.py"))
    people.set_password("eva", "x", Actor("eva"))
    people.sign_out_everywhere(people.get_staff(eva.username))
    key, _ = keys.create_key("<Website>", Scope.WRITE, Actor("ada"))
    keys.create_key("Poster", Scope.READ, Actor("ada"))
    keys.rotate_key(key.id, Actor("ada"), Rotation(timedelta(0), timedelta(days=30)))
    keys.revoke_key(key.id, Actor("ada"))
    said = text(admin.get(ADDRESS))
    for sentence in (
        "tester added eva as viewer",
        "ada gave eva the role editor",
        "ada deactivated eva",
        "ada reactivated eva",
        "ada reset the password of eva",
        "manage.py set the password of eva",
        "eva changed their password",
        "eva signed out everywhere",
        "ada created the API key <Website> (read and write)",
        "ada created the API key Poster (read only)",
        "ada rotated the API key <Website> , which expires ",
        "ada revoked the API key <Website>",
    ):
        assert sentence in said


def test_every_action_has_a_sentence() -> None:
    with_rows = {"added", "role-changed", "deactivated", "reactivated", "password-set", "password-reset"}
    with_rows |= {"key-created", "key-rotated", "key-revoked"}
    assert with_rows | {action for action, *_ in SENTENCES} == KINDS.keys() - {"key-refused"}


def test_an_entry_says_from_where(admin: Client) -> None:
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile Safari/604.1"
    made = admin.post(
        "/staff/people/new/",
        {"username": "eva", "role": "viewer"},
        headers={"User-Agent": agent},
        REMOTE_ADDR="2001:db8::7",
    )
    said = text(admin.get(ADDRESS))
    assert f"2001:db8::7 · Safari on iPhone · Request {made['X-Request-Id']}" in said


@pytest.mark.parametrize("address", [ADDRESS, EXPORT])
def test_only_admins_see_it(viewer: Client, editor: Client, address: str) -> None:
    for client in (viewer, editor):
        response = client.get(address)
        assert response.status_code == 403
        assert "tester added" not in text(response)
        assert "Security log" not in links(client.get("/staff/"))


def test_the_menu_leads_there(admin: Client) -> None:
    assert links(admin.get("/staff/"))["Security log"] == ADDRESS
    assert admin.get("/staff/activity/accounts/").status_code == 404


class TestFilter:
    def test_by_person_and_date(self, admin: Client) -> None:
        make_staff("eva", "viewer")
        people.deactivate("eva", Actor("ada"))
        assert "ada deactivated eva" in text(admin.get(ADDRESS, {"person": "Eva"}))
        assert "added ada" not in text(admin.get(ADDRESS, {"person": "eva"}))
        assert "No entries match" in text(admin.get(ADDRESS, {"person": "nobody"}))
        assert "No entries match" in text(admin.get(ADDRESS, {"first": day(1)}))
        assert "No entries match" in text(admin.get(ADDRESS, {"last": day(-1)}))
        assert "added ada" in text(admin.get(ADDRESS, {"first": day(0), "last": day(0)}))
        assert "added ada" in text(admin.get(ADDRESS, {"first": "nonsense"}))

    def test_by_kind(self, admin: Client) -> None:
        security_log.record("signed-in", "eva", detail="password")
        security_log.record("sign-in-failed", whom="eva")
        keys.create_key("Website", Scope.READ, Actor("ada"))
        security_log.record("events-exported", "eva", detail="5 csv")
        shown = {
            "sign-ins": "signed in with",
            "failures": "wrong password",
            "accounts": "tester added",
            "keys": "created the API key",
            "exports": "exported 5 events",
        }
        for kind in shown:
            said = text(admin.get(ADDRESS, {"action": kind}))
            assert {name for name, sentence in shown.items() if sentence in said} == {kind}
        assert "No entries match" in text(admin.get(ADDRESS, {"action": "second-step"}))
        assert "wrong password" in text(admin.get(ADDRESS, {"action": "keys-and-more"}))  # not a choice: no filter
        both = text(admin.get(ADDRESS, {"action": "sign-ins", "person": "eva"}))
        assert "signed in with" in both
        assert "tester added" not in both

    def test_pages_and_invalid_cursors(self, admin: Client) -> None:
        for number in range(60):
            security_log.record("signed-in", f"p{number}", detail="password")
        first = admin.get(ADDRESS, {"action": "sign-ins"})
        older = admin.get(ADDRESS + links(first)["Older"])
        assert "p10 signed in" in text(first)
        assert "p9 signed in" in text(older)
        assert "p10 signed in" not in text(older)
        assert links(older)["Latest"] == "?action=sign-ins"
        assert admin.get(ADDRESS, {"before": "\ud7ff"}).status_code == 200

    def test_a_key_with_any_name(self, admin: Client) -> None:
        for number in range(51):
            security_log.record("key-created", "ada", f"a#b/c {number}", "read")
        page = admin.get(ADDRESS, {"person": "API key a#b/c 0"})
        assert "created the API key a#b/c 0 (read only)" in text(page)
        older = admin.get(ADDRESS + links(admin.get(ADDRESS, {"action": "keys"}))["Older"])
        assert "created the API key a#b/c 0 (read only)" in text(older)


class TestExport:
    def rows(self, client: Client, **query: str) -> list[list[str]]:
        response: Any = client.get(EXPORT, query)
        assert response.status_code == 200
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert response["Content-Disposition"].startswith('attachment; filename="security-log-')
        return list(csv.reader(StringIO(response.content.decode("utf-8-sig"))))

    def test_the_columns(self, admin: Client) -> None:
        made = admin.post("/staff/people/new/", {"username": "eva", "role": "viewer"}, REMOTE_ADDR="192.0.2.1")
        names, row, *_ = self.rows(admin)
        assert names == ["time", "event", "who", "about", "detail", "expires", "address", "device", "request ID"]
        assert row[1:] == ["account.added", "ada", "eva", "viewer", "", "192.0.2.1", "", made["X-Request-Id"]]
        assert row[0].endswith("Z")

    def test_it_has_what_the_filter_shows_and_is_recorded(self, admin: Client) -> None:
        for number in range(120):
            security_log.record("signed-in", f"p{number}", detail="password")
        assert len(self.rows(admin, action="sign-ins")) == 121
        assert len(self.rows(admin, person="p7")) == 2
        assert len(self.rows(admin, person="nobody")) == 1
        found = [row.detail for row in security_log.list_changes().changes if row.action == "log-exported"]
        assert found == ["0", "1", "120"]
        assert links(admin.get(ADDRESS, {"person": "p7"}))["Export CSV"] == f"{EXPORT}?person=p7"

    def test_formulas_are_marked_as_text(self, admin: Client) -> None:
        security_log.record("key-created", "ada", "=1+1", "read")
        assert self.rows(admin)[1][3] == "'=1+1"

    def test_it_says_if_there_are_more(self, admin: Client) -> None:
        for number in range(5):
            security_log.record("signed-in", f"p{number}", detail="password")
        with patch.object(security_log, "MAX_EXPORTED", 3):
            rows = self.rows(admin, action="sign-ins")
        assert [row[2] for row in rows[1:4]] == ["p4", "p3", "p2"]
        assert rows[4] == ["This file ends here: it has the latest 3 entries. For others, choose dates."]
        assert len(rows) == 5


def test_texts_of_the_page_are_not_formulas_of_the_log(admin: Client, caplog: pytest.LogCaptureFixture) -> None:
    """A name cannot start a second log line, nor add a field to one."""
    with caplog.at_level(logging.INFO):
        admin.post("/staff/keys/new/", {"name": 'x" event="signin.succeeded', "scope": "read"})
    assert r'whom="x\" event=\"signin.succeeded"' in caplog.text
