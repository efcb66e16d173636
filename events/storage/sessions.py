"""Sessions and counts of tries in DynamoDB: what comes and goes with signing in and out."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from pynamodb.expressions.condition import Condition

from events.storage import access_table
from events.storage.account_items import LockoutItem, SessionItem
from eventsite.accounts.domain import LockedOutError


def _key(kind: str, secret: str) -> str:
    return f"{kind}#{sha256(secret.encode()).hexdigest()}"


def get_session(session_key: str) -> tuple[str, datetime] | None:
    """What the session holds, and when it ends."""
    item = access_table.get(SessionItem, _key("session", session_key))
    return (item.data, item.expiresAt) if item and item.expiresAt else None


def put_session(session_key: str, data: str, expires: datetime, new: bool) -> bool:
    """False if there is one already that should be new, or none any more that should be there."""
    now = datetime.now(UTC)
    gone = SessionItem.key.does_not_exist() | (SessionItem.expiresAt <= now)
    condition: Condition = gone if new else SessionItem.key.exists() & (SessionItem.expiresAt > now)
    try:
        access_table.update(
            _key("session", session_key), [SessionItem.data.set(data), SessionItem.expiresAt.set(expires)], condition
        )
    except access_table.RefusedError:
        return False
    return True


def delete_session(session_key: str) -> None:
    access_table.delete(_key("session", session_key))


def count_try(who: str, limit: int, window: timedelta) -> None:
    """Counts a try, atomically. Raises LockedOutError if there were `limit` of them, and the last within `window`."""
    key = _key("lockout", who)
    while True:
        now = datetime.now(UTC)
        end = LockoutItem.expiresAt.set(now + window)
        running = LockoutItem.key.does_not_exist() | ((LockoutItem.expiresAt > now) & (LockoutItem.tries < limit))
        over = LockoutItem.key.does_not_exist() | (LockoutItem.expiresAt <= now)
        try:
            access_table.update(key, [LockoutItem.tries.add(1), end], running)
        except access_table.RefusedError:
            item = access_table.get(LockoutItem, key)
            if item and item.expiresAt and item.tries >= limit:
                raise LockedOutError(item.expiresAt) from None
        else:
            return
        with suppress(access_table.RefusedError):  # or another try was the first after the last window
            access_table.update(key, [LockoutItem.tries.set(1), end], over)
            return


def forget_tries(who: str) -> None:
    access_table.delete(_key("lockout", who))
