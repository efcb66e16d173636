"""What an event is, who changes it, and everything that can go wrong with it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple, TypedDict

from events.fields import FIELDS


class EventFields(TypedDict):
    """An event as the outside sees it: the contract's eight fields, under the contract's names."""

    eventId: str
    title: str
    description: str
    date: str
    location: str
    capacity: int
    organizer: str
    status: str


class EventSummary(TypedDict):
    """What a row of a list shows: an event without its description, and the revision it is at ("": not known)."""

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
    """What every list is sorted by. A date alone sorts before the events of its day."""
    return f"{date}#{event_id}"


# Named tuples, not dataclasses: Python makes their classes in a quarter of the time, which each cold start pays for.
class EventRange(NamedTuple):
    """Which events to read: one status, from one day to another (both in), after and before a sort key; None: all."""

    status: str | None = None
    first_date: str | None = None
    last_date: str | None = None
    after: str | None = None
    before: str | None = None

    @property
    def first(self) -> str:
        """The lowest sort key that is in."""
        first = sort_key(self.first_date or "0", "")
        # "\x01" sorts before whatever may go on from the same beginning.
        return first if self.after is None else max(first, self.after + "\x01")

    @property
    def last(self) -> str:
        """A sort key above the last day's ("$" follows the "#" in theirs), or the one to stop before: itself is out."""
        last = f"{self.last_date or '9999-99-99'}$"
        return last if self.before is None else min(last, self.before)


class Search(NamedTuple):
    """What staff look for: events of a range, with a text in title, location or organizer (case is ignored)."""

    within: EventRange = EventRange()
    text: str = ""
    latest_first: bool = False


class SummaryPage(NamedTuple):
    """One page in the order asked for; `end`: the sort key read up to if more may follow; `full`: not cut short."""

    events: list[EventSummary]
    end: str | None
    full: bool


class EventChanges(TypedDict, total=False):
    """The fields a partial update names."""

    title: str
    description: str
    date: str
    location: str
    capacity: int
    organizer: str
    status: str


class Actor(NamedTuple):
    """Whoever makes a change: a name for the history, the network address ("" if none), the batch it is part of.

    An admin may open, continue and undo the batches of others.
    """

    name: str
    address: str = ""
    batch: str | None = None
    is_admin: bool = False


class Event(NamedTuple):
    """A stored event; `revision` is a new random token at every write, times are UTC in ISO 8601 with microseconds."""

    fields: EventFields
    revision: str
    created_at: str
    updated_at: str
    updated_by: str

    @classmethod
    def new(cls, fields: EventFields, actor: Actor, deleted_at: str | None = None) -> Event:
        """`deleted_at`: when one with this id was deleted last, if it was."""
        at = moment_after(deleted_at) if deleted_at else now()
        return cls(fields, secrets.token_hex(8), at, at, actor.name)

    def changed(self, changes: EventChanges, actor: Actor) -> Event:
        """The next revision, with `changes` made."""
        fields: EventFields = {**self.fields, **changes}
        return self._replace(
            fields=fields, revision=secrets.token_hex(8), updated_at=self.next_moment(), updated_by=actor.name
        )

    def next_moment(self) -> str:
        return moment_after(self.updated_at)


def moment_after(last: str) -> str:
    """Now, or just after the last change where this machine's clock is behind the one that wrote it."""
    return _timestamp(max(datetime.now(UTC), datetime.fromisoformat(last) + timedelta(microseconds=1)))


def now() -> str:
    return _timestamp(datetime.now(UTC))


def _timestamp(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


Action = Literal["create", "update", "delete", "restore"]


class Change(NamedTuple):
    """One write: the event before (None: it was absent) and after (None: it goes), at which time, and by whom.

    Where the event was absent, the write is refused if the event was deleted after `not_deleted_after` or `at`.
    """

    action: Action
    before: Event | None
    after: Event | None
    at: str
    actor: Actor
    not_deleted_after: str | None = None

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
    """One change as the history has it; `before` and `after` hold the fields that changed (None: no event then)."""

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


class ActivityRow(NamedTuple):
    """One change as a line among everyone's; `changed` names the fields."""

    event_id: str
    at: str
    action: Action
    actor: str
    title: str
    changed: tuple[str, ...]
    batch: str | None
    key: str


class IdempotencyKey(NamedTuple):
    """A client's name for one create, with the fingerprint of what it sent: hexadecimal SHA-256, both."""

    key: str
    fingerprint: str


class FieldError(NamedTuple):
    """What is wrong with one field; `message` continues the sentence that the field's name begins."""

    field: str
    message: str


class InvalidRequestError(Exception):
    """The request breaks rules; holds every fault found."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{error.field} {error.message}" for error in errors))


class EventNotFoundError(Exception):
    """No event has this id."""


class EventExistsError(Exception):
    """An event has this id already."""


class RevisionMismatchError(Exception):
    """The event is not, or no longer, at a revision that the client named."""


class ChangeSupersededError(Exception):
    """The change is not the event's latest (any more), so it cannot be undone by itself."""


class VersionNotFoundError(Exception):
    """The history has no such version of this event."""


class VersionOutOfReachError(Exception):
    """The part of the history that one request may read does not hold every field of this version."""


class StorageError(Exception):
    """DynamoDB did not do what it was asked; the cause is for the log only."""


class StorageBusyError(StorageError):
    """DynamoDB throttles, or too many writers want one event; the same request may succeed in a moment."""


class BatchNotFoundError(Exception):
    """There is no such batch, it is somebody else's, it was made too long ago, or newer ones replaced it."""


class ExportTooLongError(Exception):
    """The file is longer than Lambda can send."""


class WriteConflictError(Exception):
    """Another writer was first: the event, or an idempotency key, is not as expected. Never leaves the services."""
