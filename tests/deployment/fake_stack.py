"""The stack of a stage "dev" as CloudFormation and DynamoDB would tell of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from eventsite.stack.names import Names
from eventsite.stack.stage import Stage
from eventsite.stack.template import make_template
from tests.deployment.fake_aws import ANY, MadeAWS

STACK, ID = "events-dev-resources", "arn:aws:cloudformation:eu-west-1:1:stack/events-dev-resources/x"
CHANGES = "arn:aws:cloudformation:eu-west-1:1:changeSet/changes-1/x"
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
TEMPLATE = make_template(Stage(Names("dev")))
ROLE = "arn:aws:iam::1:role/somebodys"


def run(*arguments: str) -> list[str]:
    said = StringIO()
    call_command("stack", *arguments, stdout=said)
    return said.getvalue().splitlines()


def refusal(*arguments: str) -> str:
    with pytest.raises(CommandError) as refused:
        run(*arguments)
    return str(refused.value)


def described(status: str, **parameters: str) -> dict[str, Any]:
    pairs = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    one = {"StackName": STACK, "StackId": ID, "StackStatus": status, "CreationTime": AT, "Parameters": pairs}
    return {"Stacks": [one]}


def has_no_stack(aws: MadeAWS, name: str = STACK) -> None:
    message = f"Stack with id {name} does not exist"
    aws.refuses("cloudformation", "describe_stacks", "ValidationError", message, StackName=name)


def has_stack(aws: MadeAWS, status: str = "UPDATE_COMPLETE", **parameters: str) -> None:
    aws.answers("cloudformation", "describe_stacks", described(status, **parameters), StackName=STACK)


def has_template(aws: MadeAWS) -> None:
    body = {"TemplateBody": json.dumps(TEMPLATE)}
    aws.answers("cloudformation", "get_template", body, StackName=STACK, TemplateStage="Original")


def makes_changes(
    aws: MadeAWS,
    *changes: dict[str, Any],
    kind: str = "UPDATE",
    email: str = "",
    role: str = "no",
    failed: str = "",
) -> None:
    aws.answers(
        "cloudformation",
        "create_change_set",
        {"Id": CHANGES, "StackId": ID},
        StackName=STACK,
        ChangeSetName=ANY,
        ChangeSetType=kind,
        TemplateBody=ANY,
        Parameters=[
            {"ParameterKey": "AlarmEmail", "ParameterValue": email},
            {"ParameterKey": "MakeGatewayLogsRole", "ParameterValue": role},
        ],
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Tags=[{"Key": "Project", "Value": "events"}, {"Key": "Stage", "Value": "dev"}],
        ImportExistingResources=True,
    )
    status = {"Status": "FAILED", "StatusReason": failed} if failed else {"Status": "CREATE_COMPLETE"}
    for state in ({"Status": "CREATE_IN_PROGRESS"}, status):
        aws.answers("cloudformation", "describe_change_set", state, ChangeSetName=CHANGES)
    first, rest = list(changes[:1]), list(changes[1:])
    more = {"ChangeSetName": CHANGES, "IncludePropertyValues": True}
    aws.answers(
        "cloudformation", "describe_change_set", {"Changes": first, **({"NextToken": "2"} if rest else {})}, **more
    )
    if rest:
        aws.answers("cloudformation", "describe_change_set", {"Changes": rest}, NextToken="2", **more)


def change(action: str, logical: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "Type": "Resource",
        "ResourceChange": {"Action": action, "LogicalResourceId": logical, "ResourceType": kind, **more},
    }


LOGS = change("Modify", "FunctionLogs", "AWS::Logs::LogGroup", PhysicalResourceId="logs", Replacement="False")
REPLACED = change(
    "Modify", "EventTable", "AWS::DynamoDB::Table", PhysicalResourceId="events-dev", Replacement="Conditional"
)


def event(number: int, status: str, logical: str = "FunctionLogs", reason: str = "") -> dict[str, Any]:
    said = {"ResourceStatusReason": reason} if reason else {}
    names = {"StackId": ID, "StackName": STACK, "EventId": str(number), "LogicalResourceId": logical}
    return {**names, "Timestamp": AT, "ResourceStatus": status, **said}


def happens(aws: MadeAWS, *steps: tuple[str, list[dict[str, Any]]]) -> None:
    """The stack's states, one after the other, each with the events there are by then, the latest first."""
    for status, events in steps:
        aws.answers("cloudformation", "describe_stacks", described(status), StackName=ID)
        aws.answers("cloudformation", "describe_stack_events", {"StackEvents": events}, StackName=ID)


def executes(aws: MadeAWS) -> None:
    old = event(1, "CREATE_COMPLETE")
    aws.answers("cloudformation", "describe_stack_events", {"StackEvents": [old]}, StackName=ID)
    aws.answers("cloudformation", "execute_change_set", ChangeSetName=CHANGES)


def drops(aws: MadeAWS) -> None:
    aws.answers("cloudformation", "delete_change_set", ChangeSetName=CHANGES)


def has_role(aws: MadeAWS, role: str | None = ROLE) -> None:
    aws.answers("apigateway", "get_account", {"cloudwatchRoleArn": role} if role else {})


TABLES = ("events-dev", "events-dev-history", "events-dev-access")


def has_tables(aws: MadeAWS, safe: bool = True) -> None:
    """As they should be, or the first without recovery and protection and the last without expiry and its index."""
    for name in TABLES:
        ok = safe or name == "events-dev-history"
        [resource] = [
            each["Properties"] for each in TEMPLATE["Resources"].values() if each["Properties"].get("TableName") == name
        ]
        indexes = [{"IndexName": index["IndexName"]} for index in resource["GlobalSecondaryIndexes"]]
        if not ok and name == "events-dev-access":
            indexes = []
        guarded = ok or name != "events-dev"
        table = {
            "TableName": name,
            "TableStatus": "ACTIVE",
            "ItemCount": 1234,
            "GlobalSecondaryIndexes": indexes,
            "DeletionProtectionEnabled": guarded,
        }
        aws.answers("dynamodb", "describe_table", {"Table": table}, TableName=name)
        recovery = {"PointInTimeRecoveryStatus": "ENABLED" if guarded else "DISABLED"}
        backups = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}
        aws.answers(
            "dynamodb", "describe_continuous_backups", {"ContinuousBackupsDescription": backups}, TableName=name
        )
        if name == "events-dev-access":
            state = {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED" if ok else "DISABLED"}}
            aws.answers("dynamodb", "describe_time_to_live", state, TableName=name)
        if not guarded:
            aws.answers("dynamodb", "update_table", TableName=name, DeletionProtectionEnabled=True)
            aws.answers(
                "dynamodb",
                "update_continuous_backups",
                TableName=name,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            )
        if not ok and name == "events-dev-access":
            aws.answers(
                "dynamodb",
                "update_time_to_live",
                TableName=name,
                TimeToLiveSpecification={"AttributeName": "expiresAt", "Enabled": True},
            )
