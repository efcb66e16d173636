"""Batches in the access table: one row with the progress of the batch, and one row for each part of its tasks."""

from __future__ import annotations

import zlib
from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import orjson
from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.expressions.update import Action

from events.domain import BatchNotFoundError, WriteConflictError
from events.storage import access_table
from events.storage.models import AccessItem
from events.tasks import Batch, BatchKind, Outcome, Task

BATCHES_LIVE = timedelta(days=30)
MOST_WAITING = 5  # unconfirmed batches of one person; a further one replaces the oldest
_TASKS_OF_A_PART = 50
_BYTES_OF_A_PART = 250_000  # before compression, which may not help; a row of DynamoDB holds 400 KiB


class BatchItem(AccessItem):
    """A batch and its progress, under "batch#<id>". Its parts are separate rows, under "batch#<id>#<number>".

    `begun`: the number of parts that were begun. `next`: the number of parts that are finished.
    """

    batchKind = UnicodeAttribute()
    actor = UnicodeAttribute()
    note = UnicodeAttribute()
    createdAt = UnicodeAttribute()
    tasks = NumberAttribute()
    parts = NumberAttribute()
    begun = NumberAttribute(default=0)
    next = NumberAttribute(default=0)
    done = NumberAttribute(default=0)
    same = NumberAttribute(default=0)
    failed = NumberAttribute(default=0)
    confirmed = BooleanAttribute(default=False)
    undoneBy = UnicodeAttribute(null=True)
    remark = UnicodeAttribute(null=True)
    optional = NumberAttribute(default=0)
    selected = NumberSetAttribute(null=True)


class BatchPartItem(AccessItem):
    """Some of a batch's tasks, and the outcome of each: both as compressed JSON."""

    tasks = BinaryAttribute(legacy_encoding=False)
    outcomes = BinaryAttribute(legacy_encoding=False, null=True)


class WaitingBatchesItem(AccessItem):
    """A person's latest unconfirmed batches, under "waiting-batches#<actor>": time, ID and parts of each."""

    batches = UnicodeSetAttribute()


def split(tasks: Sequence[Task]) -> Iterator[bytes]:
    """The tasks in parts, each as JSON."""
    part: list[bytes] = []
    size = 0
    for task in tasks:
        written = orjson.dumps(asdict(task))
        if part and (len(part) == _TASKS_OF_A_PART or size + len(written) > _BYTES_OF_A_PART):
            yield b"[" + b",".join(part) + b"]"
            part, size = [], 0
        part.append(written)
        size += len(written)
    if part:
        yield b"[" + b",".join(part) + b"]"


def add_batch(batch: Batch, parts: Sequence[bytes]) -> None:
    """Stores the parts, then the batch itself, so that a stored batch is always complete."""
    expires = datetime.now(UTC) + BATCHES_LIVE
    for number, part in enumerate(parts):
        access_table.put(BatchPartItem(_part_key(batch.id, number), tasks=zlib.compress(part), expiresAt=expires))
    item = BatchItem(
        _key(batch.id),
        batchKind=batch.kind,
        actor=batch.actor,
        note=batch.note,
        createdAt=batch.created_at,
        tasks=batch.tasks,
        parts=batch.parts,
        confirmed=batch.confirmed,
        remark=batch.remark or None,
        optional=batch.optional,
        expiresAt=expires,
    )
    access_table.put(item)
    if not batch.confirmed:
        _replace_oldest(batch, expires)


def _replace_oldest(batch: Batch, expires: datetime) -> None:
    """Adds the batch to those that wait, and deletes the oldest beyond the limit, unless they are confirmed."""
    key, noted = f"waiting-batches#{batch.actor}", WaitingBatchesItem.batches
    entry = f"{batch.created_at} {batch.id} {batch.parts}"
    before = access_table.update(key, [noted.add({entry}), WaitingBatchesItem.expiresAt.set(expires)])
    waiting = {entry, *before.get("batches", {}).get("SS", [])}
    surplus = sorted(waiting)[:-MOST_WAITING]
    for replaced in surplus:
        _, batch_id, parts = replaced.split(" ")
        _delete_unconfirmed(batch_id, int(parts))
    if surplus:
        access_table.update(key, [noted.delete({*surplus})])


def _delete_unconfirmed(batch_id: str, parts: int) -> None:
    waits = AccessItem.key.does_not_exist() | (BatchItem.confirmed == False)  # noqa: E712  # a condition of DynamoDB's
    try:
        access_table.delete(_key(batch_id), waits)
    except access_table.RefusedError:
        return
    for number in range(parts):
        access_table.delete(_part_key(batch_id, number))


