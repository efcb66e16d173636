"""The changes of a change set: a line for each, and which of them endanger data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from eventsite.stack import StackError

_TABLE = "AWS::DynamoDB::Table"

Change = Mapping[str, Any]
Template = Mapping[str, Any]


def describe(changes: Iterable[Change]) -> Iterator[str]:
    """A line for each resource, in CloudFormation's words, with the names of the properties that change."""
    for change in changes:
        resource = change["ResourceChange"]
        properties = {detail.get("Target", {}).get("Name") for detail in resource.get("Details", [])} - {None}
        notes = [resource["ResourceType"], *sorted(properties)]
        if resource.get("Replacement") in ("True", "Conditional"):
            notes.append(f"REPLACEMENT: {resource['Replacement']}")
        if policy := resource.get("PolicyAction"):
            notes.append(f"policy: {policy}")
        yield f"  {resource['Action']:<8}{resource['LogicalResourceId']} ({', '.join(notes)})"


def endangered_tables(changes: Iterable[Change]) -> list[str]:
    """The tables that would be replaced by empty ones, or removed from the stack."""
    return [
        resource.get("PhysicalResourceId") or resource["LogicalResourceId"]
        for resource in (change["ResourceChange"] for change in changes)
        if resource["ResourceType"] == _TABLE
        and (resource["Action"] == "Remove" or resource.get("Replacement") in ("True", "Conditional"))
    ]


def check_indexes(before: Template, after: Template) -> None:
    """Raises StackError if more than one index of a table changes: DynamoDB allows one at a time."""
    for name, table in after["Resources"].items():
        if table["Type"] == _TABLE and name in before["Resources"]:
            old, new = _indexes(before["Resources"][name]), _indexes(table)
            steps = [f"remove {index}" for index in old if old[index] != new.get(index)]
            steps += [f"create {index}" for index in new if new[index] != old.get(index)]
            if len(steps) > 1:
                raise StackError(
                    f"DynamoDB can change one index of a table at a time, but {table['Properties']['TableName']} needs "
                    f"{len(steps)} changes: {', '.join(sorted(steps))}. Change one in the models, deploy, and repeat."
                )


def _indexes(table: Mapping[str, Any]) -> dict[str, Any]:
    return {index["IndexName"]: index for index in table["Properties"].get("GlobalSecondaryIndexes", [])}
