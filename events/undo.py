"""Undo: makes an event what it was before a change. Decides here, and only here, what undo refuses:

- a change that is not the event's latest: ChangeSupersededError;
- a latest change that did not make a revision that the caller named: RevisionMismatchError;
- a change that the history does not have: VersionNotFoundError;
- a batch that is not finished, or changed nothing: BatchNotFoundError.

`eventsite/errors.py` has the message of each; `events/batches.py` has the reasons that a report shows.
"""

from __future__ import annotations

from typing import cast

from events.domain import (
    Actor,
    BatchNotFoundError,
    ChangeSupersededError,
    Event,
    EventFields,
    HistoryRow,
    RevisionMismatchError,
    VersionNotFoundError,
    WriteConflictError,
)
from events.fields import allows
from events.services import Revisions, attempts
from events.storage import events as repository
from events.storage import history
from events.tasks import Batch
from events.versions import belong_together, change_to, get_row


def undo_change(event_id: str, at: str | None, actor: Actor, revisions: Revisions = "*") -> Event | None:
    """Undoes the event's latest change, which must be the one made at this time (None: the one that made a revision).

    Returns the event (None: deleted).
    Raises ChangeSupersededError, RevisionMismatchError, VersionNotFoundError, StorageError.
    """
    if not allows("eventId", event_id):
        raise VersionNotFoundError(at)
    for _ in attempts():
        rows = history.get_history(event_id, limit=1)
        if not rows:
            raise VersionNotFoundError(at)
        if at is not None and at != rows[0].at:
            get_row(event_id, at)
            raise ChangeSupersededError(at)
        if not _has_made(rows[0], revisions):
            raise RevisionMismatchError(event_id)
        event = repository.get_event(event_id)
        if not belong_together(event, rows[0]):
            if history.get_history(event_id, limit=1)[0].at == rows[0].at:  # another program wrote the event since
                raise ChangeSupersededError(at)
            continue
        change = change_to(_before(event, rows[0]), event, rows[0], actor)
        if change is None:
            return event
        try:
            repository.write(change)
        except WriteConflictError:
            continue
        return change.after
    raise ChangeSupersededError(at)


def _before(event: Event | None, latest: HistoryRow) -> EventFields | None:
    """The event's fields before its latest change."""
    if latest.before is None:
        return None
    return cast(EventFields, {**(event.fields if event else {}), **latest.before})


def undo_change_of_batch(event_id: str, batch_id: str, actor: Actor) -> None:
    """Undoes the event's latest change, which must be one of this batch.

    Raises ChangeSupersededError, VersionNotFoundError, StorageError.
    """
    rows = history.get_history(event_id, limit=1)
    if not rows or rows[0].batch != batch_id:
        raise ChangeSupersededError
    undo_change(event_id, rows[0].at, actor)


def has_undone(event_id: str, at: str | None, actor: Actor, revisions: Revisions = "*") -> bool:
    """Whether this person has just undone the change made at this time (None: the one that made a revision).

    Raises StorageError.
    """
    match history.get_history(event_id, limit=2):
        case [latest, undone] if at in (None, undone.at) and latest.actor == actor.name:
            return _has_made(undone, revisions) and (latest.before, latest.after) == (undone.after, undone.before)
    return False


def _has_made(change: HistoryRow, revisions: Revisions) -> bool:
    return revisions == "*" or (change.revision or "") in revisions


def check_batch(batch: Batch) -> None:
    """Raises BatchNotFoundError if there is nothing to undo: the batch is not finished, or changed nothing."""
    if not (batch.finished and batch.done):
        raise BatchNotFoundError(batch.id)
