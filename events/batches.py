"""Many changes at once: planned, confirmed, made part by part, reported, and undone together.

Each task goes through the same services as a single change, and is done once, even where a part is run again (it was
interrupted, or two windows run it at once): the history row of a change names the batch, and that row stays.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from datetime import datetime, timedelta
from itertools import repeat
from typing import NamedTuple, cast

from events import services, versions
from events.domain import (
    Actor,
    BatchNotFoundError,
    ChangeSupersededError,
    EventChanges,
    EventExistsError,
    EventFields,
    EventNotFoundError,
    FieldError,
    InvalidRequestError,
    RevisionMismatchError,
    VersionNotFoundError,
    WriteConflictError,
    now,
)
from events.storage import batches as batch_repository
from events.storage import history
from events.tasks import Batch, BatchKind, Outcome, Task

MAX_TASKS = 5000
SECONDS_FOR_A_STEP = 3.0
_AT_ONCE = 8
_BATCH_ID = re.compile("[a-z]{4,6}-[0-9a-f]{16}")
# How far apart the clocks of two machines may be, of which one stored a batch and the other one runs it.
_CLOCKS_DIFFER = timedelta(days=1)

_DONE, _SAME = Outcome("done"), Outcome("same")
_CHANGED = Outcome("failed", "It was changed meanwhile, so it was left as it is.")
_NOT_DONE: dict[type[Exception], Outcome] = {
    RevisionMismatchError: _CHANGED,
    ChangeSupersededError: _CHANGED,
    VersionNotFoundError: _CHANGED,
    EventNotFoundError: Outcome("failed", "It was deleted meanwhile."),
    EventExistsError: Outcome("failed", "An event with this ID was created meanwhile."),
}


def prepare(kind: BatchKind, tasks: Sequence[Task], actor: Actor, note: str, confirmed: bool = False) -> Batch:
    """Keeps what is to be done until it is confirmed, or later ones of this person replace it; changes nothing yet.

    Raises InvalidRequestError (there are none, or too many), StorageError.
    """
    if not 0 < len(tasks) <= MAX_TASKS:
        raise InvalidRequestError([FieldError("events", f"must be from 1 to {MAX_TASKS:,} at once")])
    parts = list(batch_repository.split(tasks))
    batch = Batch(
        id=f"{kind}-{secrets.token_hex(8)}",
        kind=kind,
        actor=actor.name,
        note=note,
        created_at=now(),
        tasks=len(tasks),
        parts=len(parts),
        confirmed=confirmed,
    )
    batch_repository.add_batch(batch, parts)
    return batch


def get_batch(batch_id: str, actor: Actor) -> Batch:
    """Raises BatchNotFoundError (also if it is somebody else's, and the actor is no admin), StorageError."""
    batch = batch_repository.get_batch(batch_id) if _BATCH_ID.fullmatch(batch_id) else None
    if batch is None or not (batch.actor == actor.name or actor.is_admin):
        raise BatchNotFoundError(batch_id)
    return batch


def tasks_of(batch: Batch) -> Iterator[tuple[Task, Outcome | None]]:
    """Each task with what became of it (None: nothing yet), read part by part as they are taken."""
    for number in range(batch.parts):
        tasks, outcomes = batch_repository.get_part(batch.id, number)
        yield from zip(tasks, outcomes or repeat(None, len(tasks)), strict=True)


def run(batch_id: str, actor: Actor, seconds: float = SECONDS_FOR_A_STEP) -> Batch:
    """Confirms the batch, and makes its changes until they are made, or a part is and the time is up.

    Raises BatchNotFoundError, StorageError (what was done until then stays done, and is known when it runs again).
    """
    until = time.monotonic() + seconds
    batch = get_batch(batch_id, actor)
    with ThreadPoolExecutor(_AT_ONCE) as workers:
        while not batch.finished:
            with suppress(WriteConflictError):  # another window has finished the part
                _run_part(batch, actor, workers)
            batch = get_batch(batch_id, actor)
            if time.monotonic() > until:
                break
    return batch


def _run_part(batch: Batch, actor: Actor, workers: ThreadPoolExecutor) -> None:
    begun_at = now()  # before `begin_part`: other runners then begin, and others delete what they made, after it
    fresh = batch_repository.begin_part(batch.id, batch.next)
    attempt = _Attempt(batch, actor._replace(batch=batch.id), begun_at, resumed=not fresh)
    tasks, _ = batch_repository.get_part(batch.id, batch.next)
    # Each in a context of its own, so that what it takes is noted for this request.
    doing = [workers.submit(copy_context().run, attempt.do, task) for task in tasks]
    batch_repository.finish_part(batch.id, batch.next, [done.result() for done in doing])


def undo(batch_id: str, actor: Actor) -> Batch:
    """The batch, confirmed already, that undoes what another did; run it. There is one, however often this is asked.

    It belongs to the owner of the other one, who can read its report, no matter who asks for it.
    Raises BatchNotFoundError (it did nothing, or is not finished), StorageError.
    """
    batch = get_batch(batch_id, actor)
    if batch.undone_by:
        return get_batch(batch.undone_by, actor)
    if not (batch.finished and batch.done):
        raise BatchNotFoundError(batch_id)
    tasks = [
        Task("undo", task.event_id, task.title, row=task.row, undoes=batch_id, date=task.date)
        for task, outcome in tasks_of(batch)
        if outcome == _DONE
    ]
    undoing = prepare("undo", tasks, Actor(batch.actor), batch.note, confirmed=True)
    try:
        batch_repository.note_undo(batch_id, undoing.id)
    except WriteConflictError:  # the button was pressed twice; this one is never run
        return undo(batch_id, actor)
    return undoing


class _Attempt(NamedTuple):
    """One run of a part; `resumed`: an earlier one may have done some of its tasks, or be doing them now."""

    batch: Batch
    actor: Actor
    begun_at: str
    resumed: bool

    def do(self, task: Task) -> Outcome:
        if self.resumed and self._is_done(task):
            return _DONE
        try:
            return self._try(task)
        except tuple(_NOT_DONE) as error:
            return _DONE if self._is_done(task) else _NOT_DONE[type(error)]

    def _is_done(self, task: Task) -> bool:
        """Whether this batch has made the change, no matter what happened to the event afterwards."""
        since = datetime.fromisoformat(self.batch.created_at) - _CLOCKS_DIFFER
        return history.has_change_of_batch(task.event_id, self.batch.id, since.isoformat())

    def _try(self, task: Task) -> Outcome:
        revisions: services.Revisions = "*" if task.revision is None else [task.revision]
        match task.action:
            case "create":
                fields = cast(EventFields, task.changes)
                # Where another run made the event meanwhile, and somebody deleted it, it stays deleted.
                services.create_event(fields, self.actor, not_deleted_after=self.begun_at)
            case "update":
                changes = cast(EventChanges, task.changes)
                changed = services.update_event(task.event_id, changes, self.actor, revisions)
                if changed.revision == task.revision:
                    return _SAME
            case "delete":
                services.delete_event(task.event_id, self.actor, revisions)
            case "undo":
                rows = history.get_history(task.event_id, limit=1)
                if not rows or rows[0].batch != task.undoes:
                    raise ChangeSupersededError
                versions.undo_change(task.event_id, rows[0].at, self.actor)
        return _DONE
