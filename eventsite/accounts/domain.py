"""Roles, names, and everything that can go wrong with an account or a key."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, TypedDict


class Role(StrEnum):
    """What someone may do: all that those before it may, and more."""

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
# The address of the form that adds someone, and whom else the history names.
_RESERVED = frozenset({"new", "anonymous", "command", "manage.py", "runserver", "samples"})
USERNAME_RULE = "Letters without accents, digits and . _ @ + - only, starting with a letter or digit."


def fold_username(typed: str) -> str:
    """Names differ by more than their case."""
    return typed.strip().lower()


def is_username(name: str) -> bool:
    return len(name) <= MAX_USERNAME_LENGTH and _USERNAME.fullmatch(name) is not None and name not in _RESERVED


class StaffFields(TypedDict):
    """An account as it is stored. The password is a hash; sessions end with their epoch, feeds with their nonce."""

    username: str
    password: str
    role: str
    is_active: bool
    must_change_password: bool
    epoch: str
    feed_nonce: str
    created_at: datetime
    last_login: datetime | None


class ApiKey(NamedTuple):
    """An API key as it is stored: its secret only as a SHA-256, in hexadecimal."""

    id: str
    name: str
    scope: str
    secret_hash: str
    created_at: datetime
    created_by: str
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


class StaffNotFoundError(Exception):
    """Nobody has this username."""


class StaffExistsError(Exception):
    """Somebody has this username already."""


class StaffChangedError(Exception):
    """The account is not, or no longer, as it was read."""


class LastAdminError(Exception):
    """Nobody could manage staff if this account were no active admin any more."""


class LockedOutError(Exception):
    """Too many tries at a password; `until` is when the next is taken."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__(f"until {until:%H:%M:%S}")


class KeyNotFoundError(Exception):
    """There is no such API key, or it was revoked."""


class KeyNameTakenError(Exception):
    """Another API key that is not revoked has this name."""
