"""Reads and writes rows of the access table, one or several in a transaction. Accounts and batches use it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from pynamodb.exceptions import DeleteError, PutError, TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from events.domain import StorageBusyError
from events.storage.connection import connection, error_code, storage_errors
from events.storage.models import AccessItem
from eventsite.aws_calls import THROTTLED

TABLE: str = AccessItem.Meta.table_name
_BATCH_GET_KEYS = 100  # DynamoDB's own limit
_ATTEMPTS = 6

Item = TypeVar("Item", bound=AccessItem)
OtherItem = TypeVar("OtherItem", bound=AccessItem)


class RefusedError(Exception):
    """A condition is not met. `codes`: DynamoDB's reason for each row, in the order of deletes, puts, updates."""

    def __init__(self, codes: list[str | None]) -> None:
        self.codes = codes
        super().__init__(str(codes))


def get(kind: type[Item], key: str) -> Item | None:
    """The row (a strongly consistent read), or None if it expired: DynamoDB deletes expired rows only within days."""
    with storage_errors():
        response = connection().get_item(TABLE, key, consistent_read=True)
    return _unexpired(kind, response["Item"]) if "Item" in response else None


def _unexpired(kind: type[Item], row: dict[str, Any]) -> Item | None:
    item = kind.from_raw_data(row)
    return None if item.expiresAt and item.expiresAt.timestamp() <= time.time() else item


def get_two(first: type[Item], key: str, second: type[OtherItem], other: str) -> tuple[Item | None, OtherItem | None]:
    """As `get` does, two different rows in one call."""
    rows = {row["key"]["S"]: row for row in _get_all([key, other])}
    return (
        _unexpired(first, rows[key]) if key in rows else None,
        _unexpired(second, rows[other]) if other in rows else None,
    )


def put(item: AccessItem, condition: Condition | None = None) -> None:
    """Writes a complete row. It replaces a row with the same key. Raises RefusedError."""
    _write(lambda: connection().put_item(TABLE, item.key, attributes=item.serialize(), condition=condition))


def update(key: str, actions: list[Action], condition: Condition | None = None) -> dict[str, Any]:
    """Writes only these attributes, and returns their previous values. Raises RefusedError."""
    response = _write(
        lambda: connection().update_item(TABLE, key, actions=actions, condition=condition, return_values="UPDATED_OLD")
    )
    previous: dict[str, Any] = response.get("Attributes", {})
    return previous


def update_once(key: str, actions: list[Action], condition: Condition) -> None:
    """Writes only these attributes, in a transaction, which costs two units instead of one. Raises RefusedError.

    If the response is lost, DynamoDB recognizes the retry. `update` would refuse it, if it no longer meets `condition`.
    """
    transact(lambda write: write.update(AccessItem(key), actions, condition=condition))


def delete(key: str, condition: Condition | None = None) -> None:
    """Raises RefusedError."""
    _write(lambda: connection().delete_item(TABLE, key, condition=condition))


def delete_once(key: str) -> None:
    """Deletes the row in a transaction, as `update_once`. Raises RefusedError if it does not exist."""
    transact(lambda write: write.delete(AccessItem(key), condition=AccessItem.key.exists()))


def _write(call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Retries while a transaction writes the same row. Raises RefusedError."""
    for _ in _attempts():
        with storage_errors():
            try:
                return call()
            except (PutError, UpdateError, DeleteError) as error:
                match error_code(error):
                    case "ConditionalCheckFailedException":
                        raise RefusedError(["ConditionalCheckFailed"]) from error
                    case "TransactionConflictException":
                        continue
                raise
    raise AssertionError  # _attempts ends by raising


class Transaction(TransactWrite):
    """Several writes, and in `afterwards` what to do when all of them are made."""

    def __init__(self) -> None:
        super().__init__(connection=connection())
        self.afterwards: list[Callable[[], None]] = []


def transact(fill: Callable[[Transaction], None]) -> None:
    """Makes all the writes that `fill` adds, or none. Raises RefusedError."""
    for _ in _attempts():
        with storage_errors():
            try:
                with Transaction() as write:
                    fill(write)
            except TransactWriteError as error:
                codes = [reason.code if reason else None for reason in error.cancellation_reasons]
                if "TransactionConflict" in codes:
                    continue
                if "ConditionalCheckFailed" in codes:
                    raise RefusedError(codes) from error
                if THROTTLED.intersection(codes):
                    raise StorageBusyError(str(error.cause)) from error
                raise
        for action in write.afterwards:
            action()
        return


def _attempts() -> Iterator[None]:
    """Pauses after each attempt, each time longer. Raises StorageBusyError after the last one."""
    for attempt in range(_ATTEMPTS):
        yield
        time.sleep(random.uniform(0, 0.05 * 2**attempt))
    raise StorageBusyError("other writers changed the same rows during every attempt")


def list_kind(kind: str, item: type[Item]) -> list[Item]:
    """All rows of a kind, in order of their keys. The index returns the keys, a consistent read the rows."""
    return sorted(get_all(list_keys(kind), item), key=lambda row: str(row.key))


def list_keys(kind: str, most: int | None = None) -> list[str]:
    """The keys of a kind, all or the first ones, in order. One of some milliseconds ago may be missing."""
    keys: list[str] = []
    position: Any = None
    while True:
        with storage_errors():
            response = connection().query(
                TABLE, kind, index_name=AccessItem.kind_index.Meta.index_name, exclusive_start_key=position, limit=most
            )
        keys += [row["key"]["S"] for row in response["Items"]]
        position = response.get("LastEvaluatedKey")
        if most or not position:
            return keys


def get_all(keys: list[str], item: type[Item]) -> list[Item]:
    """The rows with these keys that exist (consistent reads), in no particular order."""
    rows = [row for start in range(0, len(keys), _BATCH_GET_KEYS) for row in _get_all(keys[start:][:_BATCH_GET_KEYS])]
    return [item.from_raw_data(row) for row in rows]


def _get_all(keys: list[str]) -> Iterator[dict[str, Any]]:
    remaining: list[Any] = [{"key": key} for key in keys]
    for _ in _attempts():
        with storage_errors():
            response = connection().batch_get_item(TABLE, remaining, consistent_read=True)
        yield from response["Responses"][TABLE]
        remaining = response["UnprocessedKeys"].get(TABLE, {}).get("Keys", [])
        if not remaining:
            return


def has_kind(kind: str) -> bool:
    with storage_errors():
        response = connection().query(TABLE, kind, index_name=AccessItem.kind_index.Meta.index_name, limit=1)
    return bool(response["Items"])
