"""Events in DynamoDB: what is read, what is written, and under which conditions."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from events.domain import (
    FIELD_NAMES,
    Change,
    Event,
    EventFields,
    EventRange,
    IdempotencyKey,
    StorageBusyError,
    WriteConflictError,
    sort_key,
)
from events.dynamodb import THROTTLED, connection, storage_errors
from events.models import (
    ALL_EVENTS,
    UNREVISED,
    EventItem,
    HistoryItem,
    IdempotencyItem,
    created_event,
    read_event,
    read_fields,
)

SECONDS_FOR_A_LIST = 14
IDEMPOTENCY_KEYS_LIVE = timedelta(hours=24)
_FIELDS = list(FIELD_NAMES)  # a tuple is one path to PynamoDB
_BATCH_GET_KEYS = 100  # DynamoDB's own limit
_BATCH_GET_TRIES = 6

_CONFLICTS = frozenset({"ConditionalCheckFailed", "TransactionConflict"})


class _TimeLimit:
    """For reads of many calls: in Lambda, none begins once the gateway's 29 seconds could end before it does."""

    def __init__(self) -> None:
        self.until = time.monotonic() + SECONDS_FOR_A_LIST if settings.ON_LAMBDA else math.inf

    def check(self) -> None:
        if time.monotonic() > self.until:
            raise StorageBusyError(f"a list was not read after {SECONDS_FOR_A_LIST} seconds")


def get_event(event_id: str) -> Event | None:
    """The event as it is now (a strongly consistent read), or None."""
    with storage_errors():
        answer = connection().get_item(EventItem.Meta.table_name, event_id, consistent_read=True)
    return read_event(answer["Item"]) if "Item" in answer else None


def list_events() -> list[EventFields]:
    """Every event there is now (a strongly consistent scan), in order of date, then eventId."""
    keyed: list[tuple[str, str, EventFields]] = []
    position: Any = None
    time_limit = _TimeLimit()
    while True:
        time_limit.check()
        with storage_errors():
            answer = connection().scan(
                EventItem.Meta.table_name,
                attributes_to_get=_FIELDS,
                exclusive_start_key=position,
                consistent_read=True,
            )
        for item in answer["Items"]:
            fields = read_fields(item)
            keyed.append((fields["date"], fields["eventId"], fields))
        position = answer.get("LastEvaluatedKey")
        if not position:
            keyed.sort()  # the ids differ, so the fields are never compared
            return [fields for _, _, fields in keyed]


def query_events(within: EventRange, limit: int | None) -> tuple[list[EventFields], str | None]:
    """At most `limit` events of a range, in order, and the sort key of the last one read if more follow.

    Costs what these events cost, however many others there are. The indexes lag behind writes by some milliseconds.
    """
    time_limit = _TimeLimit()
    items, more = _read_index(within, limit, time_limit)
    end = items[-1]["dateAndId"]["S"] if more else None
    if within.status is not None:
        return [read_fields(item) for item in items], end
    # This index leaves the description out. An event moved out of the range since is left to the page it is now in.
    events = [
        fields
        for fields in _get_events([item["eventId"]["S"] for item in items], time_limit)
        if within.first <= sort_key(fields["date"], fields["eventId"]) <= (end or within.last)
    ]
    events.sort(key=lambda fields: (fields["date"], fields["eventId"]))
    return events, end


def _read_index(within: EventRange, limit: int | None, time_limit: _TimeLimit) -> tuple[list[dict[str, Any]], bool]:
    index = EventItem.date_index if within.status is None else EventItem.status_index
    items: list[dict[str, Any]] = []
    position: Any = None
    if within.first > within.last:  # DynamoDB takes no empty range
        return items, False
    while True:
        time_limit.check()
        with storage_errors():
            answer = connection().query(
                EventItem.Meta.table_name,
                ALL_EVENTS if within.status is None else within.status,
                index_name=index.Meta.index_name,
                range_key_condition=EventItem.dateAndId.between(within.first, within.last),
                exclusive_start_key=position,
                limit=limit and limit + 1 - len(items),  # one more, to know whether there is one
            )
        items += answer["Items"]
        position = answer.get("LastEvaluatedKey")
        if limit and len(items) > limit:
            return items[:limit], True
        if not position:
            return items, False


