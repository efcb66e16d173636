"""Sessions, and counts of sign-in attempts, in the access table."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from events.storage import access_table, staff
from events.storage.account_changes import add_change
from events.storage.models import AccessItem
from events.storage.staff import StaffItem
from eventsite.accounts.domain import AccountChange, StaffFields
from eventsite.accounts.errors import LockedOutError

_PREFIX = "session#"
_DELETED_AT_ONCE = 100  # DynamoDB's own limit


class SessionItem(AccessItem):
    """A session, under "session#<SHA-256 of its key>": nobody can use the table to take over a session.

    Its kind is "session#<username>", so that the sessions of a person can be listed. One before sign-in has none.
    """

    data = UnicodeAttribute()
    last_seen = UTCDateTimeAttribute(attr_name="lastSeenAt", null=True)


class LockoutItem(AccessItem):
    """Counts attempts to sign in, under "lockout#<SHA-256 of account and address>"."""

    attempts = NumberAttribute(attr_name="tries")


def _key(kind: str, secret: str) -> str:
    return f"{kind}#{sha256(secret.encode()).hexdigest()}"


class StoredSession(NamedTuple):
    """`id` is not secret, so pages may show it. `last_seen` is None if an earlier version stored the session."""

    id: str
    data: str
    last_seen: datetime | None
    expires: datetime


class SessionUse(NamedTuple):
    """When a session was last used, by whom (empty: before sign-in), and when it ends without further use."""

    expires: datetime
    username: str = ""
    last_seen: datetime | None = None


def id_of(session_key: str) -> str:
    """The ID of the session with this key, which is secret."""
    return _key("session", session_key).removeprefix(_PREFIX)


def get_session(session_key: str) -> StoredSession | None:
    return get_session_by_id(id_of(session_key))


def get_session_by_id(session_id: str) -> StoredSession | None:
    return _session(access_table.get(SessionItem, f"{_PREFIX}{session_id}"))


def get_session_and_staff(session_key: str, username: str) -> tuple[StoredSession | None, StaffFields | None]:
    """The session, and an account that may be its account, in one call. The session says whose it is."""
    session, account = access_table.get_two(
        SessionItem, _key("session", session_key), StaffItem, staff.row_key(username)
    )
    return _session(session), staff.fields_of(account) if account else None


def _session(item: SessionItem | None) -> StoredSession | None:
    if item is None or item.expiresAt is None:
        return None
    return StoredSession(item.key.removeprefix(_PREFIX), item.data, item.last_seen, item.expiresAt)


def put_session(session_key: str, data: str, use: SessionUse, new: bool) -> bool:
    """Returns False if the session should be new but exists, or should exist but does not."""
    return _update(session_key, [SessionItem.data.set(data), *_actions(use)], new)


def renew_session(session_key: str, use: SessionUse) -> bool:
    """Keeps the data, which another request may be changing. Returns False if the session has ended."""
    return _update(session_key, _actions(use), new=False)


def _actions(use: SessionUse) -> list[Action]:
    return [
        SessionItem.kind.set(f"{_PREFIX}{use.username}") if use.username else SessionItem.kind.remove(),
        SessionItem.last_seen.set(use.last_seen) if use.last_seen else SessionItem.last_seen.remove(),
        SessionItem.expiresAt.set(use.expires),
    ]


def _update(session_key: str, actions: list[Action], new: bool) -> bool:
    now = datetime.now(UTC)
    gone = SessionItem.key.does_not_exist() | (SessionItem.expiresAt <= now)
    condition: Condition = gone if new else SessionItem.key.exists() & (SessionItem.expiresAt > now)
    write = access_table.update_once if new else access_table.update
    try:
        write(_key("session", session_key), actions, condition)
    except access_table.RefusedError:
        return False
    return True


def delete_session(session_key: str) -> bool:
    """Returns False if the session has ended already."""
    try:
        access_table.delete_once(_key("session", session_key))
    except access_table.RefusedError:
        return False
    return True


def list_sessions(username: str, most: int, also: str) -> list[StoredSession]:
    """A person's sessions, at most so many, and the one with the ID `also`, which the index may not have yet."""
    keys = access_table.list_keys(f"{_PREFIX}{username}", most)
    rows = access_table.get_all([*{f"{_PREFIX}{also}": None, **dict.fromkeys(keys)}], SessionItem)
    return [stored for stored in map(_session, rows) if stored]


def end_session(session_id: str, username: str, change: AccountChange) -> bool:
    """Deletes a session of this person, and stores the row of the change. Returns False if there is no such session."""

    def fill(write: access_table.Transaction) -> None:
        item = SessionItem(f"{_PREFIX}{session_id}")
        write.delete(item, condition=SessionItem.kind == f"{_PREFIX}{username}")
        add_change(write, change)

    try:
        access_table.transact(fill)
    except access_table.RefusedError:
        return False
    return True


def delete_sessions(username: str, keep: str) -> None:
    """Deletes the sessions of a person that the index lists, except the one with the ID `keep`."""
    keys = [key for key in access_table.list_keys(f"{_PREFIX}{username}") if key != f"{_PREFIX}{keep}"]
    for start in range(0, len(keys), _DELETED_AT_ONCE):

        def fill(write: access_table.Transaction, part: list[str] = keys[start : start + _DELETED_AT_ONCE]) -> None:
            for key in part:
                write.delete(SessionItem(key))

        access_table.transact(fill)


def count_attempt(who: str, limit: int, window: timedelta) -> None:
    """Counts an attempt, atomically. Raises LockedOutError for `window` after the last of `limit` attempts."""
    key = _key("lockout", who)
    while True:
        now = datetime.now(UTC)
        end = LockoutItem.expiresAt.set(now + window)
        running = LockoutItem.key.does_not_exist() | ((LockoutItem.expiresAt > now) & (LockoutItem.attempts < limit))
        over = LockoutItem.key.does_not_exist() | (LockoutItem.expiresAt <= now)
        try:
            access_table.update(key, [LockoutItem.attempts.add(1), end], running)
        except access_table.RefusedError:
            item = access_table.get(LockoutItem, key)
            if item and item.expiresAt and item.attempts >= limit:
                raise LockedOutError(item.expiresAt) from None
        else:
            return
        with suppress(access_table.RefusedError):  # another attempt has begun the new window
            access_table.update(key, [LockoutItem.attempts.set(1), end], over)
            return


def forget_attempt(who: str) -> None:
    """One attempt no longer counts."""
    with suppress(access_table.RefusedError):  # its window has ended meanwhile
        access_table.update(
            _key("lockout", who),
            [LockoutItem.attempts.add(-1)],
            LockoutItem.key.exists() & (LockoutItem.attempts > 0) & (LockoutItem.expiresAt > datetime.now(UTC)),
        )


def forget_attempts(who: str) -> None:
    access_table.delete(_key("lockout", who))
