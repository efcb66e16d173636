"""An event's past: what was changed when, how it was then, and bringing that back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice, takewhile
from typing import Any, cast

from events.domain import (
    FIELD_NAMES,
    Actor,
    Change,
    ChangeSupersededError,
    Event,
    EventChanges,
    EventFields,
    EventNotFoundError,
    HistoryRow,
    RevisionMismatchError,
    VersionNotFoundError,
    VersionOutOfReachError,
    WriteConflictError,
    moment_after,
)
from events.fields import allows, trim_changes
from events.services import tries
from events.storage import events as repository
from events.storage import history

EDITABLE = tuple(name for name in FIELD_NAMES if name != "eventId")


HISTORY_PAGE = 25
MAX_STAMP_LENGTH = 40
# The calls, of a megabyte each at most, that look for a version in one direction of its history.
_MOST_READS = 3


@dataclass(frozen=True, slots=True)
class Past:
    """An event as it is now (None: deleted), and some of its changes, latest first; `more`: where the next begin."""

    event_id: str
    event: Event | None
    rows: list[HistoryRow]
    more: str | None = None

    @property
    def title(self) -> str:
        if self.event or not self.rows:
            return self.event.fields["title"] if self.event else ""
        latest = self.rows[0]
        return latest.title or (latest.after or latest.before or {}).get("title", "")  # a row of the first version


def get_current(event_id: str) -> Event | None:
    """The event, or None if it was deleted. Raises EventNotFoundError (there never was one), StorageError."""
    event = repository.get_event(event_id) if allows("eventId", event_id) else None
    if event is None and not (allows("eventId", event_id) and history.get_history(event_id, limit=1)):
        raise EventNotFoundError(event_id)
    return event


def get_past(event_id: str, before: str | None = None) -> Past:
    """The changes before a time, as many as fit on a page; if there are none, the latest ones.

    Raises EventNotFoundError (there never was one), StorageError.
    """
    if not allows("eventId", event_id):
        raise EventNotFoundError(event_id)
    event = repository.get_event(event_id)
    before = before if before is None or len(before) <= MAX_STAMP_LENGTH else None
    rows, more = history.get_history_page(event_id, HISTORY_PAGE + 1, before=before)
    if before and not rows:
        return get_past(event_id)
    if event is None and not rows:
        raise EventNotFoundError(event_id)
    shown = rows[:HISTORY_PAGE]
    return Past(event_id, event, shown, shown[-1].at if more or len(rows) > len(shown) else None)


def get_change(event_id: str, at: str) -> Past:
    """The event and one of its changes. Raises VersionNotFoundError, StorageError."""
    row = _row(event_id, at)
    return Past(event_id, repository.get_event(event_id), [row])


def _row(event_id: str, at: str) -> HistoryRow:
    known = allows("eventId", event_id) and 0 < len(at) <= MAX_STAMP_LENGTH
    row = history.get_history_row(event_id, at) if known else None
    if row is None:
        raise VersionNotFoundError(at)
    return row


def undo_change(event_id: str, at: str, actor: Actor) -> Event | None:
    """Makes the event what it was before its latest change, if that is the one made at this time; None: no event.

    Raises ChangeSupersededError, VersionNotFoundError, StorageError.
    """
    if not allows("eventId", event_id):
        raise VersionNotFoundError(at)
    for _ in tries():
        rows = history.get_history(event_id, limit=1)
        if not rows:
            raise VersionNotFoundError(at)
        if rows[0].at != at:
            raise ChangeSupersededError(at)
        event = repository.get_event(event_id)
        if not _is_what_left(event, rows[0]):  # written between the two reads
            continue
        change = _bring_back(event, _before(event.fields if event else None, rows[0]), rows[0], actor)
        if change is None:
            return event
        try:
            repository.write(change)
        except WriteConflictError:
            continue
        return change.after
    raise ChangeSupersededError(at)


def is_undone(event_id: str, at: str) -> bool:
    """Whether the latest change took back the one made at this time, and nothing else."""
    match history.get_history(event_id, limit=2):
        case [latest, undone] if undone.at == at:
            return (latest.before, latest.after) == (undone.after, undone.before)
    return False


def has_restored(event_id: str, revision: str, actor: Actor) -> bool:
    """Whether the latest change restored a version, by the same person, when the event was at this revision."""
    match history.get_history(event_id, limit=2):
        case [latest, replaced]:
            return (latest.action, latest.actor, replaced.revision or "") == ("restore", actor.name, revision)
    return False


def restore_version(event_id: str, at: str, revision: str, actor: Actor, only_changed: bool = False) -> Event:
    """Makes the event what the change at this time left; `revision` is what the event is at ("": there is none).

    `only_changed`: only in the fields that this change wrote.
    Raises RevisionMismatchError (it no longer is), VersionNotFoundError, VersionOutOfReachError, StorageError.
    """
    if not allows("eventId", event_id):
        raise VersionNotFoundError(at)
    for _ in tries():
        event = repository.get_event(event_id)
        if (event.revision if event else "") != revision:
            raise RevisionMismatchError(event_id)
        rows = history.get_history(event_id, limit=1)
        if rows and not _is_what_left(event, rows[0]):  # written between the two reads
            continue
        fields = event.fields if event else None
        version = _with_changed(fields, event_id, at) if only_changed else _version(fields, event_id, at)
        change = _bring_back(event, version, rows[0], actor)
        if change is None or change.after is None:
            assert event is not None
            return event
        try:
            repository.write(change)
        except WriteConflictError:
            continue
        return change.after
    raise RevisionMismatchError(event_id)


def _is_what_left(event: Event | None, row: HistoryRow) -> bool:
    """Whether the event is as its latest row says, so that what was read of both belongs together."""
    return row.revision == (event.revision if event else None)


def _before(fields: EventFields | None, row: HistoryRow) -> EventFields | None:
    """The event before a change, given what that left."""
    if row.before is None:
        return None
    return cast(EventFields, {**(fields or {}), **row.before})


def _with_changed(fields: EventFields | None, event_id: str, at: str) -> EventFields:
    row = _row(event_id, at)
    if fields is None or row.after is None:
        raise VersionNotFoundError(at)
    return cast(EventFields, {**fields, **row.after})


def _version(fields: EventFields | None, event_id: str, at: str) -> EventFields:
    """The fields that the change at this time left, where the event now has `fields` (None: deleted).

    Rows hold only the fields that they changed. Each other field was what the next row that changed it found (what it
    is now, if none did), and what the last row before left.
    """
    row = _row(event_id, at)
    if row.after is None:
        raise VersionNotFoundError(at)
    now: list[Mapping[str, Any] | None] = [fields]
    found = chain(([row.before for row in rows] for rows in history.read_history(event_id, after=at)), [now])
    left = ([row.after for row in rows] for rows in history.read_history(event_id, before=at))
    known: dict[str, Any] = {"eventId": event_id}
    for values in chain([row.after], _until_absent(found), _until_absent(left)):
        known.update((name, values[name]) for name in values.keys() - known.keys())
        if len(known) == len(FIELD_NAMES):
            return cast(EventFields, known)
    raise VersionOutOfReachError(at)


def _until_absent(pages: Iterator[list[Mapping[str, Any] | None]]) -> Iterator[Mapping[str, Any]]:
    """What a bounded number of calls reads, up to where there was no event."""
    values = chain.from_iterable(islice(pages, _MOST_READS))
    return cast(Iterator[Mapping[str, Any]], takewhile(lambda fields: fields is not None, values))


def _bring_back(event: Event | None, fields: EventFields | None, latest: HistoryRow, actor: Actor) -> Change | None:
    """The change that makes the event this; None: it is."""
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
    """One field of a conflict: as it was, as another saved it, as typed here; a clash: both changed it, differently."""

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
        """What only one of both changed, as changed; of a clash, mine."""
        return self.theirs if self.mine == self.original else self.mine


def merge(event: Event, revision: str, mine: EventChanges) -> list[FieldMerge]:
    """What was typed into a form opened at an earlier revision, beside what is there now.

    Where the latest changes do not reach back to that revision, the original is None, and all that differs clashes.
    """
    original = _original(event, revision)
    theirs: Mapping[str, Any] = event.fields
    typed = trim_changes(mine, original or theirs)
    return [FieldMerge(name, original.get(name), theirs[name], typed[name]) for name in EDITABLE]


def _original(event: Event, revision: str) -> Mapping[str, Any]:
    """The event's fields at an earlier revision; none if it is not among the latest changes."""
    holders: dict[str, Mapping[str, Any]] = dict.fromkeys(EDITABLE, event.fields)
    for row in chain.from_iterable(islice(history.read_history(event.fields["eventId"]), _MOST_READS)):
        if row.revision == revision:
            return {name: fields[name] for name, fields in holders.items()}
        if row.before is None:
            break
        holders.update(dict.fromkeys(row.before, row.before))
    return {}
