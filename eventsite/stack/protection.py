"""The protection of the tables: a restored or imported table may lack it, and `stack deploy` turns it on again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pynamodb.models import Model

from events.storage.models import TABLES
from eventsite.stack import StackError
from eventsite.stack.aws import Clients, find
from eventsite.stack.stage import Stage
from eventsite.stack.table_resources import expiry_attribute, index_names, table_name

RECOVERY = "point-in-time recovery"
EXPIRY = "expiry of old items"
DELETION = "deletion protection"
LIMITS = "limits of reads and writes"


def describe_tables(clients: Clients, stage: Stage) -> Iterator[str]:
    """A line for each table: its state, and whether it is protected."""
    for table in TABLES:
        name = table_name(table, stage.names)
        found = find_table(clients, name)
        if found is None:
            yield f"{name}: MISSING"
        else:
            missing = _missing(clients, stage, table, found)
            yield f"{name}: {found['TableStatus']}, " + (f"without {', '.join(missing)}" if missing else "protected")


def protect(clients: Clients, stage: Stage) -> Iterator[str]:
    """Turns on what is missing, and yields a sentence for each table that lacked something. Raises StackError."""
    for table in TABLES:
        name = table_name(table, stage.names)
        found = find_table(clients, name)
        if found is None:
            raise StackError(f"The table {name} of the stack does not exist. docs/deployment.md explains the restore.")
        missing = _missing(clients, stage, table, found)
        indexes = [each for each in missing if each.startswith("index ")]
        turned_on = [each for each in missing if each not in indexes]
        for each in turned_on:
            _turn_on(clients.of("dynamodb"), stage, table, name, each)
        if turned_on:
            yield f"{name}: turned on {', '.join(turned_on)}."
        if indexes:
            yield (
                f"{name} lacks {', '.join(indexes)}. To create it: "
                f"`EVENTS_STAGE={stage.name} .venv/bin/python manage.py create_tables`"
            )


def find_table(clients: Clients, name: str) -> dict[str, Any] | None:
    found = find(clients.of("dynamodb").describe_table, TableName=name)
    return found["Table"] if found else None


def _missing(clients: Clients, stage: Stage, table: type[Model], found: dict[str, Any]) -> list[str]:
    """The indexes that do not exist, and the kinds of protection that are off."""
    dynamodb, name = clients.of("dynamodb"), found["TableName"]
    indexes = {index["IndexName"] for index in found.get("GlobalSecondaryIndexes", [])}
    missing = [f"index {index}" for index in index_names(table) if index not in indexes]
    if not found.get("DeletionProtectionEnabled"):
        missing.append(DELETION)
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    if backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") != "ENABLED":
        missing.append(RECOVERY)
    if expiry_attribute(table):
        expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        if expiry["TimeToLiveStatus"] not in ("ENABLED", "ENABLING"):
            missing.append(EXPIRY)
    limited = (found, *found.get("GlobalSecondaryIndexes", []))
    if any(each.get("OnDemandThroughput") != stage.table_limits for each in limited):
        missing.append(LIMITS)
    return missing


def _turn_on(dynamodb: Any, stage: Stage, table: type[Model], name: str, what: str) -> None:
    if what == DELETION:
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=True)
    elif what == LIMITS:
        limits = {"OnDemandThroughput": stage.table_limits}
        indexes = [{"Update": {"IndexName": index, **limits}} for index in index_names(table)]
        dynamodb.update_table(TableName=name, GlobalSecondaryIndexUpdates=indexes, **limits)
    elif what == RECOVERY:
        recovery = {"PointInTimeRecoveryEnabled": True}
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
    else:
        expiry = {"AttributeName": expiry_attribute(table), "Enabled": True}
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
    # DynamoDB refuses a change of a table while it makes another one.
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 5, "MaxAttempts": 120})
