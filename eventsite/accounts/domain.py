"""Roles, usernames, factors and keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hmac import compare_digest
from types import MappingProxyType
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
USERNAME_RULE = "Use only the letters a to z, digits and . _ @ + -. Start with a letter or a digit."


def fold_username(typed: str) -> str:
    """Usernames ignore case and surrounding spaces."""
    return typed.strip().lower()


def is_username(name: str) -> bool:
    return len(name) <= MAX_USERNAME_LENGTH and _USERNAME.fullmatch(name) is not None and name not in _RESERVED


class StaffFields(TypedDict):
    """A stored account. `password` is a hash. A new epoch ends all sessions.

    `one_time_until`: when the one-time password expires. None: the password is the person's own, or an earlier version
    made it.
    `feed_hash` is the SHA-256 of the secret in the feed's address, in hexadecimal, or empty. An earlier version signed
    `feed_nonce` instead, which is empty in other accounts.
    `factor_ids` are the IDs of the person's factors, so that every page knows whether there are any.
    """

    username: str
    password: str
    role: str
    is_active: bool
    must_change_password: bool
    one_time_until: datetime | None
    epoch: str
    feed_nonce: str
    feed_hash: str
    feed_since: datetime | None
    created_at: datetime
    last_login: datetime | None
    preferences: dict[str, Any]
    factor_ids: frozenset[str]


# What ends the address of an account's feed.
NO_FEED: Mapping[str, str] = MappingProxyType({"feed_hash": "", "feed_nonce": ""})

AccountAction = Literal[
    "added",
    "role-changed",
    "deactivated",
    "reactivated",
    "password-set",
    "password-reset",
    "signed-out-everywhere",
    "key-created",
    "key-rotated",
    "key-revoked",
    "feed-renewed",
    "feed-ended",
    "session-ended",
    "factor-added",
    "factor-removed",
    "factors-reset",
    "recovery-codes-made",
    "signed-in",
    "signed-out",
    "sign-in-failed",
    "second-step-failed",
    "password-refused",
    "locked-out",
    "access-refused",
    "key-refused",
    "events-exported",
    "log-exported",
]


class AccountChange(NamedTuple):
    """A row of the security log. `whom` is a username or a key's name, `key` the place in the log.

    `detail` is the new role of an account, the scope of a new key, when the former secret of a rotated key expires, the
    device of a session, "others" if the session that signed out everywhere continues, how somebody signed in, the page
    that was refused, or how many rows an export has. `expires` is when the new secret of a key expires. Both times are
    as in ISO 8601. Rows of earlier versions lack the last three fields.
    """

    at: str
    action: AccountAction
    actor: str
    whom: str
    detail: str = ""
    key: str = ""
    expires: str = ""
    address: str = ""
    device: str = ""
    request_id: str = ""


class LogFilter(NamedTuple):
    """Which rows of the security log: by or about one of these names, with one of these actions, within two times.

    An empty field does not filter.
    """

    names: frozenset[str] = frozenset()
    actions: frozenset[AccountAction] = frozenset()
    since: str = ""
    until: str = ""

    def matches(self, change: AccountChange) -> bool:
        """Whether a row has one of the names and one of the actions."""
        by_name = not self.names or not self.names.isdisjoint((change.actor, change.whom))
        return by_name and (not self.actions or change.action in self.actions)


Method = Literal["totp", "passkey"]
_METHOD_LABELS: dict[Method, str] = {"totp": "Authenticator app", "passkey": "Passkey"}


class Factor(NamedTuple):
    """One way to complete a sign-in in two steps. `secret` (encrypted) and `last_step` belong to "totp" only.

    `last_step` is the number of the 30 seconds whose code was accepted last. The last five belong to "passkey": the
    credential's ID, its public key (COSE) and the random name of the person for authenticators, in base64url; how the
    authenticator can be reached, separated by spaces; and its last counter (0: it does not count).
    """

    id: str
    method: Method
    name: str
    created_at: datetime
    last_used_at: datetime | None = None
    secret: str | None = None
    last_step: int | None = None
    credential_id: str = ""
    public_key: str = ""
    user_handle: str = ""
    transports: str = ""
    sign_count: int | None = None

    @property
    def method_label(self) -> str:
        return _METHOD_LABELS[self.method]


class RecoveryCodes(NamedTuple):
    """The hashes of a person's recovery codes that were not used yet, and when the codes were made."""

    hashes: frozenset[str]
    made_at: datetime


NEVER = datetime.max.replace(tzinfo=UTC)


class ApiKey(NamedTuple):
    """A stored API key. Hashes are the SHA-256 of a secret, in hexadecimal.

    The key is one caller, whichever of its secrets a call sends: the secret in use and, after a rotation, the former
    one until `former_until`.
    """

    id: str
    name: str
    scope: str
    secret_hash: str
    created_at: datetime
    created_by: str
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    last_address: str | None = None
    valid_until: datetime | None = None
    rotated_at: datetime | None = None
    former_hash: str | None = None
    former_until: datetime | None = None

    @property
    def secret_since(self) -> datetime:
        """When the secret in use was created."""
        return self.rotated_at or self.created_at

    def expires_by(self, at: datetime) -> bool:
        return self.valid_until is not None and self.valid_until <= at

    def has_former(self, at: datetime) -> bool:
        """Whether two secrets work at this time."""
        return self.former_until is not None and self.former_until > at

    def end_of(self, secret_hash: str) -> datetime | None:
        """When this secret expires (at the end of time if never), or None if the key does not have it."""
        if compare_digest(secret_hash, self.secret_hash):
            return self.valid_until or NEVER
        return self.former_until if self.former_hash and compare_digest(secret_hash, self.former_hash) else None


class Rotation(NamedTuple):
    """How a key gets a new secret, which works for `valid_for` or does not expire.

    The secret that it had works for `keep_current`, but not longer than before. None: it ends at once, and the one
    before it works as long as planned. `since` is when the current secret was created, as a form knows it.
    """

    keep_current: timedelta | None
    valid_for: timedelta | None = None
    since: str = ""