def _key(batch_id: str) -> str:
    return f"batch#{batch_id}"


def _part_key(batch_id: str, number: int) -> str:
    return f"batch#{batch_id}#{number}"


def get_batch(batch_id: str) -> Batch | None:
    item = access_table.get(BatchItem, _key(batch_id))
    if item is None:
        return None
    return Batch(
        id=batch_id,
        kind=cast(BatchKind, item.batchKind),
        actor=item.actor,
        note=item.note,
        created_at=item.createdAt,
        tasks=int(item.tasks),
        parts=int(item.parts),
        next=int(item.next),
        done=int(item.done),
        same=int(item.same),
        failed=int(item.failed),
        confirmed=item.confirmed,
        undone_by=item.undoneBy,
        remark=item.remark or "",
        optional=int(item.optional),
        selected=frozenset(map(int, item.selected or ())),
    )


def get_part(batch_id: str, number: int) -> tuple[list[Task], list[Outcome]]:
    """A part's tasks, and their outcomes: none yet, or one for each task. Raises BatchNotFoundError."""
    item = access_table.get(BatchPartItem, _part_key(batch_id, number))
    if item is None:
        raise BatchNotFoundError(batch_id)
    tasks = [Task(**task) for task in _unpack(item.tasks)]
    return tasks, [Outcome(**outcome) for outcome in _unpack(item.outcomes)]


def _unpack(packed: bytes | None) -> list[dict[str, Any]]:
    """`packed` is in Base64, as DynamoDB sends it: this project's client does not decode it."""
    unpacked: list[dict[str, Any]] = orjson.loads(zlib.decompress(b64decode(packed))) if packed else []
    return unpacked


def select(batch: Batch, rows: frozenset[int]) -> None:
    """Stores which optional tasks are selected. Raises WriteConflictError if the batch has begun."""
    chosen = BatchItem.selected.set(set(rows)) if rows else BatchItem.selected.remove()
    actions: list[Action] = [BatchItem.tasks.set(batch.tasks - len(batch.selected) + len(rows)), chosen]
    try:
        access_table.update(_key(batch.id), actions, BatchItem.key.exists() & (BatchItem.begun == 0))
    except access_table.RefusedError as error:
        raise WriteConflictError from error


def begin_part(batch_id: str, number: int) -> bool:
    """Confirms the batch and begins the part. Returns False if the part was begun before: some tasks may be done.

    Raises WriteConflictError if another runner has finished the part already.
    """
    actions: list[Action] = [BatchItem.confirmed.set(True), BatchItem.begun.set(number + 1)]
    try:
        before = access_table.update(_key(batch_id), actions, BatchItem.next == number)
    except access_table.RefusedError as error:
        raise WriteConflictError from error
    return before.get("begun") == {"N": str(number)}


def finish_part(batch_id: str, number: int, outcomes: Sequence[Outcome]) -> None:
    """Stores the outcomes of a part. Raises WriteConflictError if another runner has finished the part already."""
    packed = zlib.compress(orjson.dumps([asdict(outcome) for outcome in outcomes]))
    counts = {kind: sum(outcome.kind == kind for outcome in outcomes) for kind in ("done", "same", "failed")}

    def fill(write: access_table.Transaction) -> None:
        actions: list[Action] = [
            BatchItem.next.set(number + 1),
            BatchItem.done.add(counts["done"]),
            BatchItem.same.add(counts["same"]),
            BatchItem.failed.add(counts["failed"]),
        ]
        write.update(BatchItem(_key(batch_id)), actions, condition=BatchItem.next == number)
        part = BatchPartItem(_part_key(batch_id, number))
        write.update(part, [BatchPartItem.outcomes.set(packed)], condition=BatchPartItem.key.exists())

    try:
        access_table.transact(fill)
    except access_table.RefusedError as error:
        raise WriteConflictError from error


def note_undo(batch_id: str, undo_id: str) -> None:
    """Stores which batch undoes this one. Raises WriteConflictError if another one does already."""
    first = BatchItem.key.exists() & BatchItem.undoneBy.does_not_exist()
    try:
        access_table.update(_key(batch_id), [BatchItem.undoneBy.set(undo_id)], first)
    except access_table.RefusedError as error:
        raise WriteConflictError from error
