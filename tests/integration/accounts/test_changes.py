"""Changes of accounts and keys: each is stored with its change, listed in pages, and expires."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from django.test import Client

from events.domain import Actor, StorageError
from events.storage import account_changes
from eventsite.accounts import changes, keys, people
from eventsite.accounts.changes import list_changes
from eventsite.accounts.domain import KeyNameTakenError, LastAdminError, Role, Scope, StaffExistsError
from tests.support.builders import ACTOR, PASSWORD, make_staff
from tests.support.fault_proxy import FAIL, FaultProxy
from tests.support.page_reader import fields
from tests.support.sign_in import move_end, rows, sign_in

ADA = Actor("ada")


def told(*names: str) -> list[str]:
    """The changes, earliest first."""
    found = list_changes(frozenset(names)).changes[::-1]
    return [" ".join(filter(None, (row.actor, row.action, row.whom, row.detail))) for row in found]


def test_changes_of_an_account() -> None:
    make_staff("eva", "viewer")
    people.change_role("eva", Role.EDITOR, ADA)
    people.deactivate("eva", ADA)
    people.reactivate("eva", ADA)
    people.reset_password("eva", ADA)
    people.set_password("eva", PASSWORD, Actor("manage.py"))
    people.sign_out_everywhere(people.get_staff("eva"))
    people.sign_out_everywhere(people.get_staff("eva"), ADA)
    assert told() == [
        "tester added eva viewer",
        "ada role-changed eva editor",
        "ada deactivated eva",
        "ada reactivated eva",
        "ada password-reset eva",
        "manage.py password-set eva",
        "eva signed-out-everywhere eva",
        "ada signed-out-everywhere eva",
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
    assert told("eva")[-1] == "eva password-set eva"
    assert people.get_staff("eva").check_password("another battery horse")


def test_sign_in_is_no_change() -> None:
    make_staff("eva", "viewer")
    sign_in(Client(), "eva")
    assert told() == ["tester added eva viewer"]


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


def test_pages_neither_repeat_nor_skip_and_cost_two_calls() -> None:
    for number in range(7):
        make_staff(f"p{number}", "viewer")
    pages, before = [], None
    with (
        patch.object(changes, "PAGE_SIZE", 3),
        patch.object(changes, "query_changes", wraps=account_changes.query_changes) as query,
    ):
        while True:
            page = list_changes(before=before)
            pages.append([row.whom for row in page.changes])
            if page.next is None:
                break
            before = page.next
    assert pages == [["p6", "p5", "p4"], ["p3", "p2", "p1"], ["p0"]]
    assert query.call_count == 3


def test_a_rare_match_is_found_by_continuing() -> None:
    make_staff("rare", "viewer")
    for number in range(7):
        make_staff(f"p{number}", "viewer")
    with patch.multiple(changes, _READ=2, _MOST_ROUNDS=2):
        first = list_changes(frozenset({"rare"}))
        assert (first.changes, first.full) == ([], False)
        second = list_changes(frozenset({"rare"}), first.next)
    assert [row.whom for row in second.changes] == ["rare"]


def test_the_changes_between_two_times() -> None:
    for name in ("a", "b", "c"):
        make_staff(name, "viewer")
    at = {row.whom: row.at for row in list_changes().changes}
    assert [row.whom for row in list_changes(since=at["b"]).changes] == ["c", "b"]
    assert [row.whom for row in list_changes(until=at["c"]).changes] == ["b", "a"]
    assert list_changes(since=at["c"], until=at["a"]).changes == []


def test_changes_expire_after_a_year() -> None:
    make_staff("eva", "viewer")
    [row] = rows("account-change")
    left = datetime.fromtimestamp(int(row["expiresAt"]["N"]), UTC) - datetime.now(UTC)
    assert timedelta(days=364) < left <= timedelta(days=365)
    move_end("account-change", timedelta(seconds=-1))
    assert list_changes().changes == []


def test_the_row_holds_no_secret() -> None:
    people.add_person("eva", Role.VIEWER, ACTOR)
    keys.create_key("Website", Scope.READ, ADA)
    names = {"key", "kind", "expiresAt", "at", "action", "actor", "whom", "detail"}
    assert all(row.keys() == names for row in rows("account-change"))
