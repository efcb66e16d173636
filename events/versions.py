"""The versions of an event: its changes, its fields after each of them, and how to restore or merge one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice, takewhile
from typing import Any, cast

from events.domain import (
    FIELD_NAMES,
    Actor,
    Change,
    Event,
    EventChanges,
    EventFields,
    EventNotFoundError,
    HistoryRow,
    RevisionMismatchError,
    StorageBusyError,
    VersionNotFoundError,
    VersionOutOfReachError,
    WriteConflictError,
    moment_after,
)
from events.fields import allows, trim_changes
from events.services import LOST_EVERY_RACE, Revisions, attempts
from events.storage import events as repository
from events.storage import history

EDITABLE = tuple(name for name in FIELD_NAMES if name != "eventId")

HISTORY_PAGE = 25
MAX_TIMESTAMP_LENGTH = 40
# To find a version, at most this many calls of DynamoDB read its history in each direction, a megabyte each.
_MAX_READS = 3


@dataclass(frozen=True, slots=True)
class Past:
    """An event (None: deleted) and a page of its changes, latest first; `more`: the next page is before this time."""

    event_id: str
    event: Event | None
    rows: list[HistoryRow]
    more: str | None = None

    @property
    def title(self) -> str:
        if self.event or not self.rows:
            return self.event.fields["title"] if self.event else ""
        latest = self.rows[0]
        return latest.title or (latest.after or latest.before or {}).get("title", "")  # old rows have no title


def get_current(event_id: str) -> Event | None:
    """The event, or None if it was deleted. Raises EventNotFoundError (it never existed), StorageError."""
    event = repository.get_event(event_id) if allows("eventId", event_id) else None
    if event is None and not (allows("eventId", event_id) and history.get_history(event_id, limit=1)):
        raise EventNotFoundError(event_id)
    return event


def get_past(event_id: str, before: str | None = None) -> Past:
    """A page of the changes before a time; if there are none, the latest ones.

    Raises EventNotFoundError (it never existed), StorageError.
    """
    if not allows("eventId", event_id):
        raise EventNotFoundError(event_id)
    event = repository.get_event(event_id)
    before = before if before is None or len(before) <= MAX_TIMESTAMP_LENGTH else None
    rows, more = history.get_history_page(event_id, HISTORY_PAGE + 1, before=before)
    if before and not rows:
        return get_past(event_id)
    if event is None and not rows:
        raise EventNotFoundError(event_id)
    shown = rows[:HISTORY_PAGE]
    return Past(event_id, event, shown, shown[-1].at if more or len(rows) > len(shown) else None)


def get_history(event_id: str, limit: int, before: str | None = None) -> tuple[list[HistoryRow], bool]:
    """At most `limit` changes before a time, latest first (fewer, if they are long), and whether more may follow.

    Raises EventNotFoundError (it never existed), StorageError.
    """
    if not allows("eventId", event_id):
        raise EventNotFoundError(event_id)
    rows, more = history.get_history_page(event_id, limit + 1, before=before)
    if not rows:
        get_current(event_id)
    return rows[:limit], more or len(rows) > limit


def get_change(event_id: str, at: str) -> Past:
    """The event and one of its changes. Raises VersionNotFoundError, StorageError."""
    row = get_row(event_id, at)
    return Past(event_id, repository.get_event(event_id), [row])


def get_row(event_id: str, at: str) -> HistoryRow:
    """The change of an event at this time. Raises VersionNotFoundError, StorageError."""
    known = allows("eventId", event_id) and 0 < len(at) <= MAX_TIMESTAMP_LENGTH
    row = history.get_history_row(event_id, at) if known else None
    if row is None:
        raise VersionNotFoundError(at)
    return row


def has_restored(event_id: str, at: str, revisions: Revisions, actor: Actor) -> bool:
    """Whether the latest change is this actor's restore of this version, and the event was at a revision before."""
    match history.get_history(event_id, limit=2):
        case [latest, replaced] if (latest.restored, latest.actor) == (at, actor.name):
            return (replaced.revision or "") in revisions
    return False


def restore_version(event_id: str, at: str, revisions: Revisions, actor: Actor, only_changed: bool = False) -> Event:
    """Restores the version that the change at this time made, if the event is at a revision ("": it is deleted).

    `only_changed`: restores only the fields that this change wrote.
    Raises RevisionMismatchError, VersionNotFoundError, VersionOutOfReachError, StorageError.
    """
    if not allows("eventId", event_id):
        raise VersionNotFoundError(at)
    for _ in attempts():
        event = repository.get_event(event_id)
        agreed = revisions == "*" or (event.revision if event else "") in revisions
        if event and not agreed:
            raise RevisionMismatchError(event_id)
        rows = history.get_history(event_id, limit=1)
        if not rows:
            raise VersionNotFoundError(at)
        if not agreed:
            raise RevisionMismatchError(event_id)
        if not belong_together(event, rows[0]) and repository.get_event(event_id) != event:
            continue  # otherwise another program wrote the event after its latest change
        fields = event.fields if event else None
        version = _with_changed(fields, event_id, at) if only_changed else _version(fields, event_id, at)
        change = change_to(version, event, rows[0], actor)
        if change is None or change.after is None:
            assert event is not None
            return event
        try:
            repository.write(change._replace(restored=at))
        except WriteConflictError:
            continue
        return change.after
    raise StorageBusyError(LOST_EVERY_RACE)


