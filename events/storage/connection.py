"""The connection to DynamoDB: its address, its timeouts, and how responses become errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any
from uuid import uuid4

import orjson
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from pynamodb.connection import Connection
from pynamodb.exceptions import PynamoDBException

from events.domain import StorageBusyError, StorageError, now
from events.storage.models import TABLES, HistoryItem, meta_table
from eventsite import aws_calls, observed

_READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan"})
WRITES = frozenset({"TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem"})

_creating = Lock()


class DynamoDB(aws_calls.Service):
    """Replaces the botocore client that PynamoDB would use."""

    name = "dynamodb"
    target = "DynamoDB_20120810"
    version = "1.0"
    # A write makes at most three calls. If all three attempts of each time out, that takes 25.5 of the gateway's 29
    # seconds. (The read timeout is for each part of a response, so a slow response may take longer.) A transaction
    # in progress gets more attempts, the last after 5.8 seconds at most: its call takes 8.3 of its 8.5 seconds.
    timeouts = (1, 2.5)
    pauses = (0.2, 0.8)

    def _make_api_call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        if operation == "TransactWriteItems":
            # With the token, DynamoDB recognizes a retry of a transaction that it has done, if the response was lost.
            parameters = {"ClientRequestToken": str(uuid4()), **parameters}
        return self.call(operation, parameters)

    @classmethod
    def seconds_for_a_call(cls) -> float:
        """How long a call takes if all its attempts time out."""
        return (1 + len(cls.pauses)) * sum(cls.timeouts) + sum(cls.pauses)

    def check_attempt(self, operation: str, parameters: dict[str, Any]) -> None:
        """Raises StorageBusyError if the time of a change is long ago, because readers of changes do not wait for it.

        Slow responses, a process that was paused or a clock that was set can delay an attempt.
        """
        if operation == "TransactWriteItems":
            puts = (item["Put"] for item in parameters["TransactItems"] if "Put" in item)
            rows = (put["Item"] for put in puts if put["TableName"] == HistoryItem.Meta.table_name)
            oldest = now(self.seconds_for_a_call())
            if any(row["at"]["S"] < oldest for row in rows):
                raise StorageBusyError("the change was delayed for too long")

    def check(self) -> None:
        """Raises StorageError if it is known without a call that nothing can be stored now."""


class ObservedConnection(Connection):
    """PynamoDB's connection. It counts the capacity units of each call for the request's log line."""

    def __init__(self, client: DynamoDB) -> None:
        super().__init__()
        self._dynamodb = client

    @property
    def client(self) -> Any:
        return self._dynamodb

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        response: dict[str, Any] = super().dispatch(operation_name, operation_kwargs)
        if operation_name in _READS or operation_name in WRITES:
            consumed: Any = response.get("ConsumedCapacity", [])
            tables = consumed if isinstance(consumed, list) else [consumed]
            # An emulator leaves the units out for BatchGetItem, whose responses are recognizable without them.
            batch = operation_name == "BatchGetItem" and isinstance(response.get("Responses"), dict)
            counted = all(isinstance(table, dict) and "CapacityUnits" in table for table in tables)
            if not counted or not (tables or batch):
                # Treat a 200 that does not come from DynamoDB as an error: a proxy or another server sent it.
                raise StorageError(f"{operation_name} got a 200, but not from DynamoDB")
            kind = "read" if operation_name in _READS else "write"
            for table in tables:
                observed.current().consume(kind, table["CapacityUnits"])
        return response


def connect(endpoint_url: str | None, read: Callable[[bytes], Any] = orjson.loads) -> ObservedConnection:
    """A new connection. `read` parses the JSON of a response."""
    local = Credentials("local", "local") if settings.DYNAMODB_LOCAL_CREDENTIALS else None
    service: type[DynamoDB] = DynamoDB
    if settings.DYNAMODB_EMBEDDED:
        from events.storage.local_dynamodb import LocalDynamoDB  # noqa: PLC0415  # Lambda does not need it

        service = LocalDynamoDB
    # Never use a proxy for the engine on this machine.
    client = service(
        settings.AWS_REGION,
        endpoint_url,
        local,
        proxies=not settings.DYNAMODB_EMBEDDED,
        ca_bundle=settings.AWS_CA_BUNDLE,
    )
    client.read = read
    connection = ObservedConnection(client)
    for table in TABLES:
        connection.add_meta_table(meta_table(table))
    return connection


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turns the errors of PynamoDB and botocore into a StorageError, whose message is for the log."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise StorageError(aws_calls.describe(error)) from error
    except PynamoDBException as error:
        kind = StorageBusyError if error_code(error) in aws_calls.THROTTLED else StorageError
        raise kind(aws_calls.describe(error.cause or error)) from error


def error_code(error: PynamoDBException) -> str | None:
    """DynamoDB's code of the error, or None if it is an error of the network."""
    # PynamoDB's own `cause_response_code` fails if the connection broke or timed out.
    return error.cause.response["Error"]["Code"] if isinstance(error.cause, ClientError) else None


_shared = cache(connect)


def connection(read: Callable[[bytes], Any] = orjson.loads) -> ObservedConnection:
    """The shared connection for each `read`, created at the first call. Safe to use from any thread."""
    with _creating:
        return _shared(settings.DYNAMODB_ENDPOINT_URL, read)
