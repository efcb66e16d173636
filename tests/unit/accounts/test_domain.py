"""Roles and usernames."""

from __future__ import annotations

import pytest

from eventsite.accounts.domain import Role, fold_username, is_username


def test_each_role_includes_the_lower_roles() -> None:
    assert [[role.includes(other) for other in Role] for role in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


@pytest.mark.parametrize("name", ["a", "anna", "a.b_c@example.org", "7", "x" * 63, "news"])
def test_valid_usernames(name: str) -> None:
    assert is_username(name)


@pytest.mark.parametrize(
    "name", ["", "x" * 64, "Anna", " anna", "an na", "-a", ".a", "a/b", "a:b", "key:x", "ä", "a\n", "new", "a\x00"]
)
def test_invalid_usernames(name: str) -> None:
    assert not is_username(name)


def test_usernames_ignore_case_and_surrounding_spaces() -> None:
    assert fold_username(" Anna\n") == "anna"


@pytest.mark.parametrize(
    "name", ["new", "anonymous", "command", "manage.py", "runserver", "samples", "key:x", "", "x" * 64]
)
def test_reserved_usernames(name: str) -> None:
    assert not is_username(name)