def _get_events(event_ids: list[str], time_limit: _TimeLimit) -> Iterator[EventFields]:
    """Those of these events that there are now, in no particular order."""
    table = EventItem.Meta.table_name
    for start in range(0, len(event_ids), _BATCH_GET_KEYS):
        keys: list[Any] = [{"eventId": key} for key in event_ids[start : start + _BATCH_GET_KEYS]]
        for attempt in range(_BATCH_GET_TRIES):
            time_limit.check()
            with storage_errors():
                answer = connection().batch_get_item(table, keys, consistent_read=True, attributes_to_get=_FIELDS)
            yield from map(read_fields, answer["Responses"][table])
            # What did not fit into one answer (16 MB), or was throttled.
            keys = answer["UnprocessedKeys"].get(table, {}).get("Keys", [])
            if not keys:
                break
            time.sleep(random.uniform(0, 0.05 * 2**attempt))
        else:
            raise StorageBusyError("DynamoDB kept leaving keys of a batch unread")


def write(change: Change, idempotency: IdempotencyKey | None = None) -> None:
    """One transaction: the event, if it still is what `change` says it was, with its history row (and key).

    Raises WriteConflictError if another writer was first, to the event or to the key. A retry after a lost answer is
    harmless: botocore gives each transaction a token, by which DynamoDB knows it again.
    """
    with storage_errors():
        try:
            with TransactWrite(connection=connection()) as transaction:
                _add_event(transaction, change)
                transaction.save(_history_item(change), condition=HistoryItem.eventId.does_not_exist())
                if idempotency:
                    _add_idempotency_key(transaction, change, idempotency)
        except TransactWriteError as error:
            codes = [reason.code if reason else "" for reason in error.cancellation_reasons]
            if not _CONFLICTS.isdisjoint(codes):
                raise WriteConflictError from error
            if not THROTTLED.isdisjoint(codes):
                raise StorageBusyError(str(error.cause)) from error
            raise
    if settings.DYNAMODB_EMBEDDED:
        # DynamoDB Local answers a transaction before its file has it: killed just then, it would lose it. It answers
        # the next call once the file has. AWS answers what it has.
        ping()


def _add_event(transaction: TransactWrite, change: Change) -> None:
    condition: Condition
    if change.before is None:
        condition = EventItem.eventId.does_not_exist()
    elif not change.before.revision.startswith(UNREVISED):
        condition = EventItem.revision == change.before.revision
    else:
        condition = EventItem.eventId.exists() & EventItem.revision.does_not_exist()
    if change.after is not None:
        transaction.save(EventItem.from_event(change.after), condition=condition)
    elif change.before is not None:
        transaction.delete(EventItem(change.before.fields["eventId"]), condition=condition)


def _history_item(change: Change) -> HistoryItem:
    before: Mapping[str, Any] = change.before.fields if change.before else {}
    after: Mapping[str, Any] = change.after.fields if change.after else {}
    event = change.after or change.before
    assert event is not None
    changed = [name for name in FIELD_NAMES if before.get(name) != after.get(name)]
    return HistoryItem(
        eventId=event.fields["eventId"],
        at=change.at,
        action=change.action,
        actor=change.actor.name,
        address=change.actor.address,
        revision=change.after.revision if change.after else None,
        before={name: before[name] for name in changed} if before else None,
        after={name: after[name] for name in changed} if after else None,
    )


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
    # DynamoDB removes expired rows within days, not at once.
    unused = IdempotencyItem.key.does_not_exist() | (IdempotencyItem.expiresAt < now)
    transaction.save(item, condition=unused)


def get_idempotent_create(key: str) -> tuple[str, Event] | None:
    """The fingerprint an idempotency key was used with, and the event its create made; None if it was not used."""
    with storage_errors():
        answer = connection().get_item(IdempotencyItem.Meta.table_name, f"idempotency#{key}", consistent_read=True)
        used = answer.get("Item")
        if used is None or int(used["expiresAt"]["N"]) < time.time():
            return None
        row = connection().get_item(
            HistoryItem.Meta.table_name, used["eventId"]["S"], range_key=used["at"]["S"], consistent_read=True
        )
    return used["fingerprint"]["S"], created_event(row["Item"])


def has_events() -> bool:
    with storage_errors():
        return bool(connection().scan(EventItem.Meta.table_name, limit=1, consistent_read=True)["Items"])


def ping() -> None:
    """Raises StorageError unless DynamoDB answers and the events table is there."""
    with storage_errors():
        connection().get_item(EventItem.Meta.table_name, "healthz")
