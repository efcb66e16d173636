"""How a stage's stack is, in a page."""

from __future__ import annotations

from collections.abc import Iterator

from events.storage.models import TABLES
from eventsite.stack.aws import Clients
from eventsite.stack.change_sets import find_stack
from eventsite.stack.protection import find_table, lacks
from eventsite.stack.stage import Stage
from eventsite.stack.table_resources import table_name


def describe_status(clients: Clients, stage: Stage) -> Iterator[str]:
    stack = find_stack(clients, stage.names.stack)
    if stack is None:
        yield f"There is no stack {stage.names.stack}: `manage.py stack deploy {stage.names.stage}` makes it."
        return
    since = stack.get("LastUpdatedTime", stack["CreationTime"]).astimezone()
    yield f"{stage.names.stack}: {stack['StackStatus']} since {since:%Y-%m-%d %H:%M}"
    yield from _resources(clients, stage)
    yield from _tables(clients, stage)
    yield from _alarms(clients, stage)


def _resources(clients: Clients, stage: Stage) -> Iterator[str]:
    yield "Resources"
    pages = clients.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stage.names.stack)
    for page in pages:
        for resource in page["StackResourceSummaries"]:
            name = f"{resource['LogicalResourceId']}, {resource.get('PhysicalResourceId', '')}"
            yield f"  {resource['ResourceStatus']:<20} {name}"


def _tables(clients: Clients, stage: Stage) -> Iterator[str]:
    yield "Tables"
    for table in TABLES:
        name = table_name(table, stage.names)
        found = find_table(clients, name)
        if found is None:
            yield f"  {'MISSING':<20} {name}"
            continue
        lacking = lacks(clients, table, found)
        protected = f"without {', '.join(lacking)}" if lacking else "protected"
        # DynamoDB counts every six hours.
        yield f"  {found['TableStatus']:<20} {name}, about {found.get('ItemCount', 0):,} items, {protected}"


def _alarms(clients: Clients, stage: Stage) -> Iterator[str]:
    yield "Alarms"
    ours = f":{stage.names.alarms_topic}"
    pages = clients.of("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=stage.names.function)
    for page in pages:
        for alarm in page["MetricAlarms"]:
            if any(action.endswith(ours) for action in alarm["AlarmActions"]):  # not of a stage whose name goes on
                yield f"  {alarm['StateValue']:<20} {alarm['AlarmName']}"
