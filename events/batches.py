"""Many changes at once: prepared, confirmed, made part by part, reported, and undone together.

Each task uses the same services as a single change. It is done only once, even if a part runs twice (after an
interruption, or in two windows at once), because the history row of each change names the batch.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from datetime import datetime, timedelta
from itertools import repeat
from typing import NamedTuple, cast

from events import services, undo
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
from events.tasks import Batch, BatchKind, Outcome, Task, kind_of, new_batch_id

MAX_TASKS = 5000
SECONDS_FOR_A_STEP = 3.0
_AT_ONCE = 8
# The clock of the machine that runs a batch may differ by this much from that of the machine that stored it.
_CLOCKS_DIFFER = timedelta(days=1)

_DONE, _SAME = Outcome("done"), Outcome("same")
_CHANGED = Outcome("failed", "The event has a newer change, so nothing was done.")
# Why a task fails, as the report shows it.
_FAILURES: dict[type[Exception], Outcome] = {
    RevisionMismatchError: _CHANGED,
    ChangeSupersededError: _CHANGED,
    VersionNotFoundError: _CHANGED,
    EventNotFoundError: Outcome("failed", "The event was already deleted."),
    EventExistsError: Outcome("failed", "An event with this ID already exists."),
}


def prepare(kind: BatchKind, tasks: Sequence[Task], actor: Actor, note: str, remark: str = "") -> Batch:
    """Stores the tasks, but changes no event yet. The batch waits to be confirmed, until newer ones replace it.

    Only an undo is confirmed from the start. Raises InvalidRequestError (no tasks, or too many), StorageError.
    """
    check_number(len(tasks))
    optional = sum(task.optional for task in tasks)
    parts = list(batch_repository.split(tasks))
    batch = Batch(
        id=new_batch_id(kind),
        kind=kind,
        actor=actor.name,
        note=note,
        created_at=now(),
        tasks=len(tasks) - optional,
        parts=len(parts),
        confirmed=kind == "undo",
        remark=remark,
        optional=optional,
    )
    batch_repository.add_batch(batch, parts)
    return batch


def check_number(number: int) -> None:
    """Raises InvalidRequestError if a batch cannot have so many tasks."""
    if not 0 < number <= MAX_TASKS:
        raise InvalidRequestError([FieldError("events", f"must be 1 to {MAX_TASKS:,} at once")])


def get_batch(batch_id: str, actor: Actor) -> Batch:
    """Raises BatchNotFoundError (also if it belongs to somebody else and the actor is not an admin), StorageError."""
    batch = batch_repository.get_batch(batch_id) if kind_of(batch_id) else None
    if batch is None or not (batch.actor == actor.name or actor.is_admin):
        raise BatchNotFoundError(batch_id)
    return batch


def tasks_of(batch: Batch) -> Iterator[tuple[Task, Outcome | None]]:
    """Each task with its outcome (None: not run yet); the parts are read one by one, on demand.

    Without the optional tasks that were not selected, once the batch is confirmed.
    """
    for number in range(batch.parts):
        tasks, outcomes = batch_repository.get_part(batch.id, number)
        if batch.confirmed:
            tasks = [task for task in tasks if batch.includes(task)]
        yield from zip(tasks, outcomes or repeat(None, len(tasks)), strict=True)


def select(batch_id: str, actor: Actor, rows: Collection[str] | None) -> None:
    """Selects which optional tasks a waiting batch does, by the numbers of their rows; None selects all of them.

    If the batch has begun, nothing changes.
    Raises BatchNotFoundError, InvalidRequestError (then nothing is left to do), StorageError.
    """
    batch = get_batch(batch_id, actor)
    if batch.confirmed or not batch.optional:
        return
    optional = (task.row for task, _ in tasks_of(batch) if task.optional and task.row is not None)
    selected = frozenset(row for row in optional if rows is None or str(row) in rows)
    check_number(batch.tasks - len(batch.selected) + len(selected))
    with suppress(WriteConflictError):  # another window has begun
        batch_repository.select(batch, selected)


def run(batch_id: str, actor: Actor, seconds: float = SECONDS_FOR_A_STEP) -> Batch:
    """Confirms the batch and runs its parts, until all are finished or the time is up. At least one part is run.

    Raises BatchNotFoundError, StorageError (tasks that were done stay done, and are not done again by the next run).
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
    # Before `begin_part`: another run of this part starts later, and so does a deletion of what that run created.
    begun_at = now()
    is_first_run = batch_repository.begin_part(batch.id, batch.next)
    part_run = _PartRun(batch, actor._replace(batch=batch.id), begun_at, resumed=not is_first_run)
    tasks, _ = batch_repository.get_part(batch.id, batch.next)
    if batch.optional:
        chosen = get_batch(batch.id, actor)  # until the first part began, another window could change the selection
        tasks = [task for task in tasks if chosen.includes(task)]
    # Each in a copy of the context, so that the request's log line counts its calls.
    running = [workers.submit(copy_context().run, part_run.do, task) for task in tasks]
    batch_repository.finish_part(batch.id, batch.next, [task.result() for task in running])


def undo_batch(batch_id: str, actor: Actor) -> Batch:
    """A confirmed batch, still to be run, that undoes another one. Further calls return the same batch.

    It belongs to the owner of the other batch, even if an admin undoes it, so that the owner can read its report.
    Raises BatchNotFoundError (see `undo.check_batch`), StorageError.
    """
    batch = get_batch(batch_id, actor)
    if batch.undone_by:
        return get_batch(batch.undone_by, actor)
    undo.check_batch(batch)
    tasks = [
        Task("undo", task.event_id, task.title, row=task.row, undoes=batch_id, date=task.date)
        for task, outcome in tasks_of(batch)
        if outcome == _DONE
    ]
    undoing = prepare("undo", tasks, Actor(batch.actor), batch.note)
    try:
        batch_repository.note_undo(batch_id, undoing.id)
    except WriteConflictError:  # the button was pressed twice; this one is never run
        return undo_batch(batch_id, actor)
    return undoing


class _PartRun(NamedTuple):
    """One run of a part; `resumed`: an earlier run may have done some of its tasks, or may still be at work."""

    batch: Batch
    actor: Actor
    begun_at: str
    resumed: bool

    def do(self, task: Task) -> Outcome:
        if task.problem:
            return Outcome("failed", task.problem)
        if self.resumed and self._is_done(task):
            return _DONE
        try:
            return self._change(task)
        except tuple(_FAILURES) as error:
            return _DONE if self._is_done(task) else _FAILURES[type(error)]

    def _is_done(self, task: Task) -> bool:
        """Whether this batch has made the change, even if the event was changed again afterwards."""
        since = datetime.fromisoformat(self.batch.created_at) - _CLOCKS_DIFFER
        return history.has_change_of_batch(task.event_id, self.batch.id, since.isoformat())

    def _change(self, task: Task) -> Outcome:
        revisions: services.Revisions = "*" if task.revision is None else [task.revision]
        match task.action:
            case "create":
                fields = cast(EventFields, task.changes)
                # If another run of this part created the event, and somebody deleted it, it stays deleted.
                services.create_event(fields, self.actor, not_deleted_after=self.begun_at)
            case "update":
                changes = cast(EventChanges, task.changes)
                changed = services.update_event(task.event_id, changes, self.actor, revisions)
                if changed.revision == task.revision:
                    return _SAME
            case "delete":
                services.delete_event(task.event_id, self.actor, revisions)
            case "undo":
                undo.undo_change_of_batch(task.event_id, task.undoes or "", self.actor)
        return _DONE
