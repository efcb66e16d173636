"""Fakes of the stack of stage "dev": the calls of CloudFormation and DynamoDB, and their responses."""

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
from tests.deployment.fake_aws import ANY, FakeAWS

STACK, ID = "events-dev-resources", "arn:aws:cloudformation:eu-west-1:1:stack/events-dev-resources/x"
CHANGES = "arn:aws:cloudformation:eu-west-1:1:changeSet/changes-1/x"
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
TEMPLATE = make_template(Stage(Names("dev")))
ROLE = "arn:aws:iam::1:role/existing"


def run(*arguments: str) -> list[str]:
    output = StringIO()
    call_command("stack", *arguments, stdout=output)
    return output.getvalue().splitlines()


def failure(*arguments: str) -> str:
    with pytest.raises(CommandError) as raised:
        run(*arguments)
    return str(raised.value)


def described(status: str, **parameters: str) -> dict[str, Any]:
    pairs = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    one = {"StackName": STACK, "StackId": ID, "StackStatus": status, "CreationTime": AT, "Parameters": pairs}
    return {"Stacks": [one]}


def has_no_stack(aws: FakeAWS, name: str = STACK) -> None:
    message = f"Stack with id {name} does not exist"
    aws.expect_error("cloudformation", "describe_stacks", "ValidationError", message, StackName=name)


def has_stack(aws: FakeAWS, status: str = "UPDATE_COMPLETE", **parameters: str) -> None:
    aws.expect("cloudformation", "describe_stacks", described(status, **parameters), StackName=STACK)


def has_template(aws: FakeAWS) -> None:
    body = {"TemplateBody": json.dumps(TEMPLATE)}
    aws.expect("cloudformation", "get_template", body, StackName=STACK, TemplateStage="Original")


def has_leftovers(aws: FakeAWS, *, role: bool = False, bucket: bool = False, logs: tuple[str, ...] = ()) -> None:
    """The calls before a new stack: one for each resource that an earlier stack may have left."""
    aws.expect("sts", "get_caller_identity", {"Account": "111122223333"})
    name = "events-dev-function"
    if role:
        date = {"CreateDate": AT, "Path": "/", "RoleId": "A" * 16, "Arn": "arn:aws:iam::111122223333:role/r"}
        aws.expect("iam", "get_role", {"Role": {"RoleName": name, **date}}, RoleName=name)
        return
    aws.expect_error("iam", "get_role", "NoSuchEntity", RoleName=name)
    packages = "events-dev-packages-111122223333-eu-west-1"
    if bucket:
        aws.expect("s3", "head_bucket", {}, Bucket=packages)
        return
    aws.expect_error("s3", "head_bucket", "404", Bucket=packages)
    for group in ("/aws/apigateway/events-dev", "/aws/lambda/events-dev"):
        # The prefix also finds groups of other stages.
        found = [{"logGroupName": f"{group}-2"}, *({"logGroupName": each} for each in logs if each == group)]
        aws.expect("logs", "describe_log_groups", {"logGroups": found}, logGroupNamePrefix=group)


def creates_change_set(
    aws: FakeAWS,
    *changes: dict[str, Any],
    kind: str = "UPDATE",
    email: str = "",
    budget: str = "0",
    role: str = "no",
    failed: str = "",
) -> None:
    aws.expect(
        "cloudformation",
        "create_change_set",
        {"Id": CHANGES, "StackId": ID},
        StackName=STACK,
        ChangeSetName=ANY,
        ChangeSetType=kind,
        TemplateBody=ANY,
        Parameters=[
            {"ParameterKey": "AlarmEmail", "ParameterValue": email},
            {"ParameterKey": "MonthlyBudget", "ParameterValue": budget},
            {"ParameterKey": "MakeGatewayLogsRole", "ParameterValue": role},
        ],
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Tags=[{"Key": "Project", "Value": "events"}, {"Key": "Stage", "Value": "dev"}],
        ImportExistingResources=True,
    )
    status = {"Status": "FAILED", "StatusReason": failed} if failed else {"Status": "CREATE_COMPLETE"}
    for state in ({"Status": "CREATE_IN_PROGRESS"}, status):
        aws.expect("cloudformation", "describe_change_set", state, ChangeSetName=CHANGES)
    first, rest = list(changes[:1]), list(changes[1:])
    more = {"ChangeSetName": CHANGES}
    aws.expect(
        "cloudformation", "describe_change_set", {"Changes": first, **({"NextToken": "2"} if rest else {})}, **more
    )
    if rest:
        aws.expect("cloudformation", "describe_change_set", {"Changes": rest}, NextToken="2", **more)


