"""Makes the tables from their models, where no stack makes them: on the local engine, and in tests."""

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
    """Makes the tables that are missing, waits until all can be used, and returns the names of those made.

    Raises StorageError if DynamoDB refuses, or a table is not ready within a minute.
    """
    with storage_errors():
        made = [table.Meta.table_name for table in TABLES if _create(table)]
        for table in TABLES:
            _wait_until_active(table.Meta.table_name)
            _add_indexes(table)
        if AccessItem.Meta.table_name in made:
            connection().update_time_to_live(AccessItem.Meta.table_name, AccessItem.expiresAt.attr_name)
    return made


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
    """Gives a table of an earlier version the indexes it lacks. DynamoDB makes one at a time."""
    name, schema = table.Meta.table_name, table_schema(table)
    there = {index[INDEX_NAME] for index in connection().describe_table(name).get(GLOBAL_SECONDARY_INDEXES, [])}
    for index in schema["global_secondary_indexes"]:
        if index["index_name"] not in there:
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
        raise StorageError(f"What answers at {settings.DYNAMODB_ENDPOINT_URL} is no DynamoDB.")
    indexes = table.get(GLOBAL_SECONDARY_INDEXES, [])
    return all(status == ACTIVE for status in [table[TABLE_STATUS], *(index["IndexStatus"] for index in indexes)])
