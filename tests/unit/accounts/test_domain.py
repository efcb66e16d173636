"""The rules of accounts that need no storage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.hashers import check_password, identify_hasher, make_password
from django.test import override_settings

from eventsite.accounts.domain import LockedOutError, Role, fold_username, is_username
from eventsite.accounts.forms import locked_out
from eventsite.accounts.models import Staff
from eventsite.accounts.passwords import make_up_password


def test_each_role_may_do_what_those_before_it_may() -> None:
    assert [[role.includes(other) for other in Role] for role in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


@pytest.mark.parametrize(
    ("role", "can_edit", "is_admin"), [("viewer", False, False), ("editor", True, False), ("admin", True, True)]
)
def test_what_a_template_asks(role: str, can_edit: bool, is_admin: bool) -> None:
    staff = Staff(username="anna", role=role)
    assert (staff.can_edit, staff.is_admin, str(staff)) == (can_edit, is_admin, "anna")


@pytest.mark.parametrize("name", ["a", "anna", "a.b_c@example.org", "7", "x" * 63, "news"])
def test_usernames(name: str) -> None:
    assert is_username(name)


@pytest.mark.parametrize(
    "name", ["", "x" * 64, "Anna", " anna", "an na", "-a", ".a", "a/b", "a:b", "key:x", "ä", "a\n", "new", "a\x00"]
)
def test_what_is_no_username(name: str) -> None:
    assert not is_username(name)


def test_case_and_the_space_around_do_not_count() -> None:
    assert fold_username(" Anna\n") == "anna"


@override_settings(PASSWORD_HASHERS=["eventsite.accounts.passwords.PasswordHasher"])
def test_hashes_take_what_a_small_function_has() -> None:
    encoded = make_password("correct horse battery")
    assert encoded.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert check_password("correct horse battery", encoded)
    assert not check_password("correct horse batterx", encoded)
    assert not identify_hasher(encoded).must_update(encoded)


def test_passwords_that_are_made_up_are_long_and_differ() -> None:
    made_up = {make_up_password() for _ in range(100)}
    assert len(made_up) == 100
    assert {len(password) for password in made_up} == {19}


@pytest.mark.parametrize(
    ("left", "said"), [(899, "in 15 minutes"), (61, "in 2 minutes"), (59, "in a minute"), (-5, "in a minute")]
)
def test_when_to_try_again(left: int, said: str) -> None:
    error = locked_out(LockedOutError(datetime.now(UTC) + timedelta(seconds=left)))
    assert error.messages == [f"There were too many tries. Please try again {said}."]


@pytest.mark.parametrize(
    "name", ["new", "anonymous", "command", "manage.py", "runserver", "samples", "key:x", "", "x" * 64]
)
def test_what_nobody_may_be_called(name: str) -> None:
    assert not is_username(name)
