"""Many changes at once: planned, confirmed, made part by part, reported, and undone together.

Each task goes through the same services as a single change. A part may be run twice (a lost answer, two windows): what
it did already is known again by the batch's id in the history.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from datetime import UTC, datetime
from itertools import repeat
from typing import cast

from events import batch_repository, history, services, versions
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
)
from events.tasks import Batch, BatchKind, Outcome, Task

MAX_TASKS = 5000
SECONDS_FOR_A_STEP = 3.0
_AT_ONCE = 8
_BATCH_ID = re.compile("[a-z]{4,6}-[0-9a-f]{16}")
# How far back a change is looked for that this batch made before it was interrupted.
_ROWS_LOOKED_AT = 20

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
    """Keeps what is to be done until it is confirmed; nothing is changed yet.

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
        created_at=datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        tasks=len(tasks),
        parts=len(parts),
        confirmed=confirmed,
    )
    batch_repository.add_batch(batch, parts)
    return batch


def get_batch(batch_id: str, actor: Actor) -> Batch:
    """Raises BatchNotFoundError (it may be somebody else's), StorageError."""
    batch = batch_repository.get_batch(batch_id) if _BATCH_ID.fullmatch(batch_id) else None
    if batch is None or batch.actor != actor.name:
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
    if not batch.confirmed:
        batch_repository.confirm(batch_id)
    actor = actor._replace(batch=batch_id)
    with ThreadPoolExecutor(_AT_ONCE) as workers:
        while not batch.finished:
            tasks, _ = batch_repository.get_part(batch_id, batch.next)
            # Each in a context of its own, so that what it takes is noted for this request.
            doing = [workers.submit(copy_context().run, _do, task, actor) for task in tasks]
            outcomes = [done.result() for done in doing]
            with suppress(WriteConflictError):  # another window runs it, too
                batch_repository.finish_part(batch_id, batch.next, outcomes)
            batch = get_batch(batch_id, actor)
            if time.monotonic() > until:
                break
    return batch


def undo(batch_id: str, actor: Actor) -> Batch:
    """The batch, confirmed already, that undoes what another did; run it. There is one, however often this is asked.

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
    undoing = prepare("undo", tasks, actor, batch.note, confirmed=True)
    try:
        batch_repository.note_undo(batch_id, undoing.id)
    except WriteConflictError:  # the button was pressed twice; this one is never run
        return undo(batch_id, actor)
    return undoing


def _do(task: Task, actor: Actor) -> Outcome:
    try:
        return _attempt(task, actor)
    except tuple(_NOT_DONE) as error:
        rows = history.get_history(task.event_id, _ROWS_LOOKED_AT)
        done_before = any(row.batch == actor.batch for row in rows)
        return _DONE if done_before else _NOT_DONE[type(error)]


def _attempt(task: Task, actor: Actor) -> Outcome:
    revisions: services.Revisions = "*" if task.revision is None else [task.revision]
    match task.action:
        case "create":
            services.create_event(cast(EventFields, task.changes), actor)
        case "update":
            changed = services.update_event(task.event_id, cast(EventChanges, task.changes), actor, revisions)
            if changed.revision == task.revision:
                return _SAME
        case "delete":
            services.delete_event(task.event_id, actor, revisions)
        case "undo":
            rows = history.get_history(task.event_id, limit=1)
            if not rows or rows[0].batch != task.undoes:
                raise ChangeSupersededError
            versions.undo_change(task.event_id, rows[0].at, actor)
    return _DONE
