"""What a change set would do, in lines to read, and which of it endangers data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from eventsite.stack import StackError

_TABLE = "AWS::DynamoDB::Table"
_WORDS = {"Add": "new", "Import": "adopted", "Modify": "changed", "Remove": "removed", "Dynamic": "perhaps changed"}
_RECREATION = {"Always": " (needs a new one)", "Conditionally": " (may need a new one)"}
_LONGEST_VALUE = 100

Change = Mapping[str, Any]
Template = Mapping[str, Any]


def describe(changes: Iterable[Change]) -> Iterator[str]:
    """A line for each resource, and one below it for each of its properties that changes."""
    for change in changes:
        resource = change["ResourceChange"]
        where = resource.get("PhysicalResourceId")
        name = resource["LogicalResourceId"] + (f", {where}" if where else "")
        yield f"  {_word(resource):<16} {name} ({resource['ResourceType']})"
        if resource["Action"] == "Modify":
            yield from dict.fromkeys(_property(detail) for detail in resource.get("Details", []))  # each line once


def _word(resource: Change) -> str:
    match resource["Action"], resource.get("Replacement"):
        case "Modify", "True":
            return "REPLACED"
        case "Modify", "Conditional":
            return "perhaps REPLACED"
        case "Remove", _ if resource.get("PolicyAction") == "Retain":
            return "let go, kept"
    action: str = resource["Action"]
    return _WORDS.get(action, action)


def _property(detail: Change) -> str:
    target = detail.get("Target", {})
    name = (target.get("Path") or target.get("Name") or target.get("Attribute", "?")).removeprefix("/Properties/")
    if "BeforeValue" in target or "AfterValue" in target:
        name += f": {_value(target.get('BeforeValue'))} -> {_value(target.get('AfterValue'))}"
    return f"{'':<19} {name}{_RECREATION.get(target.get('RequiresRecreation', ''), '')}"


def _value(value: str | None) -> str:
    if value is None:
        return "nothing"
    return value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}..."


def endangered_tables(changes: Iterable[Change]) -> list[str]:
    """The tables that would be replaced by empty ones, or that the stack would let go of."""
    return [
        resource.get("PhysicalResourceId") or resource["LogicalResourceId"]
        for resource in (change["ResourceChange"] for change in changes)
        if resource["ResourceType"] == _TABLE
        and (resource["Action"] == "Remove" or resource.get("Replacement") in ("True", "Conditional"))
    ]


def check_indexes(before: Template, after: Template) -> None:
    """DynamoDB makes, or removes, one index of a table at a time. Raises StackError for more."""
    for name, table in after["Resources"].items():
        if table["Type"] == _TABLE and name in before["Resources"]:
            old, new = _indexes(before["Resources"][name]), _indexes(table)
            steps = [f"remove {index}" for index in old if old[index] != new.get(index)]
            steps += [f"make {index}" for index in new if new[index] != old.get(index)]
            if len(steps) > 1:
                raise StackError(
                    f"DynamoDB changes one index of a table at a time, and here it would {', '.join(sorted(steps))} of "
                    f"{table['Properties']['TableName']}. Change one of them in the models, deploy that, and go on."
                )


def _indexes(table: Mapping[str, Any]) -> dict[str, Any]:
    return {index["IndexName"]: index for index in table["Properties"].get("GlobalSecondaryIndexes", [])}
