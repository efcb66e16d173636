"""Reads and writes single events, and the conditions of each write."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4

from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from events.domain import Change, Event, IdempotencyKey, StorageBusyError, WriteConflictError
from events.storage.cached_queries import forget_cached
from events.storage.connection import connection, storage_errors
from events.storage.history import history_item
from events.storage.items import UNREVISED, created_event, read_event
from events.storage.models import (
    INSTALLATION,
    DeletionItem,
    EventItem,
    HistoryItem,
    IdempotencyItem,
    InstallationItem,
)
from eventsite import observed
from eventsite.aws_calls import THROTTLED

IDEMPOTENCY_KEYS_LIVE = timedelta(hours=24)
DELETIONS_LIVE = timedelta(hours=24)  # far longer than a write can be delayed

_CONFLICTS = frozenset({"ConditionalCheckFailed", "TransactionConflict"})


def get_event(event_id: str) -> Event | None:
    """The event (a strongly consistent read), or None."""
    with storage_errors():
        response = connection().get_item(EventItem.Meta.table_name, event_id, consistent_read=True)
    return read_event(response["Item"]) if "Item" in response else None


def write(change: Change, idempotency: IdempotencyKey | None = None) -> None:
    """Writes the event with its history row in one transaction, if the event is still at `change.before`.

    Raises WriteConflictError if another writer was first, to the event or to the idempotency key. A retry after a lost
    response is harmless, because DynamoDB recognizes the transaction by its token.
    """
    try:
        _write(change, idempotency)
    finally:
        forget_cached(_kept_status(change))  # even after an error, because the write may have been done
    observation = observed.current()
    written = change.after or change.before
    observation.event_id = written.fields["eventId"] if written and not change.actor.batch else ""
    if change.action == "create":
        observation.count("EventsCreated")


def _kept_status(change: Change) -> str | None:
    """The event's status, unless the write changes it or deletes the event."""
    before, after = (event and event.fields["status"] for event in (change.before, change.after))
    return after if before in (None, after) else None


def _write(change: Change, idempotency: IdempotencyKey | None) -> None:
    with storage_errors():
        try:
            with TransactWrite(connection=connection()) as transaction:
                _add_event(transaction, change)
                _add_deletion(transaction, change)
                transaction.save(history_item(change), condition=HistoryItem.eventId.does_not_exist())
                if idempotency:
                    _add_idempotency_key(transaction, change, idempotency)
        except TransactWriteError as error:
            codes = [reason.code if reason else "" for reason in error.cancellation_reasons]
            if not _CONFLICTS.isdisjoint(codes):
                raise WriteConflictError from error
            if not THROTTLED.isdisjoint(codes):
                raise StorageBusyError(str(error.cause)) from error
            raise


def _add_event(transaction: TransactWrite, change: Change) -> None:
    condition: Condition
    if change.before is None:
        condition = EventItem.eventId.does_not_exist()
    elif not change.before.revision.startswith(UNREVISED):
        condition = EventItem.revision == change.before.revision
    else:
        condition = EventItem.eventId.exists() & ~EventItem.revision.is_type()  # type: ignore[no-untyped-call]
    if change.after is not None:
        transaction.save(EventItem.from_event(change.after), condition=condition)
    elif change.before is not None:
        transaction.delete(EventItem(change.before.fields["eventId"]), condition=condition)


def _add_deletion(transaction: TransactWrite, change: Change) -> None:
    """A re-created event gets a later timestamp than its deletion. Otherwise its history would be in the wrong order.

    A create does not know what was before. If it is sent during a delete, DynamoDB may apply it after the delete.
    """
    if change.after is None and change.before is not None:
        key, expires = _deletion_key(change.before.fields["eventId"]), datetime.now(UTC) + DELETIONS_LIVE
        transaction.save(DeletionItem(key, at=change.at, expiresAt=expires))
    elif change.before is None and change.after is not None:
        earlier: Condition = DeletionItem.at < change.at
        if change.not_deleted_after:
            earlier &= DeletionItem.at <= change.not_deleted_after
        mark = DeletionItem(_deletion_key(change.after.fields["eventId"]))
        transaction.delete(mark, condition=DeletionItem.key.does_not_exist() | earlier)


def deleted_at(event_id: str) -> str | None:
    """When an event was deleted, if that was recently."""
    with storage_errors():
        response = connection().get_item(DeletionItem.Meta.table_name, _deletion_key(event_id), consistent_read=True)
    return response["Item"]["at"]["S"] if "Item" in response else None


def _deletion_key(event_id: str) -> str:
    return f"deleted#{event_id}"


def _add_idempotency_key(transaction: TransactWrite, change: Change, idempotency: IdempotencyKey) -> None:
    assert change.after is not None
    now = datetime.now(UTC)
    item = IdempotencyItem(
        f"idempotency#{idempotency.key}",
        expiresAt=now + IDEMPOTENCY_KEYS_LIVE,
        fingerprint=idempotency.fingerprint,
        eventId=change.after.fields["eventId"],
        at=change.at,
    )
    # DynamoDB deletes expired rows only within days.
    unused = IdempotencyItem.key.does_not_exist() | (IdempotencyItem.expiresAt < now)
    transaction.save(item, condition=unused)


def get_idempotent_create(key: str) -> tuple[str, Event] | None:
    """The fingerprint of the create that used an idempotency key, and the created event; None if it is unused."""
    with storage_errors():
        response = connection().get_item(IdempotencyItem.Meta.table_name, f"idempotency#{key}", consistent_read=True)
        used = response.get("Item")
        if used is None or int(used["expiresAt"]["N"]) < time.time():
            return None
        row = connection().get_item(
            HistoryItem.Meta.table_name, used["eventId"]["S"], range_key=used["at"]["S"], consistent_read=True
        )
    return used["fingerprint"]["S"], created_event(row["Item"])


@cache
def installation_id() -> str:
    """The random UUID of this installation, the same in every process. The first call stores it.

    Raises StorageError.
    """
    generated: Any = str(uuid4())
    with storage_errors():
        response = connection().update_item(
            InstallationItem.Meta.table_name,
            INSTALLATION,
            actions=[InstallationItem.installationId.set(InstallationItem.installationId | generated)],
            return_values="ALL_NEW",
        )
    stored: str = response["Attributes"]["installationId"]["S"]
    return stored


def has_events() -> bool:
    with storage_errors():
        return bool(connection().scan(EventItem.Meta.table_name, limit=1, consistent_read=True)["Items"])


def ping() -> None:
    """Raises StorageError unless DynamoDB responds, the events table exists, and something can be stored."""
    with storage_errors():
        connection().get_item(EventItem.Meta.table_name, "healthz")
        connection().client.check()
