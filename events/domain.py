"""Events and changes as data types, and the errors that the services raise."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple, TypedDict

from events.fields import FIELDS
from events.rules import Code


class EventFields(TypedDict):
    """An event as clients see it: the fields of the API, under the names of the API."""

    eventId: str
    title: str
    description: str
    date: str
    location: str
    capacity: int
    organizer: str
    status: str


class EventSummary(TypedDict):
    """A row of a list: an event without its description, and its revision ("": unknown)."""

    eventId: str
    title: str
    date: str
    location: str
    capacity: int
    organizer: str
    status: str
    revision: str


FIELD_NAMES = tuple(field.name for field in FIELDS)


def sort_key(date: str, event_id: str) -> str:
    """The order of every list. A key with an empty ID sorts before all events of its day."""
    return f"{date}#{event_id}"


class EventRange(NamedTuple):
    """Which events to read: of one status, from first to last date (inclusive), between two sort keys (exclusive)."""

    status: str | None = None
    first_date: str | None = None
    last_date: str | None = None
    after: str | None = None
    before: str | None = None

    @property
    def first(self) -> str:
        r"""The lowest sort key of the range. "\x01" sorts before every longer key with the same beginning."""
        first = sort_key(self.first_date or "0", "")
        return first if self.after is None else max(first, self.after + "\x01")

    @property
    def last(self) -> str:
        """A sort key higher than those of the last day ("$" sorts after their "#"), or the excluded one in `before`."""
        last = f"{self.last_date or '9999-99-99'}$"
        return last if self.before is None else min(last, self.before)


class Search(NamedTuple):
    """Events of a range; `text`: with all its words in title, location, organizer or ID; others: with exactly these."""

    within: EventRange = EventRange()
    text: str = ""
    latest_first: bool = False
    location: str = ""
    organizer: str = ""

    @property
    def is_filtered(self) -> bool:
        return bool(self.text or self.location or self.organizer)


class SummaryPage(NamedTuple):
    """One page; `end`: the last sort key that was read, if more may follow; `full`: the page has all that fit on it."""

    events: list[EventSummary]
    end: str | None
    full: bool


class MatchCount(NamedTuple):
    """How many events match a search; `more`: at least so many, because the count stopped."""

    number: int
    more: bool = False


class EventChanges(TypedDict, total=False):
    """The fields of a partial update."""

    title: str
    description: str
    date: str
    location: str
    capacity: int
    organizer: str
    status: str


class Actor(NamedTuple):
    """The person or key that makes a change: a name for the history, the network address ("": none), the batch."""

    name: str
    address: str = ""
    batch: str | None = None
    is_admin: bool = False  # may open, continue and undo the batches of others


class Event(NamedTuple):
    """A stored event; `revision` is a new random token at every write, times are UTC in ISO 8601 with microseconds."""

    fields: EventFields
    revision: str
    created_at: str
    updated_at: str
    updated_by: str

    @classmethod
    def new(cls, fields: EventFields, actor: Actor, deleted_at: str | None = None) -> Event:
        """`deleted_at`: when an event with this ID was last deleted."""
        at = moment_after(deleted_at) if deleted_at else now()
        return cls(fields, secrets.token_hex(8), at, at, actor.name)

    def changed(self, changes: EventChanges, actor: Actor) -> Event:
        """The next revision, with these changes."""
        fields: EventFields = {**self.fields, **changes}
        at = self.next_moment()
        return self._replace(fields=fields, revision=secrets.token_hex(8), updated_at=at, updated_by=actor.name)

    def next_moment(self) -> str:
        return moment_after(self.updated_at)


def moment_after(last: str) -> str:
    """Now, or a microsecond after the last change if this machine's clock is behind."""
    return _timestamp(max(datetime.now(UTC), datetime.fromisoformat(last) + timedelta(microseconds=1)))


def now(seconds_ago: float = 0) -> str:
    return _timestamp(datetime.now(UTC) - timedelta(seconds=seconds_ago))


def _timestamp(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


Action = Literal["create", "update", "delete", "restore"]


class Change(NamedTuple):
    """One write: the event before (None: it did not exist) and after (None: it is deleted), the time, and the actor.

    A create is refused if the event was deleted after `not_deleted_after` or `at`. `restored`: the version's time.
    """

    action: Action
    before: Event | None
    after: Event | None
    at: str
    actor: Actor
    not_deleted_after: str | None = None
    restored: str | None = None

    @classmethod
    def create(cls, event: Event, actor: Actor, not_deleted_after: str | None = None) -> Change:
        return cls("create", None, event, event.created_at, actor, not_deleted_after)

    @classmethod
    def update(cls, before: Event, after: Event, actor: Actor) -> Change:
        return cls("update", before, after, after.updated_at, actor)

    @classmethod
    def delete(cls, event: Event, actor: Actor) -> Change:
        return cls("delete", event, None, event.next_moment(), actor)

    @classmethod
    def restore(cls, before: Event | None, after: Event, actor: Actor, not_deleted_after: str | None = None) -> Change:
        return cls("restore", before, after, after.updated_at, actor, not_deleted_after)


class HistoryRow(NamedTuple):
    """One change in the history. `before` and `after` hold the fields that changed (None: the event did not exist)."""

    event_id: str
    at: str
    action: Action
    actor: str
    address: str
    title: str
    revision: str | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    created_at: str | None
    batch: str | None
    restored: str | None


class ActivityRow(NamedTuple):
    """One change in the list of all changes. `changed`: the names of the fields."""

    event_id: str
    at: str
    action: Action
    actor: str
    title: str
    changed: tuple[str, ...]
    batch: str | None
    key: str


class ActivityFilter(NamedTuple):
    """Changes by one of these authors (none: all), of one action ("": all, "bulk": batches), and of a time."""

    actors: tuple[str, ...] = ()
    action: str = ""
    since: str = ""
    until: str = ""

    @property
    def matches_some(self) -> bool:
        return bool(self.actors or self.action)


class IdempotencyKey(NamedTuple):
    """A client's key for one create, and the fingerprint of the body: both as hexadecimal SHA-256."""

    key: str
    fingerprint: str


class FieldError(NamedTuple):
    """An error of one field. `message` completes a sentence that begins with the field's name."""

    field: str
    message: str
    code: Code = "invalid"


class InvalidRequestError(Exception):
    """The request is invalid. It holds all errors."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{error.field} {error.message}" for error in errors))


class EventNotFoundError(Exception):
    """No event has this ID."""


class EventExistsError(Exception):
    """An event with this ID exists already."""


class RevisionMismatchError(Exception):
    """The event is not at a revision that the client named."""


class ChangeSupersededError(Exception):
    """The change is not the latest one of the event, so it cannot be undone by itself."""


class VersionNotFoundError(Exception):
    """The history has no such version of the event."""


class VersionOutOfReachError(Exception):
    """The part of the history that one request may read does not have every field of this version."""


class StorageError(Exception):
    """DynamoDB failed. The message is for the log only."""


class StorageBusyError(StorageError):
    """DynamoDB throttles, or too many writers change one event. A retry may succeed in a moment."""


class BatchNotFoundError(Exception):
    """There is no such batch, it belongs to somebody else, it expired, or newer ones replaced it."""


class ExportTooLongError(Exception):
    """The file is larger than Lambda can send."""


class WriteConflictError(Exception):
    """Another writer was first, so the event or an idempotency key has changed. The services handle it."""
