"""The tables of the running DynamoDB Local, read and emptied directly."""

from __future__ import annotations

from typing import Any

from pynamodb.models import Model

from events.storage.cached_queries import forget_cached
from events.storage.connection import connection
from events.storage.events import installation_id
from events.storage.models import TABLES, table_schema


def read_table(table: type[Model], attributes: list[str] | None = None) -> list[dict[str, Any]]:
    """Every item of a table, as DynamoDB returns it."""
    items: list[dict[str, Any]] = []
    position = None
    while True:
        response = connection().scan(
            table.Meta.table_name, attributes_to_get=attributes, exclusive_start_key=position, consistent_read=True
        )
        items += response["Items"]
        position = response.get("LastEvaluatedKey")
        if not position:
            return items


def empty_tables() -> None:
    """Deletes every item, and what this process remembers of them."""
    forget_cached()
    installation_id.cache_clear()
    for table in TABLES:
        keys = read_table(table, [key["AttributeName"] for key in table_schema(table)["key_schema"]])
        for start in range(0, len(keys), 25):
            connection().batch_write_item(table.Meta.table_name, delete_items=keys[start : start + 25])
