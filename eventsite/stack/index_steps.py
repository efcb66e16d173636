"""Splits a change of several indexes: DynamoDB creates or deletes one index of a table at a time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from eventsite.stack import StackError, progress
from eventsite.stack.aws import Clients
from eventsite.stack.changes import TABLE, Template


def next_template(before: Template, target: Template) -> tuple[Template, list[str]]:
    """The target, or a template before it that changes one index of each table; and the changes that come later.

    All that is no index changes with the first template. Raises StackError if an index would change under its name.
    """
    resources, later = dict(target["Resources"]), []
    for logical in (each for each in _tables(target) if each in before["Resources"]):
        table, old, new = resources[logical], _indexes(before["Resources"][logical]), _indexes(resources[logical])
        name = table["Properties"]["TableName"]
        if changed := [index for index in old if old[index] != new.get(index, old[index])]:
            raise StackError(
                f"DynamoDB cannot change the index {', '.join(sorted(changed))} of {name}. Give it another name in "
                "the models: the new index is then created, and the old one deleted."
            )
        created, deleted = [index for index in new if index not in old], [index for index in old if index not in new]
        if len(created) + len(deleted) > 1:
            # Create first: the version that runs until the end of the deploy may need an index that is deleted.
            index = (created or deleted)[0]
            kept = {**old, index: new[index]} if created else {key: old[key] for key in old if key != index}
            resources[logical] = _with_indexes(table, before["Resources"][logical], kept)
            steps = [f"create {each}" for each in created] + [f"delete {each}" for each in deleted]
            later.append(f"{name}: {', '.join(steps[1:])}")
    return {**target, "Resources": resources}, later


def _tables(template: Template) -> list[str]:
    return [logical for logical, resource in template["Resources"].items() if resource["Type"] == TABLE]


def _indexes(table: Mapping[str, Any]) -> dict[str, Any]:
    return {index["IndexName"]: index for index in table["Properties"].get("GlobalSecondaryIndexes", [])}


def _with_indexes(table: Mapping[str, Any], before: Mapping[str, Any], indexes: dict[str, Any]) -> dict[str, Any]:
    """With definitions of the keys' attributes: DynamoDB rejects the definition of any other."""
    properties = table["Properties"]
    schemas = [properties["KeySchema"], *(index["KeySchema"] for index in indexes.values())]
    keys = {key["AttributeName"] for schema in schemas for key in schema}
    both = (*before["Properties"]["AttributeDefinitions"], *properties["AttributeDefinitions"])
    defined = {each["AttributeName"]: each for each in both if each["AttributeName"] in keys}
    properties = {**properties, "AttributeDefinitions": [defined[key] for key in sorted(defined)]}
    return {**table, "Properties": {**properties, "GlobalSecondaryIndexes": [indexes[key] for key in sorted(indexes)]}}


def wait_until_active(clients: Clients, template: Template) -> None:
    """CloudFormation usually waits for an index itself."""
    for name in (template["Resources"][logical]["Properties"]["TableName"] for logical in _tables(template)):
        while _is_busy(clients.of("dynamodb").describe_table(TableName=name)["Table"]):
            time.sleep(progress.PAUSE_SECONDS)


def _is_busy(table: Mapping[str, Any]) -> bool:
    indexes = table.get("GlobalSecondaryIndexes", [])
    return {table["TableStatus"], *(index.get("IndexStatus", "ACTIVE") for index in indexes)} != {"ACTIVE"}
