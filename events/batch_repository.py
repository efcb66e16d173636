"""Batches on the access table: a row that says how far one is, and its tasks in parts of a row each."""

from __future__ import annotations

import time
import zlib
from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from pynamodb.attributes import BinaryAttribute, BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import TransactWriteError, UpdateError
from pynamodb.transactions import TransactWrite

from events.domain import BatchNotFoundError, WriteConflictError
from events.dynamodb import connection, error_code, storage_errors
from events.models import AccessItem
from events.tasks import Batch, Outcome, Task

BATCHES_LIVE = timedelta(days=30)
_CONFLICTS = frozenset({"ConditionalCheckFailed", "TransactionConflict"})
_TASKS_OF_A_PART = 50
_BYTES_OF_A_PART = 250_000  # compressed or not; DynamoDB takes 400 KiB a row


class BatchItem(AccessItem):
    """A batch: what kind, whose, and how far it is; its parts are rows of their own, under "batch#<id>#<number>"."""

    batchKind = UnicodeAttribute()
    actor = UnicodeAttribute()
    note = UnicodeAttribute()
    createdAt = UnicodeAttribute()
    tasks = NumberAttribute()
    parts = NumberAttribute()
    next = NumberAttribute(default=0)
    done = NumberAttribute(default=0)
    same = NumberAttribute(default=0)
    failed = NumberAttribute(default=0)
    confirmed = BooleanAttribute(default=False)
    undoneBy = UnicodeAttribute(null=True)


class BatchPartItem(AccessItem):
    """Some of a batch's tasks, and what became of each: both as compressed JSON."""

    tasks = BinaryAttribute(legacy_encoding=False)
    outcomes = BinaryAttribute(legacy_encoding=False, null=True)


def split(tasks: Sequence[Task]) -> Iterator[bytes]:
    """The tasks in parts, as the JSON that is stored."""
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
    """Stores the parts, then the batch itself: a batch that is there is whole."""
    expires = datetime.now(UTC) + BATCHES_LIVE
    for number, part in enumerate(parts):
        _put(BatchPartItem(_part_key(batch.id, number), tasks=zlib.compress(part), expiresAt=expires))
    item = BatchItem(
        f"batch#{batch.id}",
        batchKind=batch.kind,
        actor=batch.actor,
        note=batch.note,
        createdAt=batch.created_at,
        tasks=batch.tasks,
        parts=batch.parts,
        confirmed=batch.confirmed,
        expiresAt=expires,
    )
    _put(item)


def _put(item: AccessItem) -> None:
    with storage_errors():
        connection().put_item(
            AccessItem.Meta.table_name,
            item.key,
            attributes=item.serialize(),
        )


def _part_key(batch_id: str, number: int) -> str:
    return f"batch#{batch_id}#{number}"


def _get(key: str) -> dict[str, Any] | None:
    with storage_errors():
        answer = connection().get_item(AccessItem.Meta.table_name, key, consistent_read=True)
    item: dict[str, Any] | None = answer.get("Item")
    return item if item and int(item["expiresAt"]["N"]) > time.time() else None


def get_batch(batch_id: str) -> Batch | None:
    item = _get(f"batch#{batch_id}")
    if item is None:
        return None
    return Batch(
        id=batch_id,
        kind=item["batchKind"]["S"],
        actor=item["actor"]["S"],
        note=item["note"]["S"],
        created_at=item["createdAt"]["S"],
        tasks=int(item["tasks"]["N"]),
        parts=int(item["parts"]["N"]),
        next=int(item["next"]["N"]),
        done=int(item["done"]["N"]),
        same=int(item["same"]["N"]),
        failed=int(item["failed"]["N"]),
        confirmed=item["confirmed"]["BOOL"],
        undone_by=item.get("undoneBy", {}).get("S"),
    )


def get_part(batch_id: str, number: int) -> tuple[list[Task], list[Outcome]]:
    """A part's tasks, and what became of them: nothing yet, or one outcome each. Raises BatchNotFoundError."""
    item = _get(_part_key(batch_id, number))
    if item is None:
        raise BatchNotFoundError(batch_id)
    tasks = [Task(**task) for task in _unpack(item["tasks"])]
    return tasks, [Outcome(**outcome) for outcome in _unpack(item.get("outcomes"))]


def _unpack(attribute: dict[str, str] | None) -> list[dict[str, Any]]:
    unpacked: list[dict[str, Any]] = orjson.loads(zlib.decompress(b64decode(attribute["B"]))) if attribute else []
    return unpacked


def confirm(batch_id: str) -> None:
    _update(f"batch#{batch_id}", [BatchItem.confirmed.set(True)], AccessItem.key.exists())


def finish_part(batch_id: str, number: int, outcomes: Sequence[Outcome]) -> None:
    """Keeps what became of a part, and moves on. Raises WriteConflictError if another runner has done so already."""
    packed = zlib.compress(orjson.dumps([asdict(outcome) for outcome in outcomes]))
    counts = {kind: sum(outcome.kind == kind for outcome in outcomes) for kind in ("done", "same", "failed")}
    with storage_errors():
        try:
            with TransactWrite(connection=connection()) as transaction:
                transaction.update(
                    BatchItem(f"batch#{batch_id}"),
                    actions=[
                        BatchItem.next.set(number + 1),
                        BatchItem.done.add(counts["done"]),
                        BatchItem.same.add(counts["same"]),
                        BatchItem.failed.add(counts["failed"]),
                    ],
                    condition=BatchItem.next == number,
                )
                transaction.update(
                    BatchPartItem(_part_key(batch_id, number)), actions=[BatchPartItem.outcomes.set(packed)]
                )
        except TransactWriteError as error:
            if any(reason and reason.code in _CONFLICTS for reason in error.cancellation_reasons):
                raise WriteConflictError from error
            raise


def note_undo(batch_id: str, undo_id: str) -> None:
    """Keeps by which batch this one is undone. Raises WriteConflictError if it is by another already."""
    _update(f"batch#{batch_id}", [BatchItem.undoneBy.set(undo_id)], BatchItem.undoneBy.does_not_exist())


def _update(key: str, actions: list[Any], condition: Any) -> None:
    with storage_errors():
        try:
            connection().update_item(AccessItem.Meta.table_name, key, actions=actions, condition=condition)
        except UpdateError as error:
            if error_code(error) == "ConditionalCheckFailedException":
                raise WriteConflictError from error
            raise
