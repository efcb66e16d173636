"""Creates the tables from their models on the local engine and in tests. On AWS, the stack creates them."""

from __future__ import annotations

import time
from operator import itemgetter

from django.conf import settings
from pynamodb.constants import (
    ACTIVE,
    ATTR_DEFINITIONS,
    GLOBAL_SECONDARY_INDEX_UPDATES,
    GLOBAL_SECONDARY_INDEXES,
    INDEX_NAME,
    KEY_SCHEMA,
    KEY_TYPE,
    PAY_PER_REQUEST_BILLING_MODE,
    PROJECTION,
    TABLE_NAME,
    TABLE_STATUS,
)
from pynamodb.exceptions import PynamoDBException
from pynamodb.models import Model

from events.domain import StorageError
from events.storage.connection import connection, error_code, storage_errors
from events.storage.models import TABLES, AccessItem, table_schema

_SECONDS_TO_WAIT = 60


def create_tables() -> list[str]:
    """Creates the missing tables, waits until all are active, and returns the names of the new ones.

    Raises StorageError if DynamoDB refuses, or a table is not active within a minute.
    """
    with storage_errors():
        created = [table.Meta.table_name for table in TABLES if _create(table)]
        for table in TABLES:
            _wait_until_active(table.Meta.table_name)
            _add_indexes(table)
        if AccessItem.Meta.table_name in created:
            connection().update_time_to_live(AccessItem.Meta.table_name, AccessItem.expiresAt.attr_name)
    return created


def _create(table: type[Model]) -> bool:
    try:
        connection().create_table(
            table.Meta.table_name, billing_mode=PAY_PER_REQUEST_BILLING_MODE, **table_schema(table)
        )
    except PynamoDBException as error:
        if error_code(error) == "ResourceInUseException":
            return False
        raise
    return True


def _add_indexes(table: type[Model]) -> None:
    """Adds missing indexes to a table of an earlier version. DynamoDB creates one at a time."""
    name, schema = table.Meta.table_name, table_schema(table)
    existing = {index[INDEX_NAME] for index in connection().describe_table(name).get(GLOBAL_SECONDARY_INDEXES, [])}
    for index in schema["global_secondary_indexes"]:
        if index["index_name"] not in existing:
            create = {
                INDEX_NAME: index["index_name"],
                KEY_SCHEMA: sorted(index["key_schema"], key=itemgetter(KEY_TYPE)),
                PROJECTION: index["projection"],
            }
            connection().dispatch(
                "UpdateTable",
                {
                    TABLE_NAME: name,
                    ATTR_DEFINITIONS: schema["attribute_definitions"],
                    GLOBAL_SECONDARY_INDEX_UPDATES: [{"Create": create}],
                },
            )
            _wait_until_active(name)


def _wait_until_active(name: str) -> None:
    until = time.monotonic() + _SECONDS_TO_WAIT
    while not _is_active(name):
        if time.monotonic() > until:
            raise StorageError(f"The table {name} is not ready after {_SECONDS_TO_WAIT} seconds.")
        time.sleep(0.5)


def _is_active(name: str) -> bool:
    table = connection().describe_table(name) or {}
    if TABLE_STATUS not in table:
        raise StorageError(f"The server at {settings.DYNAMODB_ENDPOINT_URL} is not DynamoDB.")
    indexes = table.get(GLOBAL_SECONDARY_INDEXES, [])
    return all(status == ACTIVE for status in [table[TABLE_STATUS], *(index["IndexStatus"] for index in indexes)])
