"""The tables for CloudFormation, derived from their models, and what the site does with each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from pynamodb.constants import KEY_TYPE
from pynamodb.models import Model

from events.storage.models import TABLES, AccessItem, EventItem, HistoryItem, table_schema
from eventsite.stack.names import Names
from eventsite.stack.stage import Stage


@dataclass(frozen=True)
class Use:
    """IAM's actions on the table itself (the site only queries indexes), and the operations that CloudWatch counts."""

    actions: tuple[str, ...]
    calls: tuple[str, ...]


# What the site does with each table: tests/deployment/test_template_role.py checks it. A transaction needs the actions
# of its parts, and CloudWatch counts it as one operation.
USES: dict[type[Model], Use] = {
    EventItem: Use(
        actions=("BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Scan", "UpdateItem"),
        calls=("BatchGetItem", "GetItem", "Query", "Scan", "TransactWriteItems", "UpdateItem"),
    ),
    HistoryItem: Use(
        actions=("GetItem", "PutItem", "Query"),
        calls=("GetItem", "Query", "TransactWriteItems"),
    ),
    AccessItem: Use(
        actions=("BatchGetItem", "DeleteItem", "GetItem", "PutItem", "UpdateItem"),
        calls=("BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "TransactWriteItems", "UpdateItem"),
    ),
}


def logical_id(table: type[Model], names: Names | None = None) -> str:
    """EventTable, HistoryTable, AccessTable; with a time if restored: another ID is another table of the stack."""
    restored = names.tables.rpartition("-at-")[2] if names else ""
    return table.__name__.removesuffix("Item") + "Table" + restored


def table_name(table: type[Model], names: Names) -> str:
    return names.events_table + table.Meta.table_name.removeprefix(EventItem.Meta.table_name)


def index_names(table: type[Model]) -> list[str]:
    return sorted(index["index_name"] for index in table_schema(table)["global_secondary_indexes"])


def expiry_attribute(table: type[Model]) -> str | None:
    """The attribute with which DynamoDB deletes expired items. Only one table has such items."""
    return AccessItem.expiresAt.attr_name if table is AccessItem else None


def table_resources(stage: Stage) -> dict[str, Any]:
    return {logical_id(table, stage.names): _table_resource(table, stage) for table in TABLES}


def _table_resource(table: type[Model], stage: Stage) -> dict[str, Any]:
    schema = table_schema(table)
    indexes = [
        {
            "IndexName": index["index_name"],
            "KeySchema": _keys(index["key_schema"]),
            "Projection": index["projection"],
            "OnDemandThroughput": stage.table_limits,
        }
        for index in sorted(schema["global_secondary_indexes"], key=itemgetter("index_name"))
    ]
    expiry = expiry_attribute(table)
    return {
        "Type": "AWS::DynamoDB::Table",
        # Data outlives the stack. A new stack imports the tables.
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "TableName": table_name(table, stage.names),
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": sorted(schema["attribute_definitions"], key=itemgetter("AttributeName")),
            "KeySchema": _keys(schema["key_schema"]),
            "GlobalSecondaryIndexes": indexes,
            "OnDemandThroughput": stage.table_limits,
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "SSESpecification": {"SSEEnabled": True},
            "DeletionProtectionEnabled": True,
            **({"TimeToLiveSpecification": {"AttributeName": expiry, "Enabled": True}} if expiry else {}),
            "Tags": stage.tags,
        },
    }


def _keys(key_schema: Iterable[Any]) -> list[Any]:
    return sorted(key_schema, key=itemgetter(KEY_TYPE))  # HASH must come before RANGE
