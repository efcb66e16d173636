"""Restores a stage's tables as of an earlier time, beside the current ones. docs/deployment.md explains the switch."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from events.storage.models import INSTALLATION, TABLES, AccessItem, InstallationItem
from eventsite.stack import StackError, progress
from eventsite.stack.aws import Clients
from eventsite.stack.lifecycle import Say
from eventsite.stack.protection import find_table, protect
from eventsite.stack.stage import Stage
from eventsite.stack.table_resources import table_name

_SECONDS_BETWEEN_LINES = 60


def restore(clients: Clients, stage: Stage, at: datetime, say: Say) -> None:
    """Raises StackError. If it is interrupted, the same call continues."""
    restored = replace(stage, names=stage.names.restored_at(at))
    if restored.names == stage.names:
        raise StackError(f"{stage.name} already uses {stage.names.events_table}.")
    _check_time(clients, stage, at)
    dynamodb = clients.of("dynamodb")
    for table in TABLES:
        source, target = table_name(table, stage.names), table_name(table, restored.names)
        if find_table(clients, target) is None:
            say(f"Restoring {source} to {target}.")
            times = {"SourceTableName": source, "TargetTableName": target, "RestoreDateTime": at}
            dynamodb.restore_table_to_point_in_time(**times)
    # By AWS's documentation, a restored table has neither tags, expiry nor point-in-time recovery. It says nothing of
    # deletion protection and limits, so `protect` looks at all of them.
    for table in TABLES:
        arn = _wait(clients, table_name(table, restored.names), say)
        dynamodb.tag_resource(ResourceArn=arn, Tags=stage.tags)
    for sentence in protect(clients, restored):
        say(sentence)
    # So that the site refuses tokens of `GET /changes` from before the switch: they may be later than the lost changes.
    item = InstallationItem(INSTALLATION, installationId=str(uuid4())).serialize()
    dynamodb.put_item(TableName=table_name(AccessItem, restored.names), Item=item)
    for table in TABLES:
        counts = [_count(clients, table_name(table, each.names)) for each in (stage, restored)]
        say(f"{table_name(table, restored.names)}: {counts[1]:,} items. Now there are {counts[0]:,}.")
    say(f"{stage.name} does not use them yet. docs/deployment.md says how to read them, switch to them or delete them.")


def leftovers(clients: Clients, stage: Stage) -> Iterator[str]:
    """A line for each table that was restored, or replaced by a restored one, and that the stage does not use."""
    used = {table_name(table, stage.names) for table in TABLES}
    for page in clients.of("dynamodb").get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            if stage.names.is_table(name) and name not in used:
                yield f"{name}: left by a restore. {stage.name} does not use it."


def _check_time(clients: Clients, stage: Stage, at: datetime) -> None:
    for table in TABLES:
        name = table_name(table, stage.names)
        backups = clients.of("dynamodb").describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        recovery = backups.get("PointInTimeRecoveryDescription", {})
        first, last = recovery.get("EarliestRestorableDateTime"), recovery.get("LatestRestorableDateTime")
        if not first or not last:
            raise StackError(f"{name} has no point-in-time recovery.")
        if not first <= at <= last:
            raise StackError(f"{name} can be restored as of {_text(first)} to {_text(last)}, not as of {_text(at)}.")


def _text(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _wait(clients: Clients, name: str, say: Say) -> str:
    """Waits until the table is restored, which takes minutes to hours. Returns its ARN."""
    start = said = time.monotonic()
    while True:
        found = find_table(clients, name) or {}
        if found.get("TableStatus") == "ACTIVE":
            arn: str = found["TableArn"]
            return arn
        if (now := time.monotonic()) - said >= _SECONDS_BETWEEN_LINES:
            said = now
            say(f"{name}: {found.get('TableStatus', 'starting')} after {(now - start) / 60:.0f} minutes.")
        time.sleep(progress.PAUSE_SECONDS)


def _count(clients: Clients, name: str) -> int:
    """Reads the whole table: 128 read units for each megabyte, about 0.02 USD for a gigabyte."""
    pages = clients.of("dynamodb").get_paginator("scan").paginate(TableName=name, Select="COUNT")
    return sum(page["Count"] for page in pages)
