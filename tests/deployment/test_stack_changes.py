"""How changes are described, and which of them endanger data."""

from __future__ import annotations

from typing import Any

import pytest

from eventsite.stack.changes import describe, endangered_tables

TABLE, LOGS = "AWS::DynamoDB::Table", "AWS::Logs::LogGroup"


def change(action: str, logical: str, kind: str, *properties: str, **more: str) -> dict[str, Any]:
    details = [{"Target": {"Attribute": "Properties", "Name": name}, "Evaluation": "Static"} for name in properties]
    resource = {"Action": action, "LogicalResourceId": logical, "ResourceType": kind, "Details": details, **more}
    return {"Type": "Resource", "ResourceChange": resource}


def test_each_change_is_a_line() -> None:
    tags = change("Modify", "Bucket", "AWS::S3::Bucket")
    tags["ResourceChange"]["Details"] = [{"Target": {"Attribute": "Tags"}}]  # a target without a name
    changes = [
        change("Add", "AccessLogs", LOGS),
        change("Import", "EventTable", TABLE, PhysicalResourceId="events-dev"),
        change("Modify", "FunctionLogs", LOGS, "Tags", "RetentionInDays", "Tags", Replacement="False"),
        change("Modify", "Topic", "AWS::SNS::Topic", "Tags", Replacement="Conditional"),
        change("Modify", "Role", "AWS::IAM::Role", "RoleName", Replacement="True", PolicyAction="ReplaceAndDelete"),
        tags,
        change("Remove", "HistoryTable", TABLE, PolicyAction="Retain"),
    ]
    assert list(describe(changes)) == [
        "  Add     AccessLogs (AWS::Logs::LogGroup)",
        "  Import  EventTable (AWS::DynamoDB::Table)",
        "  Modify  FunctionLogs (AWS::Logs::LogGroup, RetentionInDays, Tags)",
        "  Modify  Topic (AWS::SNS::Topic, Tags, REPLACEMENT: Conditional)",
        "  Modify  Role (AWS::IAM::Role, RoleName, REPLACEMENT: True, policy: ReplaceAndDelete)",
        "  Modify  Bucket (AWS::S3::Bucket)",
        "  Remove  HistoryTable (AWS::DynamoDB::Table, policy: Retain)",
    ]


@pytest.mark.parametrize(
    ("action", "more", "endangered"),
    [
        ("Add", {}, False),
        ("Import", {}, False),
        ("Modify", {"Replacement": "False"}, False),
        ("Modify", {"Replacement": "Conditional"}, True),
        ("Modify", {"Replacement": "True"}, True),
        ("Remove", {}, True),
        ("Remove", {"PolicyAction": "Retain"}, True),
    ],
)
def test_endangered_tables(action: str, more: dict[str, str], endangered: bool) -> None:
    physical = {"PhysicalResourceId": "events-dev"}
    assert endangered_tables([change(action, "EventTable", TABLE, **physical, **more)]) == ["events-dev"] * endangered
    assert endangered_tables([change(action, "FunctionLogs", LOGS, **physical, **more)]) == []
