"""An event's past: what was changed when, how it was then, and bringing that back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from events import history, repository
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
    WriteConflictError,
    moment_after,
)
from events.rules import allows, trim_changes
from events.services import tries

EDITABLE = tuple(name for name in FIELD_NAMES if name != "eventId")


HISTORY_PAGE = 25
MAX_STAMP_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Past:
    """An event as it is now (None: deleted), and a page of its changes, latest first; `more`: where the next begins."""

    event_id: str
    event: Event | None
    rows: list[HistoryRow]
    more: str | None

    @property
    def title(self) -> str:
        latest = self.rows[0] if self.rows else None
        known = {**(latest.before or {}), **(latest.after or {})} if latest else {}  # a row of the first version
        return self.event.fields["title"] if self.event else (latest and latest.title) or known.get("title", "")


def get_past(event_id: str, before: str | None = None) -> Past:
    """Raises EventNotFoundError (there never was one), StorageError."""
    known = allows("eventId", event_id)
    event = repository.get_event(event_id) if known else None
    before = before if before is None or len(before) <= MAX_STAMP_LENGTH else None
    rows = history.get_history(event_id, HISTORY_PAGE + 1, before) if known else []
    if event is None and not rows:
        raise EventNotFoundError(event_id)
    more = rows[HISTORY_PAGE - 1].at if len(rows) > HISTORY_PAGE else None
    return Past(event_id, event, rows[:HISTORY_PAGE], more)


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


def restore_version(event_id: str, at: str, revision: str, actor: Actor) -> Event:
    """Makes the event what the change at this time left; `revision` is what the event is at ("": there is none).

    Raises RevisionMismatchError (it no longer is), VersionNotFoundError, StorageError.
    """
    if not allows("eventId", event_id):
        raise VersionNotFoundError(at)
    for _ in tries():
        rows = history.get_history(event_id)
        event = repository.get_event(event_id)
        if (event.revision if event else "") != revision:
            raise RevisionMismatchError(event_id)
        if rows and not _is_what_left(event, rows[0]):
            continue
        change = _bring_back(event, _version(event.fields if event else None, rows, at), rows[0], actor)
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


def _version(fields: EventFields | None, rows: list[HistoryRow], at: str) -> EventFields:
    for row in rows:
        if row.at == at:
            if fields is None:
                break
            return fields
        fields = _before(fields, row)
    raise VersionNotFoundError(at)


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

    Where the history does not reach back to that revision, the original is None, and all that differs clashes.
    """
    fields: EventFields | None = event.fields
    for row in history.get_history(event.fields["eventId"]):
        if row.revision == revision or fields is None:
            break
        fields = _before(fields, row)
    else:
        fields = None
    original: Mapping[str, Any] = fields or {}
    theirs: Mapping[str, Any] = event.fields
    typed = trim_changes(mine, original or theirs)
    return [FieldMerge(name, original.get(name), theirs[name], typed[name]) for name in EDITABLE]
