"""What must hold for a table besides what is in it. A table that was restored, or adopted, may lack it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.models import Model

from events.storage.models import TABLES
from eventsite.stack import StackError
from eventsite.stack.aws import Clients
from eventsite.stack.stage import Stage
from eventsite.stack.table_resources import expiry_attribute, index_names, table_name

RECOVERY = "point-in-time recovery"
EXPIRY = "expiry of old rows"
DELETION = "deletion protection"


def find_table(clients: Clients, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = clients.of("dynamodb").describe_table(TableName=name)["Table"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise
    return found


def lacks(clients: Clients, table: type[Model], found: dict[str, Any]) -> list[str]:
    """Of the three, what is off; and the indexes that are not there."""
    dynamodb, name = clients.of("dynamodb"), found["TableName"]
    indexes = {index["IndexName"] for index in found.get("GlobalSecondaryIndexes", [])}
    lacking = [f"index {index}" for index in index_names(table) if index not in indexes]
    if not found.get("DeletionProtectionEnabled"):
        lacking.append(DELETION)
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    if backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") != "ENABLED":
        lacking.append(RECOVERY)
    if expiry_attribute(table):
        expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        if expiry["TimeToLiveStatus"] not in ("ENABLED", "ENABLING"):
            lacking.append(EXPIRY)
    return lacking


def protect(clients: Clients, stage: Stage) -> Iterator[str]:
    """Turns on what is off, and yields a sentence for each table that lacked something. Raises StackError."""
    for table in TABLES:
        name = table_name(table, stage.names)
        found = find_table(clients, name)
        if found is None:
            raise StackError(f"The stack has made {name}, but it is gone: docs/deployment.md says how to restore it.")
        lacking = lacks(clients, table, found)
        indexes = [each for each in lacking if each.startswith("index ")]
        put_right = [each for each in lacking if each not in indexes]
        for each in put_right:
            _turn_on(clients.of("dynamodb"), table, name, each)
        if put_right:
            yield f"{name} had no {' and no '.join(put_right)}: on again."
        if indexes:
            yield (
                f"{name} lacks {', '.join(indexes)}: "
                f"`EVENTS_STAGE={stage.names.stage} .venv/bin/python manage.py create_tables` makes what is missing."
            )


def _turn_on(dynamodb: Any, table: type[Model], name: str, what: str) -> None:
    if what == DELETION:
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=True)
    elif what == RECOVERY:
        recovery = {"PointInTimeRecoveryEnabled": True}
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
    else:
        expiry = {"AttributeName": expiry_attribute(table), "Enabled": True}
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
