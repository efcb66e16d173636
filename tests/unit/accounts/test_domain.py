"""The rules of accounts that need no storage."""

from __future__ import annotations

import pytest

from eventsite.accounts.domain import Role, fold_username, is_username


def test_each_role_may_do_what_those_before_it_may() -> None:
    assert [[role.includes(other) for other in Role] for role in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


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


@pytest.mark.parametrize(
    "name", ["new", "anonymous", "command", "manage.py", "runserver", "samples", "key:x", "", "x" * 64]
)
def test_what_nobody_may_be_called(name: str) -> None:
    assert not is_username(name)
