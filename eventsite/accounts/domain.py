"""Roles, usernames, keys, and the errors of accounts and keys."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple, TypedDict


class Role(StrEnum):
    """What a user may do. Each role includes those before it."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        order = list(Role)
        return order.index(self) >= order.index(other)


class Scope(StrEnum):
    """What an API key may do."""

    READ = "read"
    WRITE = "write"


MAX_USERNAME_LENGTH = 63
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@+-]*")
# The address of the form that adds an account, and other names that the history shows.
_RESERVED = frozenset({"new", "anonymous", "command", "manage.py", "runserver", "samples"})
USERNAME_RULE = "Letters without accents, digits and . _ @ + - only, starting with a letter or digit."


def fold_username(typed: str) -> str:
    """Usernames ignore case and surrounding spaces."""
    return typed.strip().lower()


def is_username(name: str) -> bool:
    return len(name) <= MAX_USERNAME_LENGTH and _USERNAME.fullmatch(name) is not None and name not in _RESERVED


class StaffFields(TypedDict):
    """A stored account. `password` is a hash. A new epoch ends all sessions, a new nonce ends the feed's address."""

    username: str
    password: str
    role: str
    is_active: bool
    must_change_password: bool
    epoch: str
    feed_nonce: str
    created_at: datetime
    last_login: datetime | None
    preferences: dict[str, Any]


AccountAction = Literal[
    "added",
    "role-changed",
    "deactivated",
    "reactivated",
    "password-set",
    "password-reset",
    "signed-out-everywhere",
    "key-created",
    "key-revoked",
]


class AccountChange(NamedTuple):
    """A change of an account or API key. `whom` is a username or a key's name, `key` the place in the list of changes.

    `detail` is the new role of an account, or the scope of a new key.
    """

    at: str
    action: AccountAction
    actor: str
    whom: str
    detail: str = ""
    key: str = ""


class ApiKey(NamedTuple):
    """A stored API key. `secret_hash` is the SHA-256 of the secret, in hexadecimal."""

    id: str
    name: str
    scope: str
    secret_hash: str
    created_at: datetime
    created_by: str
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


class StaffNotFoundError(Exception):
    """No account has this username."""


class StaffExistsError(Exception):
    """An account with this username already exists."""


class StaffChangedError(Exception):
    """The account has changed since it was read, or does not exist."""


class LastAdminError(Exception):
    """This is the last active admin, so the change is refused: nobody could manage staff."""


class LockedOutError(Exception):
    """Too many attempts with a password. The next is allowed at `until`."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__(f"until {until:%H:%M:%S}")


class KeyNotFoundError(Exception):
    """The API key does not exist, or was revoked."""


class KeyNameTakenError(Exception):
    """Another active API key has this name."""
