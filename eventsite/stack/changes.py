"""The changes of a change set: a line for each, and which of them endanger data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

TABLE = "AWS::DynamoDB::Table"

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
        if resource["ResourceType"] == TABLE
        and (resource["Action"] == "Remove" or resource.get("Replacement") in ("True", "Conditional"))
    ]
