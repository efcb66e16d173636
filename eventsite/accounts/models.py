"""The user model of Django's auth, stored in the access table instead of a relational database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.utils.crypto import salted_hmac

from events.storage import staff as repository
from eventsite.accounts.domain import MAX_USERNAME_LENGTH, AccountChange, Role, StaffFields, is_username

# Only people.py changes these, together with the set of active admins, and factors.py the last, with the factors.
_STANDING = frozenset({"username", "role", "is_active", "factor_ids"})
# They are written only if they still have the value that was read.
_GUARDED = ("password", "preferences", "feed_hash")
_OF_SESSIONS = ("password", "epoch")  # sessions end when one of them changes
_SESSION_SALT = "eventsite.accounts.session"


class Staff(AbstractBaseUser):
    username = models.CharField(max_length=MAX_USERNAME_LENGTH, primary_key=True)
    role = models.CharField(max_length=10)
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)
    one_time_until = models.DateTimeField(null=True)
    epoch = models.CharField(max_length=16)
    feed_nonce = models.CharField(max_length=16, default="")
    feed_hash = models.CharField(max_length=64, default="")
    feed_since = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    preferences = models.JSONField(default=dict)
    factor_ids: Any = models.JSONField(default=frozenset)

    USERNAME_FIELD = "username"

    class Meta:
        managed = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stored: dict[str, Any] = dict(self.fields())

    def __str__(self) -> str:
        return self.username

    @classmethod
    def get(cls, username: str) -> Staff | None:
        """Reads the account. None if it does not exist."""
        fields = repository.get_staff(username) if is_username(username) else None
        return cls(**fields) if fields else None

    @property
    def can_edit(self) -> bool:
        return Role(self.role).includes(Role.EDITOR)

    @property
    def is_admin(self) -> bool:
        return Role(self.role).includes(Role.ADMIN)

    @property
    def one_time_password_expired(self) -> bool:
        """Also for a one-time password of an earlier version, which stored no time."""
        until = self.one_time_until
        return self.must_change_password and (until is None or until <= datetime.now(UTC))

    @property
    def has_feed(self) -> bool:
        """Whether the calendar feed has an address."""
        return bool(self.feed_hash or self.feed_nonce)

    @property
    def has_factors(self) -> bool:
        """Whether this person signs in in two steps."""
        return bool(self.factor_ids)

    @property
    def needs_factor(self) -> bool:
        """Whether this person must sign in in two steps."""
        return {"optional": False, "admins": self.is_admin, "everyone": True}[settings.EVENTS_SECOND_FACTOR]

    @property
    def must_add_factor(self) -> bool:
        return self.needs_factor and not self.has_factors

    def save(
        self,
        *args: Any,
        update_fields: Iterable[str] | None = None,
        change: AccountChange | None = None,
        **kwargs: Any,
    ) -> None:
        """Writes the fields that changed since the account was read; with `update_fields`, only those among them.

        With `change`, the row that admins see is written in the same transaction, and only if nothing has ended the
        person's sessions since: a request that was already running must not undo it.

        Raises StaffChangedError, also if this would overwrite a password or preferences that were changed since.
        """
        wanted = self._stored.keys() if update_fields is None else set(update_fields)
        changes = {name: value for name, value in self.fields().items() if value != self._stored[name]}
        changes = {name: value for name, value in changes.items() if name in wanted}
        if not _STANDING.isdisjoint(changes):
            raise TypeError(f"save() must not change {', '.join(sorted(changes))}.")
        if changes:
            unchanged = {name: self._stored[name] for name in _GUARDED if name in changes}
            if change:
                unchanged |= {name: self._stored[name] for name in _OF_SESSIONS}
            repository.update_staff(self.username, changes, unchanged, change)
        self._stored |= changes
        self._password = None

    def fields(self) -> StaffFields:
        return cast(StaffFields, {name: getattr(self, name) for name in StaffFields.__annotations__})

    def get_session_auth_hash(self) -> str:
        """A session is valid as long as it contains this: until the password or the epoch changes."""
        return self._session_auth_hash(settings.SECRET_KEY)

    def get_session_auth_fallback_hash(self) -> Iterable[str]:
        return (self._session_auth_hash(secret) for secret in settings.SECRET_KEY_FALLBACKS)

    def _session_auth_hash(self, secret: str | bytes) -> str:
        value = f"{self.epoch}\n{self.password}"
        return salted_hmac(_SESSION_SALT, value, secret=secret, algorithm="sha256").hexdigest()
