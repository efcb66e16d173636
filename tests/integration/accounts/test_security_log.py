"""The security log: each change with its row, listed in pages, kept for a year."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args
from unittest.mock import patch

import pytest
from django.conf import settings
from django.test import Client

from events.domain import Actor, StorageError
from events.storage import access_table, account_changes
from events.storage.connection import connection
from events.storage.models import AccessItem
from eventsite import observed
from eventsite.accounts import keys, people, security_log
from eventsite.accounts.domain import AccountAction, AccountChange, LogFilter, Role, Scope
from eventsite.accounts.errors import KeyNameTakenError, LastAdminError, StaffExistsError
from eventsite.accounts.security_events import KINDS
from eventsite.accounts.security_log import list_changes
from tests.support.builders import ACTOR, PASSWORD, make_staff
from tests.support.fault_proxy import FAIL, FaultProxy
from tests.support.page_reader import fields
from tests.support.security_log import ADA, named, told
from tests.support.sign_in import move_end, rows, sign_in


@pytest.fixture(autouse=True)
def no_request() -> None:
    """Forgets the request that an earlier test made in this thread."""
    observed.begin("")


def test_changes_of_an_account() -> None:
    make_staff("eva", "viewer")
    people.change_role("eva", Role.EDITOR, ADA)
    people.deactivate("eva", ADA)
    people.reactivate("eva", ADA)
    people.reset_password("eva", ADA)
    people.set_password("eva", PASSWORD, Actor("manage.py"))
    people.sign_out_everywhere(people.get_staff("eva"))
    assert told() == [
        "tester added eva viewer",
        "ada role-changed eva editor",
        "ada deactivated eva",
        "ada reactivated eva",
        "ada password-reset eva",
        "manage.py password-set eva",
        "eva signed-out-everywhere eva",
    ]


def test_changes_of_keys() -> None:
    key, _ = keys.create_key("Website", Scope.WRITE, ADA)
    keys.revoke_key(key.id, ADA)
    assert told() == ["ada key-created Website write", "ada key-revoked Website"]


def test_a_user_who_changes_their_password() -> None:
    make_staff("eva", "viewer")
    client = Client(headers={"Accept": "text/html"})
    sign_in(client, "eva")
    typed = fields(client.get("/staff/account/password/"))
    new = {"old_password": PASSWORD, "new_password1": "another battery horse", "new_password2": "another battery horse"}
    assert client.post("/staff/account/password/", {**typed, **new}).status_code == 302
    assert told("eva")[1:] == ["eva signed-in password", "eva password-set eva"]
    assert people.get_staff("eva").check_password("another battery horse")


def test_what_changes_nothing_or_is_refused_is_not_listed() -> None:
    make_staff("ada", "admin")
    make_staff("eva", "viewer")
    people.change_role("eva", Role.VIEWER, ADA)
    people.reactivate("eva", ADA)
    with pytest.raises(LastAdminError):
        people.deactivate("ada", ADA)
    with pytest.raises(StaffExistsError):
        make_staff("eva", "admin")
    keys.create_key("Website", Scope.READ, ADA)
    with pytest.raises(KeyNameTakenError):
        keys.create_key("Website", Scope.READ, ADA)
    assert told() == ["tester added ada admin", "tester added eva viewer", "ada key-created Website read"]


def test_no_change_without_its_row(faults: FaultProxy) -> None:
    make_staff("eva", "viewer")
    faults.set(FAIL, "TransactWriteItems")
    with pytest.raises(StorageError):
        people.change_role("eva", Role.ADMIN, ADA)
    faults.set(None)
    assert people.get_staff("eva").role == Role.VIEWER
    assert told() == ["tester added eva viewer"]


def test_the_changes_by_or_of_a_person() -> None:
    make_staff("eva", "viewer")
    make_staff("ben", "viewer")
    people.deactivate("eva", Actor("ben"))
    assert told("eva") == ["tester added eva viewer", "ben deactivated eva"]
    assert told("ben") == ["tester added ben viewer", "ben deactivated eva"]
    assert told("eva", "ben") == ["tester added eva viewer", "tester added ben viewer", "ben deactivated eva"]


def test_pages_neither_repeat_nor_skip() -> None:
    for number in range(7):
        make_staff(f"p{number}", "viewer")
    for wanted in (LogFilter(), named("tester"), LogFilter(actions=frozenset({"added"}))):
        pages, before = [], None
        with patch.object(security_log, "PAGE_SIZE", 3):
            while True:
                page = list_changes(wanted, before)
                pages.append([row.whom for row in page.changes])
                if page.next is None:
                    break
                before = page.next
        assert pages == [["p6", "p5", "p4"], ["p3", "p2", "p1"], ["p0"]]


def test_a_rare_match_is_found_by_continuing() -> None:
    make_staff("rare", "viewer")
    for number in range(7):
        make_staff(f"p{number}", "viewer")
    with patch.multiple(account_changes, _SEARCHED=2, _MOST_CALLS=2):
        first = list_changes(named("rare"))
        assert (first.changes, first.full) == ([], False)
        second = list_changes(named("rare"), first.next)
    assert [row.whom for row in second.changes] == ["rare"]


def test_a_search_reads_only_the_rows_that_match() -> None:
    make_staff("rare", "viewer")
    for number in range(7):
        make_staff(f"p{number}", "viewer")
    get_all = access_table.get_all
    with patch.object(access_table, "get_all", wraps=get_all) as read:
        assert told("rare") == ["tester added rare viewer"]
    assert [len(call.args[0]) for call in read.call_args_list] == [1]


def test_the_changes_between_two_times() -> None:
    for name in ("a", "b", "c"):
        make_staff(name, "viewer")
    at = {row.whom: row.at for row in list_changes().changes}
    assert [row.whom for row in list_changes(LogFilter(since=at["b"])).changes] == ["c", "b"]
    assert [row.whom for row in list_changes(LogFilter(until=at["c"])).changes] == ["b", "a"]
    assert list_changes(LogFilter(since=at["c"], until=at["a"])).changes == []


def test_rows_expire_after_a_year() -> None:
    make_staff("eva", "viewer")
    security_log.record("signed-in", "eva", detail="password")
    for row in rows("account-change"):
        left = datetime.fromtimestamp(int(row["expiresAt"]["N"]), UTC) - datetime.now(UTC)
        assert timedelta(days=364) < left <= timedelta(days=365)
    assert len(list_changes().changes) == 2
    move_end("account-change", timedelta(seconds=-1))
    assert list_changes().changes == []
    assert list_changes(named("eva")).changes == []


def test_a_row_holds_no_secret() -> None:
    people.add_person("eva", Role.VIEWER, ACTOR)
    keys.create_key("Website", Scope.READ, ADA)
    names = {"key", "kind", "expiresAt", "at", "action", "actor", "whom", "detail"}
    assert all(row.keys() == names for row in rows("account-change"))


def store_old_row(at: str, whom: str) -> None:
    """As earlier versions did."""
    row = {"kind": "account-change", "at": at, "action": "added", "actor": "ada", "whom": whom, "detail": "viewer"}
    attributes: dict[str, Any] = {name: {"S": value} for name, value in row.items()}
    attributes["expiresAt"] = {"N": str(int(datetime.now(UTC).timestamp()) + 1000)}
    connection().put_item(AccessItem.Meta.table_name, f"account-change#{at}#0a1b2c3d", attributes=attributes)


def test_rows_of_earlier_versions_are_listed_too() -> None:
    for number in range(5):
        store_old_row(f"2026-01-0{number + 1}T09:00:00.000000Z", f"p{number}")
    make_staff("eva", "viewer")
    with patch.object(security_log, "PAGE_SIZE", 2):
        first = list_changes()
        second = list_changes(before=first.next)
        third = list_changes(before=second.next)
    assert [row.whom for page in (first, second, third) for row in page.changes] == [
        "eva",
        "p4",
        "p3",
        "p2",
        "p1",
        "p0",
    ]
    assert third.next is None
    assert told("p3") == ["ada added p3 viewer"]
    assert told("nobody") == []
    assert list_changes(LogFilter(actions=frozenset({"deactivated"}))).changes == []
    [old] = list_changes(named("p0")).changes
    assert (old.address, old.device, old.request_id) == ("", "", "")


def test_storage_offers_no_way_to_change_or_remove_a_row() -> None:
    """Rows are only put, under the condition that there is none with this key."""
    source = ast.parse(Path(account_changes.__file__).read_text())
    called = {
        node.func.attr
        for node in ast.walk(source)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert called.isdisjoint({"update", "update_item", "delete", "delete_item", "batch_write_item", "transact"})
    puts = [
        node
        for node in ast.walk(source)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("write.save", "access_table.put")
    ]
    assert len(puts) == 2
    assert all("AccountChangeItem.key.does_not_exist()" in ast.unparse(put) for put in puts)
    users = {
        path.name
        for path in Path(account_changes.__file__).parent.glob("*.py")
        if "AccountChangeItem" in path.read_text()
    }
    assert users == {"account_changes.py"}


def test_a_row_is_never_overwritten() -> None:
    with patch("secrets.token_hex", return_value="0"):
        event = AccountChange("2026-11-26T10:00:30.000000Z", "signed-in", "eva", "", "password")
        account_changes.put_event(event)
        account_changes.put_event(event._replace(detail="passkey"))
    assert [row.detail for row in list_changes().changes] == ["password"]


def test_the_kinds_of_events_and_their_stable_names() -> None:
    """Never change a name: alarms and searches of the log compare it. docs/security-log.md explains each."""
    assert set(KINDS) == set(get_args(AccountAction))
    names = {action: kind.event for action, kind in KINDS.items()}
    assert len(set(names.values())) == len(names)
    assert names == {
        "signed-in": "signin.succeeded",
        "signed-out": "signout.done",
        "signed-out-everywhere": "sessions.ended",
        "session-ended": "session.ended",
        "sign-in-failed": "signin.failed",
        "second-step-failed": "second_step.failed",
        "password-refused": "password.refused",
        "locked-out": "signin.locked",
        "access-refused": "access.refused",
        "key-refused": "key.refused",
        "added": "account.added",
        "role-changed": "account.role_changed",
        "deactivated": "account.deactivated",
        "reactivated": "account.reactivated",
        "password-set": "password.changed",
        "password-reset": "password.reset",
        "feed-renewed": "feed.renewed",
        "feed-ended": "feed.ended",
        "factor-added": "factor.added",
        "factor-removed": "factor.removed",
        "factors-reset": "factors.reset",
        "recovery-codes-made": "recovery_codes.made",
        "key-created": "key.created",
        "key-rotated": "key.rotated",
        "key-revoked": "key.revoked",
        "events-exported": "events.exported",
        "log-exported": "security_log.exported",
    }
    documented = (settings.BASE_DIR / "docs" / "security-log.md").read_text()
    assert [name for name in names.values() if f"| `{name}` |" not in documented] == []
