"""The sessions of a person: a list of them, and the end of one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.utils.crypto import constant_time_compare

from events.domain import Actor
from events.storage import sessions as repository
from eventsite.accounts.devices import UNKNOWN_BROWSER
from eventsite.accounts.models import Staff
from eventsite.accounts.security_log import new_change
from eventsite.accounts.sessions import SessionStore, has_ended, time_in

MOST_LISTED = 200

_ID = re.compile(r"[0-9a-f]{64}")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Session(NamedTuple):
    """A session that has not ended. One of an earlier version has no `signed_in_at`, `address` and `method`."""

    id: str
    is_current: bool
    device: str
    address: str
    method: str
    signed_in_at: datetime | None
    last_seen: datetime | None


class SessionList(NamedTuple):
    sessions: list[Session]
    full: bool  # there may be more


def list_sessions(staff: Staff, current_key: str = "") -> SessionList:
    """The person's sessions: the one with this key, then the others, last seen first. At most MOST_LISTED are read."""
    current = repository.id_of(current_key)
    found = []
    rows = repository.list_sessions(staff.username, MOST_LISTED, current)
    for stored in rows:
        values = SessionStore().decode(stored.data)
        if _is_of(staff, values) and not has_ended(stored, values):
            found.append(
                Session(
                    stored.id,
                    stored.id == current,
                    values.get("device", UNKNOWN_BROWSER),
                    values.get("address", ""),
                    values.get("method", ""),
                    time_in(values, "signed_in_at"),
                    stored.last_seen,
                )
            )
    found.sort(key=lambda one: (one.is_current, one.last_seen or _LONG_AGO), reverse=True)
    return SessionList(found, full=len(rows) >= MOST_LISTED)


def end_session(staff: Staff, session_id: str, actor: Actor) -> bool:
    """Ends one session of the person at once. False if there is no such session, for example because it has ended."""
    stored = repository.get_session_by_id(session_id) if _ID.fullmatch(session_id) else None
    if stored is None:
        return False
    device = SessionStore().decode(stored.data).get("device", UNKNOWN_BROWSER)
    change = new_change(actor.name, "session-ended", staff.username, device)
    return repository.end_session(session_id, staff.username, change)


def _is_of(staff: Staff, values: dict[str, Any]) -> bool:
    """Whether the session is the person's, and no new password or epoch has ended it."""
    hashes = [staff.get_session_auth_hash(), *staff.get_session_auth_fallback_hash()]
    stored = values.get(HASH_SESSION_KEY, "")
    return values.get(SESSION_KEY) == staff.username and any(constant_time_compare(stored, one) for one in hashes)
