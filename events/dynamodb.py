"""The one connection to DynamoDB: where it is, how long it waits, and how its answers are read."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import orjson
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import JSONFileLoader, Loader
from botocore.parsers import ResponseParser, ResponseParserError, ResponseParserFactory
from django.conf import settings
from pynamodb.connection import Connection
from pynamodb.exceptions import PynamoDBException

from events.domain import StorageBusyError, StorageError
from events.models import TABLES, meta_table
from eventsite import observed

# The most calls that a write makes are three: with three tries each that time out, 22.5 of the gateway's 29 seconds.
CONNECT_TIMEOUT_SECONDS = 1
READ_TIMEOUT_SECONDS = 2.5
MAX_ATTEMPTS = 3

# DynamoDB, and what credentials may have to be asked for.
_SERVICES = ["dynamodb", "sts", "sso", "sso-oidc", "signin"]

# Their answers hold no timestamps and no bytes, the two things that JSON needs botocore's model of the answer for.
# (The bytes of a history row come as the base64 they are sent as; events.models reads them.)
_PLAIN_ANSWERS = frozenset(
    {"GetItemOutput", "BatchGetItemOutput", "QueryOutput", "ScanOutput", "TransactWriteItemsOutput"}
)

_READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan"})

THROTTLED = frozenset(
    {"ProvisionedThroughputExceededException", "ThrottlingException", "ThrottlingError", "RequestLimitExceeded"}
    | {"ProvisionedThroughputExceeded", "TransactionInProgressException"}
)

_creating = Lock()


class PlainJSONParser:
    """Botocore's parser, but successful answers that are the JSON they look like are read as just that.

    Walking every value of a long list through botocore's model costs some fifteen times what reading the JSON does.
    """

    def __init__(self, botocores: ResponseParser) -> None:
        self._botocores = botocores

    def parse(self, response: dict[str, Any], shape: Any) -> Any:
        if response["status_code"] != 200 or shape is None or shape.name not in _PLAIN_ANSWERS:
            return self._botocores.parse(response, shape)
        headers = response["headers"]
        try:
            parsed = orjson.loads(response["body"])
        except orjson.JSONDecodeError as error:
            raise ResponseParserError(f"DynamoDB's answer is not JSON: {error}") from error
        if not isinstance(parsed, dict):
            raise ResponseParserError("DynamoDB's answer is not a JSON object")
        parsed["ResponseMetadata"] = {
            "RequestId": headers.get("x-amzn-requestid", ""),
            "HTTPStatusCode": 200,
            "HTTPHeaders": headers,
        }
        return parsed


class PlainJSONParserFactory(ResponseParserFactory):
    """What botocore's component registry asks for parsers; DynamoDB speaks its "json" protocol."""

    def create_parser(self, protocol_name: str) -> Any:
        parser = super().create_parser(protocol_name)
        return PlainJSONParser(parser) if protocol_name == "json" else parser


class OrjsonFileLoader(JSONFileLoader):
    """Reads botocore's own files, 1.8 MB of JSON before a first call, several times as fast as botocore."""

    def load_file(self, file_path: str) -> Any:
        """None if there is no such file; botocore leaves the ending out."""
        for ending, unpack in ((".json", bytes), (".json.gz", gzip.decompress)):
            file = Path(file_path + ending)
            if file.is_file():
                return orjson.loads(unpack(file.read_bytes()))
        return None


class DynamoDBLoader(Loader):
    """Where botocore finds its description of DynamoDB, without a look into the folders of some 400 other services."""

    FILE_LOADER_CLASS = OrjsonFileLoader

    def list_available_services(self, type_name: str) -> list[str]:
        return _SERVICES


class ObservedConnection(Connection):
    """Notes what each call took; PynamoDB asks DynamoDB for that with every one."""

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = super().dispatch(operation_name, operation_kwargs)
        if consumed := answer.get("ConsumedCapacity"):
            kind = "read" if operation_name in _READS else "write"
            for table in consumed if isinstance(consumed, list) else [consumed]:
                observed.current().consume(kind, table["CapacityUnits"])
        return answer


def connect(endpoint_url: str | None) -> Connection:
    """A new connection, with a client that is ready; it takes some 30 ms, so there is one for all."""
    key = "local" if settings.DYNAMODB_LOCAL_CREDENTIALS else None  # None: wherever botocore finds them
    connection = ObservedConnection(
        region=settings.AWS_REGION,
        host=endpoint_url,
        connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS,
        read_timeout_seconds=READ_TIMEOUT_SECONDS,
        retry_configuration={"total_max_attempts": MAX_ATTEMPTS, "mode": "standard"},
        max_pool_connections=50,
        aws_access_key_id=key,
        aws_secret_access_key=key,
    )
    session = connection.session
    session.register_component("data_loader", DynamoDBLoader())
    session.register_component("response_parser_factory", PlainJSONParserFactory())
    # A fixed one; botocore otherwise puts it together anew, twice for every call.
    # And no proxy on the way to this machine's own engine, even where the way out has one.
    session.set_default_client_config(Config(user_agent="events", proxies={} if settings.DYNAMODB_EMBEDDED else None))
    _ = connection.client  # made now, in the thread that has the session
    for table in TABLES:
        connection.add_meta_table(meta_table(table))
    return connection


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turns whatever PynamoDB and botocore raise into a StorageError that says, for the log, what went wrong."""
    try:
        yield
    except (BotoCoreError, ClientError, ResponseParserError) as error:  # none of which is one of the others
        raise StorageError(str(error)) from error
    except PynamoDBException as error:
        kind = StorageBusyError if error_code(error) in THROTTLED else StorageError
        raise kind(str(error.cause or error)) from error


def error_code(error: PynamoDBException) -> str | None:
    """What DynamoDB calls the error; None if it was none of DynamoDB's, but the network's."""
    # PynamoDB's own `cause_response_code` fails for a connection that broke or timed out.
    return error.cause.response["Error"]["Code"] if isinstance(error.cause, ClientError) else None


_shared = cache(connect)


def connection() -> Connection:
    """The connection that everything shares, made at the first call; safe to use from any thread."""
    with _creating:
        return _shared(settings.DYNAMODB_ENDPOINT_URL)
