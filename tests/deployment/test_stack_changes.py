"""How changes are described, which of them endanger data, and the check of indexes."""

from __future__ import annotations

from typing import Any

import pytest

from eventsite.stack import StackError
from eventsite.stack.changes import check_indexes, describe, endangered_tables
from eventsite.stack.names import Names
from eventsite.stack.stage import Stage
from eventsite.stack.template import make_template

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


def template(*indexes: tuple[str, str]) -> dict[str, Any]:
    made = make_template(Stage(Names("dev")))
    made["Resources"]["EventTable"]["Properties"]["GlobalSecondaryIndexes"] = [
        {"IndexName": name, "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}]} for name, key in indexes
    ]
    return made


class TestIndexes:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ([("a", "x")], [("a", "x")]),
            ([("a", "x")], [("b", "x"), ("a", "x")]),
            ([("a", "x"), ("b", "x")], [("b", "x")]),
        ],
    )
    def test_one_change_at_a_time_is_allowed(self, before: list[tuple[str, str]], after: list[tuple[str, str]]) -> None:
        check_indexes(template(*before), template(*after))

    @pytest.mark.parametrize(
        ("before", "after", "steps"),
        [
            ([], [("a", "x"), ("b", "x")], "create a, create b"),
            ([("a", "x")], [("b", "x")], "create b, remove a"),
            ([("a", "x")], [("a", "y")], "create a, remove a"),
        ],
    )
    def test_more_are_rejected(self, before: list[tuple[str, str]], after: list[tuple[str, str]], steps: str) -> None:
        with pytest.raises(StackError) as raised:
            check_indexes(template(*before), template(*after))
        assert str(raised.value) == (
            f"DynamoDB can change one index of a table at a time, but events-dev needs 2 changes: {steps}. "
            "Change one in the models, deploy, and repeat."
        )

    def test_a_new_table_may_have_several(self) -> None:
        check_indexes({"Resources": {}}, template(("a", "x"), ("b", "x")))
