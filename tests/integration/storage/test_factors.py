"""Factors and recovery codes in the access table: conditions that hold when two requests write at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from events.storage import factors as repository
from eventsite.accounts import people
from eventsite.accounts.domain import Factor, RecoveryCodes, StaffFields
from eventsite.accounts.errors import StaffChangedError
from eventsite.accounts.security_log import new_change
from tests.support.builders import make_staff
from tests.support.sign_in import rows

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
CODES = RecoveryCodes(frozenset({"a", "b"}), NOW)
PHONE = Factor("1a", "totp", "Phone", NOW, None, "encrypted", 50)
TABLET = PHONE._replace(id="2b", name="Tablet", created_at=NOW.replace(hour=13))


@pytest.fixture
def account() -> StaffFields:
    return make_staff().fields()


def add(factor: Factor, account: StaffFields, codes: RecoveryCodes | None = None) -> StaffFields:
    repository.add_factor(account, factor, codes, new_change("anna", "factor-added", "anna", factor.name))
    return people.get_staff("anna").fields()


def remove(factor: Factor, account: StaffFields) -> StaffFields:
    repository.remove_factor(account, factor.id, new_change("anna", "factor-removed", "anna", factor.name))
    return people.get_staff("anna").fields()


def test_an_account_of_an_earlier_version_has_no_factors(account: StaffFields) -> None:
    assert "factorIds" not in rows("staff")[0]
    assert account["factor_ids"] == frozenset()
    assert not people.get_staff("anna").has_factors


def test_add_list_and_remove(account: StaffFields) -> None:
    assert repository.get_factors("anna", []) == []
    account = add(PHONE, account, CODES)
    account = add(TABLET, account)
    assert account["factor_ids"] == {"1a", "2b"}
    assert repository.get_factors("anna", account["factor_ids"]) == [PHONE, TABLET]
    account = remove(PHONE, account)
    assert repository.get_factors("anna", ["1a", "2b"]) == [TABLET]
    assert repository.get_codes("anna") == CODES
    account = remove(TABLET, account)
    assert (account["factor_ids"], repository.get_codes("anna"), rows("factor")) == (frozenset(), None, [])
    assert not people.get_staff("anna").has_factors


def test_of_changes_at_the_same_time_one_is_refused(account: StaffFields) -> None:
    both = add(TABLET, add(PHONE, account))
    remove(PHONE, both)
    with pytest.raises(StaffChangedError):
        remove(TABLET, both)
    for earlier in (both, account):
        with pytest.raises(StaffChangedError):
            add(PHONE, earlier)
    assert people.get_staff("anna").factor_ids == {"2b"}
    assert len(rows("factor")) == 1


def test_nothing_is_added_after_the_sessions_have_ended(account: StaffFields) -> None:
    people.sign_out_everywhere(people.get_staff("anna"))
    with pytest.raises(StaffChangedError):
        add(PHONE, account, CODES)
    assert rows("factor") == rows("recovery") == []


def test_removing_all_factors_ends_the_sessions(account: StaffFields) -> None:
    account = add(TABLET, add(PHONE, account, CODES))
    change = new_change("ada", "factors-reset", "anna")
    repository.remove_all_factors(account, "new-epoch", change)
    staff = people.get_staff("anna")
    assert (staff.epoch, staff.factor_ids) == ("new-epoch", frozenset())
    assert rows("factor") == rows("recovery") == []
    with pytest.raises(StaffChangedError):
        repository.remove_all_factors(account, "other-epoch", change)


def test_a_step_is_used_once_by_twenty_at_the_same_time(account: StaffFields) -> None:
    add(PHONE, account)

    def use(_: int) -> bool:
        return repository.use_step("anna", PHONE, 51, NOW, "encrypted again")

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(use, range(20))) == [False] * 19 + [True]
    [stored] = repository.get_factors("anna", ["1a"])
    assert stored == PHONE._replace(last_step=51, last_used_at=NOW, secret="encrypted again")
    assert not repository.use_step("anna", PHONE, 50, NOW, "")
    remove(PHONE, people.get_staff("anna").fields())
    assert not repository.use_step("anna", PHONE, 52, NOW, "")
    assert rows("factor") == []


def test_a_code_is_used_once_by_twenty_at_the_same_time(account: StaffFields) -> None:
    add(PHONE, account, CODES)
    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(lambda _: repository.use_code("anna", "a"), range(20))) == [False] * 19 + [True]
    assert repository.get_codes("anna") == CODES._replace(hashes=frozenset({"b"}))
    assert repository.use_code("anna", "b")
    assert repository.get_codes("anna") == CODES._replace(hashes=frozenset())
    assert not repository.use_code("ben", "b")
    assert len(rows("recovery")) == 1


def test_codes_are_replaced_once(account: StaffFields) -> None:
    account = add(PHONE, account, CODES)
    new = RecoveryCodes(frozenset({"c"}), NOW.replace(hour=14))
    change = new_change("anna", "recovery-codes-made", "anna")
    repository.replace_codes(account, new, CODES, change)
    for former in (CODES, None):
        with pytest.raises(StaffChangedError):
            repository.replace_codes(account, CODES, former, change)
    remove(PHONE, account)
    with pytest.raises(StaffChangedError):  # no codes without a factor
        repository.replace_codes(account, CODES, None, change)
    assert (repository.get_codes("anna"), rows("recovery")) == (None, [])