def change(action: str, logical: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "Type": "Resource",
        "ResourceChange": {"Action": action, "LogicalResourceId": logical, "ResourceType": kind, **more},
    }


LOGS = change("Modify", "FunctionLogs", "AWS::Logs::LogGroup", PhysicalResourceId="logs", Replacement="False")
REPLACED = change(
    "Modify", "EventTable", "AWS::DynamoDB::Table", PhysicalResourceId="events-dev", Replacement="Conditional"
)


def event(status: str, logical: str = "FunctionLogs", reason: str = "", physical: str = "x") -> dict[str, Any]:
    names = {"StackId": ID, "StackName": STACK, "EventId": "1", "LogicalResourceId": logical}
    return {
        **names,
        "PhysicalResourceId": physical,
        "Timestamp": AT,
        "ResourceStatus": status,
        **({"ResourceStatusReason": reason} if reason else {}),
    }


def becomes(aws: FakeAWS, *statuses: str) -> None:
    """The stack's states, one after the other."""
    for status in statuses:
        aws.expect("cloudformation", "describe_stacks", described(status), StackName=ID)


def executes(aws: FakeAWS) -> None:
    aws.expect("cloudformation", "execute_change_set", ChangeSetName=CHANGES)


def deletes_change_set(aws: FakeAWS) -> None:
    aws.expect("cloudformation", "delete_change_set", ChangeSetName=CHANGES)


def has_gateway_role(aws: FakeAWS, role: str | None = ROLE) -> None:
    aws.expect("apigateway", "get_account", {"cloudwatchRoleArn": role} if role else {})


TABLES = ("events-dev", "events-dev-history", "events-dev-access")
LIMITS = {"MaxReadRequestUnits": 3000, "MaxWriteRequestUnits": 2000}


def has_been_updated(aws: FakeAWS, table: str) -> None:
    aws.expect("dynamodb", "describe_table", {"Table": {"TableStatus": "ACTIVE"}}, TableName=table)


def has_tables(aws: FakeAWS, safe: bool = True) -> None:
    """All protected; or the first without all but expiry, the last without expiry and index."""
    for name in TABLES:
        ok = safe or name == "events-dev-history"
        [resource] = [
            each["Properties"] for each in TEMPLATE["Resources"].values() if each["Properties"].get("TableName") == name
        ]
        names = [index["IndexName"] for index in resource["GlobalSecondaryIndexes"]]
        guarded = ok or name != "events-dev"
        limits = {"OnDemandThroughput": LIMITS} if guarded else {}
        indexes: list[dict[str, Any]] = [{"IndexName": index, **limits} for index in names]
        if not ok and name == "events-dev-access":
            indexes = []
        table = {
            "TableName": name,
            "TableStatus": "ACTIVE",
            "GlobalSecondaryIndexes": indexes,
            "DeletionProtectionEnabled": guarded,
            **limits,
        }
        aws.expect("dynamodb", "describe_table", {"Table": table}, TableName=name)
        recovery = {"PointInTimeRecoveryStatus": "ENABLED" if guarded else "DISABLED"}
        backups = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}
        aws.expect("dynamodb", "describe_continuous_backups", {"ContinuousBackupsDescription": backups}, TableName=name)
        if name == "events-dev-access":
            state = {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED" if ok else "DISABLED"}}
            aws.expect("dynamodb", "describe_time_to_live", state, TableName=name)
        if not guarded:
            aws.expect("dynamodb", "update_table", TableName=name, DeletionProtectionEnabled=True)
            has_been_updated(aws, name)
            aws.expect(
                "dynamodb",
                "update_continuous_backups",
                TableName=name,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            )
            has_been_updated(aws, name)
            updates = [{"Update": {"IndexName": index, "OnDemandThroughput": LIMITS}} for index in sorted(names)]
            aws.expect(
                "dynamodb",
                "update_table",
                TableName=name,
                GlobalSecondaryIndexUpdates=updates,
                OnDemandThroughput=LIMITS,
            )
            has_been_updated(aws, name)
        if not ok and name == "events-dev-access":
            aws.expect(
                "dynamodb",
                "update_time_to_live",
                TableName=name,
                TimeToLiveSpecification={"AttributeName": "expiresAt", "Enabled": True},
            )
            has_been_updated(aws, name)
