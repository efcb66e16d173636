"""Change sets in words, from answers such as CloudFormation gives: no emulator has the values before and after."""

from __future__ import annotations

from typing import Any

import pytest

from eventsite.stack import StackError
from eventsite.stack.changes import check_indexes, describe, endangered_tables
from eventsite.stack.names import Names
from eventsite.stack.stage import Stage
from eventsite.stack.template import make_template

TABLE, LOGS = "AWS::DynamoDB::Table", "AWS::Logs::LogGroup"


def change(action: str, logical: str, kind: str, *targets: dict[str, str], **more: str) -> dict[str, Any]:
    details = [{"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"} for target in targets]
    resource = {"Action": action, "LogicalResourceId": logical, "ResourceType": kind, "Details": details, **more}
    return {"Type": "Resource", "ResourceChange": resource}


def target(path: str, before: str | None, after: str | None, recreation: str = "Never") -> dict[str, str]:
    values = {"BeforeValue": before, "AfterValue": after}
    return {
        "Attribute": "Properties",
        "Name": path.partition("/")[0],
        "Path": f"/Properties/{path}",
        "RequiresRecreation": recreation,
        **{name: value for name, value in values.items() if value is not None},
    }


RETENTION = target("RetentionInDays", "30", "14")


def test_each_change_is_a_line_with_its_properties_below() -> None:
    changes = [
        change("Add", "AccessLogs", LOGS),
        change("Import", "EventTable", TABLE, PhysicalResourceId="events-dev"),
        change(
            "Modify",
            "FunctionLogs",
            LOGS,
            RETENTION,
            RETENTION,
            PhysicalResourceId="/aws/lambda/x",
            Replacement="False",
        ),
        change("Modify", "Topic", "AWS::SNS::Topic", target("Tags/2", None, "x" * 101), Replacement="Conditional"),
        change("Modify", "Role", "AWS::IAM::Role", target("RoleName", "a", "b", "Always"), Replacement="True"),
        change("Modify", "Bucket", "AWS::S3::Bucket", {"Attribute": "Tags", "RequiresRecreation": "Never"}),
        change("Remove", "Dashboard", "AWS::CloudWatch::Dashboard", PhysicalResourceId="old"),
        change("Remove", "HistoryTable", TABLE, PhysicalResourceId="events-dev-history", PolicyAction="Retain"),
    ]
    assert list(describe(changes)) == [
        "  new              AccessLogs (AWS::Logs::LogGroup)",
        "  adopted          EventTable, events-dev (AWS::DynamoDB::Table)",
        "  changed          FunctionLogs, /aws/lambda/x (AWS::Logs::LogGroup)",
        "                    RetentionInDays: 30 -> 14",
        "  perhaps REPLACED Topic (AWS::SNS::Topic)",
        f"                    Tags/2: nothing -> {'x' * 100}...",
        "  REPLACED         Role (AWS::IAM::Role)",
        "                    RoleName: a -> b (needs a new one)",
        "  changed          Bucket (AWS::S3::Bucket)",
        "                    Tags",
        "  removed          Dashboard, old (AWS::CloudWatch::Dashboard)",
        "  let go, kept     HistoryTable, events-dev-history (AWS::DynamoDB::Table)",
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
def test_tables_are_not_lost_by_the_way(action: str, more: dict[str, str], endangered: bool) -> None:
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
    def test_one_at_a_time_is_well(self, before: list[tuple[str, str]], after: list[tuple[str, str]]) -> None:
        check_indexes(template(*before), template(*after))

    @pytest.mark.parametrize(
        ("before", "after", "steps"),
        [
            ([], [("a", "x"), ("b", "x")], "make a, make b"),
            ([("a", "x")], [("b", "x")], "make b, remove a"),
            ([("a", "x")], [("a", "y")], "make a, remove a"),
        ],
    )
    def test_more_are_refused(self, before: list[tuple[str, str]], after: list[tuple[str, str]], steps: str) -> None:
        with pytest.raises(StackError) as refused:
            check_indexes(template(*before), template(*after))
        assert str(refused.value) == (
            f"DynamoDB changes one index of a table at a time, and here it would {steps} of events-dev. "
            "Change one of them in the models, deploy that, and go on."
        )

    def test_a_new_table_has_all_of_its_own(self) -> None:
        check_indexes({"Resources": {}}, template(("a", "x"), ("b", "x")))
