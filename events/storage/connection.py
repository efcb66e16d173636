"""The one connection to DynamoDB: where it is, how long it waits, and how its answers are read."""

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

from events.domain import StorageBusyError, StorageError
from events.storage.models import TABLES, meta_table
from eventsite import aws_calls, observed

_READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan"})
WRITES = frozenset({"TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem"})

_creating = Lock()


class DynamoDB(aws_calls.Service):
    """Stands where PynamoDB has a client of botocore's."""

    name = "dynamodb"
    target = "DynamoDB_20120810"
    version = "1.0"
    # A write makes three calls at most: with three tries each that time out, 25.5 of the gateway's 29 seconds. (To read
    # is to wait for more of an answer: one that trickles in may take longer.)
    timeouts = (1, 2.5)
    pauses = (0.2, 0.8)

    def _make_api_call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        if operation == "TransactWriteItems":
            # By it DynamoDB knows a repeat of what it has carried out, where the first answer was lost.
            parameters = {"ClientRequestToken": str(uuid4()), **parameters}
        return self.call(operation, parameters)

    def check(self) -> None:
        """Raises StorageError if nothing can be stored now, where that can be known without a call."""


class ObservedConnection(Connection):
    """PynamoDB's connection; notes what each call took, for which PynamoDB asks DynamoDB with every one."""

    def __init__(self, client: DynamoDB) -> None:
        super().__init__()
        self._dynamodb = client

    @property
    def client(self) -> Any:
        return self._dynamodb

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = super().dispatch(operation_name, operation_kwargs)
        if operation_name in _READS or operation_name in WRITES:
            consumed: Any = answer.get("ConsumedCapacity", [])
            tables = consumed if isinstance(consumed, list) else [consumed]
            # A batch's answer says enough by itself; an emulator leaves its units out.
            batch = operation_name == "BatchGetItem" and isinstance(answer.get("Responses"), dict)
            counted = all(isinstance(table, dict) and "CapacityUnits" in table for table in tables)
            if not counted or not (tables or batch):
                # Whatever says 200 and no more has done nothing: a portal on the way, another server at this address.
                raise StorageError(f"{operation_name} was answered with 200, but not by DynamoDB")
            kind = "read" if operation_name in _READS else "write"
            for table in tables:
                observed.current().consume(kind, table["CapacityUnits"])
        return answer


def connect(endpoint_url: str | None, read: Callable[[bytes], Any] = orjson.loads) -> ObservedConnection:
    """A new connection; `read`: what makes an answer of its JSON."""
    local = Credentials("local", "local") if settings.DYNAMODB_LOCAL_CREDENTIALS else None
    service: type[DynamoDB] = DynamoDB
    if settings.DYNAMODB_EMBEDDED:
        from events.storage.local_dynamodb import LocalDynamoDB  # noqa: PLC0415  # which Lambda does not load

        service = LocalDynamoDB
    # No proxy on the way to this machine's own engine, even where the way out has one.
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
    """Turns whatever PynamoDB and botocore raise into a StorageError that says, for the log, what went wrong."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise StorageError(str(error)) from error
    except PynamoDBException as error:
        kind = StorageBusyError if error_code(error) in aws_calls.THROTTLED else StorageError
        raise kind(str(error.cause or error)) from error


def error_code(error: PynamoDBException) -> str | None:
    """What DynamoDB calls the error; None if it was none of DynamoDB's, but the network's."""
    # PynamoDB's own `cause_response_code` fails for a connection that broke or timed out.
    return error.cause.response["Error"]["Code"] if isinstance(error.cause, ClientError) else None


_shared = cache(connect)


def connection(read: Callable[[bytes], Any] = orjson.loads) -> ObservedConnection:
    """The connection that all who read so share, made at the first call; safe to use from any thread."""
    with _creating:
        return _shared(settings.DYNAMODB_ENDPOINT_URL, read)
