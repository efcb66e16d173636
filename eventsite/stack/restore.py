"""Restores a stage's tables as of an earlier time, beside the current ones. docs/deployment.md explains the switch."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from events.storage.models import INSTALLATION, TABLES, AccessItem, InstallationItem
from eventsite.stack import Say, StackError, progress
from eventsite.stack.aws import Clients
from eventsite.stack.protection import find_table, protect
from eventsite.stack.stage import Stage
from eventsite.stack.table_resources import table_name


def restore(clients: Clients, stage: Stage, at: datetime, say: Say) -> None:
    """Raises StackError. If it is interrupted, the same call continues."""
    dynamodb, restored = clients.of("dynamodb"), replace(stage, names=stage.names.restored_at(at))
    if restored.names == stage.names:
        raise StackError(f"{stage.name} already uses {stage.names.events_table}.")
    names = {table_name(table, stage.names): table_name(table, restored.names) for table in TABLES}
    for source, target in names.items():
        if find_table(clients, target) is None:
            say(f"Restoring {source} to {target}.")
            times = {"SourceTableName": source, "TargetTableName": target, "RestoreDateTime": at}
            dynamodb.restore_table_to_point_in_time(**times)
    for target in names.values():
        while (found := find_table(clients, target) or {}).get("TableStatus") != "ACTIVE":
            say(f"{target}: {found.get('TableStatus', 'starting')}.")
            time.sleep(progress.PAUSE_SECONDS * 15)
        dynamodb.tag_resource(ResourceArn=found["TableArn"], Tags=stage.tags)
    for sentence in protect(clients, restored):
        say(sentence)
    # So that the site refuses tokens of `GET /changes` from before the switch: they may be later than the lost changes.
    item = InstallationItem(INSTALLATION, installationId=str(uuid4())).serialize()
    dynamodb.put_item(TableName=table_name(AccessItem, restored.names), Item=item)
    for source, target in names.items():
        say(f"{target}: {_count(clients, target):,} items. Now there are {_count(clients, source):,}.")
    say(f"{stage.name} does not use them yet. docs/deployment.md says how to read them, switch to them or delete them.")


def leftovers(clients: Clients, stage: Stage) -> Iterator[str]:
    """A line for each table that was restored, or replaced by a restored one, and that the stage does not use."""
    used = {table_name(table, stage.names) for table in TABLES}
    for page in clients.of("dynamodb").get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            if stage.names.is_table(name) and name not in used:
                yield f"{name}: left by a restore. {stage.name} does not use it."


def _count(clients: Clients, name: str) -> int:
    """Reads the whole table: 128 read units for each megabyte, about 0.02 USD for a gigabyte."""
    pages = clients.of("dynamodb").get_paginator("scan").paginate(TableName=name, Select="COUNT")
    return sum(page["Count"] for page in pages)
