"""The one connection to DynamoDB: where it is, how long it waits, and how its answers are read."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Any

import orjson
from botocore.config import Config
from botocore.loaders import Loader
from botocore.parsers import JSONParser, ResponseParserError, ResponseParserFactory
from django.conf import settings
from pynamodb.connection import Connection

from events.models import TABLES, meta_table

# Two calls, each with its retries and the pauses between them, fit into the gateway's 29 seconds.
CONNECT_TIMEOUT_SECONDS = 1
READ_TIMEOUT_SECONDS = 3
MAX_ATTEMPTS = 3

# Their answers hold no timestamps and no bytes, the two things that JSON needs botocore's model of the answer for.
# (The bytes of a history row come as the base64 they are sent as; events.models reads them.)
_PLAIN_ANSWERS = frozenset(
    {"GetItemOutput", "BatchGetItemOutput", "QueryOutput", "ScanOutput", "TransactWriteItemsOutput"}
)

_creating = Lock()


class PlainJSONParser(JSONParser):  # type: ignore[misc]
    """Botocore's parser, but successful answers that are the JSON they look like are read as just that.

    Walking every value of a long list through botocore's model costs some fifteen times what reading the JSON does.
    """

    def parse(self, response: dict[str, Any], shape: Any) -> dict[str, Any]:
        if response["status_code"] != 200 or shape is None or shape.name not in _PLAIN_ANSWERS:
            parsed: dict[str, Any] = super().parse(response, shape)
            return parsed
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


class PlainJSONParserFactory(ResponseParserFactory):  # type: ignore[misc]
    """What botocore's component registry asks for parsers; DynamoDB speaks only its "json" protocol."""

    def create_parser(self, protocol_name: str) -> Any:
        if protocol_name == "json":
            return PlainJSONParser(**self._defaults)
        return super().create_parser(protocol_name)


class DynamoDBLoader(Loader):  # type: ignore[misc]
    """Where botocore finds its description of DynamoDB, without a look into the folders of some 400 other services."""

    def list_available_services(self, type_name: str) -> list[str]:
        return ["dynamodb"]


@cache
def _connection(endpoint_url: str | None) -> Connection:
    keys = {}
    if settings.DYNAMODB_LOCAL_CREDENTIALS:
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    connection = Connection(
        region=settings.AWS_REGION,
        host=endpoint_url,
        connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS,
        read_timeout_seconds=READ_TIMEOUT_SECONDS,
        retry_configuration={"total_max_attempts": MAX_ATTEMPTS, "mode": "standard"},
        max_pool_connections=50,
        **keys,
    )
    session = connection.session
    session.register_component("data_loader", DynamoDBLoader())
    session.register_component("response_parser_factory", PlainJSONParserFactory())
    # A fixed one; botocore otherwise puts it together anew, twice for every call.
    session.set_default_client_config(Config(user_agent="events"))
    _ = connection.client  # made now, in the thread that has the session
    for table in TABLES:
        connection.add_meta_table(meta_table(table))
    return connection


def connection() -> Connection:
    """The connection that everything shares, made at the first call; safe to use from any thread."""
    with _creating:
        return _connection(settings.DYNAMODB_ENDPOINT_URL)
