"""The changes of all events in order, each with the event as the change left it, for readers who keep a copy."""

from __future__ import annotations

import json
from typing import NamedTuple, TypedDict

import orjson

from events.change_tokens import Token
from events.domain import Event, EventFields, FieldError, InvalidRequestError
from events.replays import NoReadsLeftError, Reads, Replay
from events.services import get_events
from events.storage.changes import ChangeRow, end_of_changes, query_changes
from events.storage.events import installation_id
from events.storage.lists import TimeLimit

# A page ends before it has more bytes than this, because Lambda can send 6 MB. One change has at most a megabyte.
MAX_BYTES = 5_000_000
# At most so many calls of DynamoDB read the history for one page, a megabyte each.
MAX_READS = 100
_READ_AT_ONCE = 100  # events in one call of DynamoDB
# A search of more calls than this is remembered in the token, because the next page may need it.
_CALLS_TO_REMEMBER = 3


class EventChange(TypedDict):
    """A change, and the event as the change left it (None: deleted)."""

    eventId: str
    action: str
    at: str
    event: EventFields | None


class ChangesPage(NamedTuple):
    """Changes in order. The next page is after `next`, which is the same place if nothing follows yet."""

    changes: list[EventChange]
    next: Token


def latest() -> Token:
    """The place after which all changes follow that a list of the events may lack now. Raises StorageError."""
    return Token(_installation(), end_of_changes())


def first() -> Token:
    """The place before the first change. Raises StorageError."""
    return Token(_installation(), "")


def _installation() -> str:
    return installation_id()[-12:]


def list_changes(after: Token, limit: int) -> ChangesPage:
    """The next changes. Fewer than `limit`, even none, if they would be too long or take too many calls.

    Raises InvalidRequestError (the token is of another installation), StorageError.
    """
    if after.installation != _installation():
        raise InvalidRequestError([FieldError("after", "is a token of another installation", "invalid_token")])
    page = _Page(after)
    rows = query_changes(after.after, limit)
    for start in range(0, len(rows), _READ_AT_ONCE):
        part = rows[start : start + _READ_AT_ONCE]
        # Read now: Replay requires that the events are read before their history.
        current = get_events(row.event_id for row in part if row.action != "delete")
        for row in part:
            if not page.add(row, current.get(row.event_id)):
                return page.end()
    return page.end()


class _Page:
    """A page that is being filled."""

    def __init__(self, after: Token) -> None:
        self._next = after
        self._earlier = after.search
        self._reads = Reads(MAX_READS, TimeLimit().until)
        self._replays: dict[str, Replay] = {}
        self._changes: list[EventChange] = []
        self._bytes = 0

    def add(self, row: ChangeRow, current: Event | None) -> bool:
        """Whether there was place, and calls were left, for the next change."""
        try:
            event = self._event(row, current)
        except NoReadsLeftError as error:
            if not self._changes:
                self._next = self._next._replace(search=error.search)
            return False
        change: EventChange = {"eventId": row.event_id, "action": row.action, "at": row.at, "event": event}
        self._bytes += _length(change)
        if self._changes and self._bytes > MAX_BYTES:
            return False
        self._changes.append(change)
        self._next = Token(self._next.installation, row.key)
        return True

    def _event(self, row: ChangeRow, current: Event | None) -> EventFields | None:
        if row.action == "delete":
            return None
        if current and current.updated_at == row.at:
            return current.fields
        if row.event_id not in self._replays:
            self._replays[row.event_id] = Replay(row, current, self._reads, self._earlier)
        return self._replays[row.event_id].after(row.at)

    def end(self) -> ChangesPage:
        long = (found for found in self._replays.values() if found.is_resumed or found.calls > _CALLS_TO_REMEMBER)
        longest = max(long, key=lambda replay: replay.calls, default=None)
        if self._changes and longest:
            self._next = self._next._replace(search=longest.search)
        return ChangesPage(self._changes, self._next)


def _length(change: EventChange) -> int:
    """In bytes, as Lambda sends it: JSON as a text in ASCII JSON."""
    return len(json.dumps(orjson.dumps(change).decode()))