def belong_together(event: Event | None, latest: HistoryRow) -> bool:
    """Whether nobody wrote between the two calls that read the event and its latest change."""
    return latest.revision == (event.revision if event else None)


def _with_changed(fields: EventFields | None, event_id: str, at: str) -> EventFields:
    row = get_row(event_id, at)
    if fields is None or row.after is None:
        raise VersionNotFoundError(at)
    return cast(EventFields, {**fields, **row.after})


def _version(fields: EventFields | None, event_id: str, at: str) -> EventFields:
    """The fields after the change at this time; `fields` are the event's current ones (None: deleted).

    A row holds only the fields that it changed. The value of another field is the `before` of the next row that changed
    it (or else its current value), and the `after` of the last row before.
    """
    row = get_row(event_id, at)
    if row.after is None:
        raise VersionNotFoundError(at)
    current: list[Mapping[str, Any] | None] = [fields]
    later = chain(([row.before for row in rows] for rows in history.read_history(event_id, after=at)), [current])
    earlier = ([row.after for row in rows] for rows in history.read_history(event_id, before=at))
    known: dict[str, Any] = {"eventId": event_id}
    for values in chain([row.after], _until_absent(later), _until_absent(earlier)):
        known.update((name, values[name]) for name in values.keys() - known.keys())
        if len(known) == len(FIELD_NAMES):
            return cast(EventFields, {name: known[name] for name in FIELD_NAMES})
    raise VersionOutOfReachError(at)


def _until_absent(pages: Iterator[list[Mapping[str, Any] | None]]) -> Iterator[Mapping[str, Any]]:
    """What a limited number of calls reads, until the event did not exist."""
    values = chain.from_iterable(islice(pages, _MAX_READS))
    return cast(Iterator[Mapping[str, Any]], takewhile(lambda fields: fields is not None, values))


def change_to(fields: EventFields | None, event: Event | None, latest: HistoryRow, actor: Actor) -> Change | None:
    """The change that gives the event these fields (None: deletes it); None if it has them already."""
    if fields is None:
        return None if event is None else Change.delete(event, actor)
    if event is None:
        at = moment_after(latest.at)
        after = Event.new(fields, actor)._replace(created_at=latest.created_at or at, updated_at=at)
        # The event may have been restored and deleted again since its latest change was read.
        return Change.restore(None, after, actor, not_deleted_after=latest.at)
    after = event.changed(
        cast(EventChanges, {name: value for name, value in fields.items() if name in EDITABLE}), actor
    )
    return None if after.fields == event.fields else Change.restore(event, after, actor)


@dataclass(frozen=True, slots=True)
class FieldMerge:
    """One field of an edit conflict; `clash`: both people changed it, to different values."""

    name: str
    original: Any
    theirs: Any
    mine: Any

    @property
    def clash(self) -> bool:
        return self.original not in (self.theirs, self.mine) and self.theirs != self.mine

    @property
    def differs(self) -> bool:
        return not self.original == self.theirs == self.mine

    @property
    def merged(self) -> Any:
        """The changed value, if only one person changed it; mine, if both did."""
        return self.theirs if self.mine == self.original else self.mine


def merge(event: Event, revision: str, mine: EventChanges) -> list[FieldMerge]:
    """What was typed into a form that was opened at an earlier revision, next to the current values.

    If that revision is too long ago to be found, the original is None, and every difference is a clash.
    """
    original = _original(event, revision)
    theirs: Mapping[str, Any] = event.fields
    typed = trim_changes(mine, original or theirs)
    return [FieldMerge(name, original.get(name), theirs[name], typed[name]) for name in EDITABLE]


def _original(event: Event, revision: str) -> Mapping[str, Any]:
    """The event's fields at an earlier revision; empty if it is not among the latest changes."""
    holders: dict[str, Mapping[str, Any]] = dict.fromkeys(EDITABLE, event.fields)
    for row in chain.from_iterable(islice(history.read_history(event.fields["eventId"]), _MAX_READS)):
        if row.revision == revision:
            return {name: fields[name] for name, fields in holders.items()}
        if row.before is None:
            break
        holders.update(dict.fromkeys(row.before, row.before))
    return {}
