"""manage.py stack deploy and diff, against answers such as AWS gives; test_ministack has an emulator."""

from __future__ import annotations

import pytest

from tests.deployment.fake_aws import MadeAWS
from tests.deployment.fake_stack import (
    AT,
    ID,
    LOGS,
    REPLACED,
    STACK,
    change,
    drops,
    event,
    executes,
    happens,
    has_no_stack,
    has_role,
    has_stack,
    has_tables,
    has_template,
    makes_changes,
    refusal,
    run,
)

ENDANGERED = (
    "This would replace or let go of events-dev: the site would be without what is in there. "
    "`deploy` does that only with --allow-replacement; nothing was changed."
)
CREATE_TABLES = (
    "events-dev-access lacks index by-kind: "
    "`EVENTS_STAGE=dev .venv/bin/python manage.py create_tables` makes what is missing."
)


def has_nothing_to_change(aws: MadeAWS) -> None:
    for _ in range(2):
        has_stack(aws)
    has_template(aws)
    has_role(aws)
    makes_changes(aws, failed="No updates are to be performed.")
    drops(aws)


class TestDeploy:
    def test_a_first_one(self, aws: MadeAWS) -> None:
        has_no_stack(aws)
        has_no_stack(aws)
        has_role(aws, None)
        makes_changes(
            aws,
            change("Add", "FunctionLogs", "AWS::Logs::LogGroup"),
            kind="CREATE",
            email="ops@example.org",
            role="yes",
        )
        executes(aws)
        begun = event(2, "CREATE_IN_PROGRESS")
        happens(aws, ("CREATE_IN_PROGRESS", [begun]), ("CREATE_COMPLETE", [event(3, "CREATE_COMPLETE"), begun]))
        has_tables(aws)
        at = f"{AT.astimezone():%H:%M:%S}"
        assert run("deploy", "dev", "--alarm-email", "ops@example.org") == [
            "events-dev-resources, to be made:",
            "  new              FunctionLogs (AWS::Logs::LogGroup)",
            f"  {at} CREATE_IN_PROGRESS           FunctionLogs",
            f"  {at} CREATE_COMPLETE              FunctionLogs",
            "events-dev-resources is as it should be now.",
        ]

    @pytest.mark.parametrize(
        "reason", ["The submitted information didn't contain changes.", "No updates are to be performed."]
    )
    def test_nothing_to_do_is_well(self, aws: MadeAWS, reason: str) -> None:
        for _ in range(2):
            has_stack(aws, AlarmEmail="ops@example.org", MakeGatewayLogsRole="no")
        has_template(aws)
        has_role(aws)
        makes_changes(aws, failed=reason, email="ops@example.org")
        drops(aws)
        has_tables(aws)
        assert run("deploy", "dev") == ["events-dev-resources is as it should be."]

    def test_who_made_the_gateways_role_goes_on_doing_so(self, aws: MadeAWS) -> None:
        for _ in range(2):
            has_stack(aws, AlarmEmail="old@example.org", MakeGatewayLogsRole="yes")
        has_template(aws)
        makes_changes(aws, failed="No updates are to be performed.", role="yes")
        drops(aws)
        has_tables(aws)
        run("deploy", "dev", "--alarm-email", "")

    def test_a_table_is_not_replaced_by_the_way(self, aws: MadeAWS) -> None:
        for _ in range(2):
            has_stack(aws)
        has_template(aws)
        has_role(aws)
        makes_changes(aws, LOGS, REPLACED)
        drops(aws)
        assert refusal("deploy", "dev") == ENDANGERED

    def test_unless_that_is_meant(self, aws: MadeAWS) -> None:
        for _ in range(2):
            has_stack(aws)
        has_template(aws)
        has_role(aws)
        makes_changes(aws, REPLACED)
        executes(aws)
        happens(aws, ("UPDATE_COMPLETE", [event(2, "UPDATE_COMPLETE")]))
        has_tables(aws)
        assert run("deploy", "dev", "--allow-replacement")[-1] == "events-dev-resources is as it should be now."

    def test_what_failed_is_said(self, aws: MadeAWS) -> None:
        for _ in range(2):
            has_stack(aws)
        has_template(aws)
        has_role(aws)
        makes_changes(aws, LOGS)
        executes(aws)
        failed = [
            event(3, "UPDATE_FAILED", "Dashboard", "Resource update cancelled"),
            event(2, "UPDATE_FAILED", "FunctionLogs", "Access denied."),
        ]
        happens(aws, ("UPDATE_ROLLBACK_IN_PROGRESS", failed), ("UPDATE_ROLLBACK_COMPLETE", failed))
        assert refusal("deploy", "dev") == (
            "It could not be done (UPDATE_ROLLBACK_COMPLETE). FunctionLogs: Access denied."
        )

    def test_a_creation_that_failed_is_taken_away_first(self, aws: MadeAWS) -> None:
        has_stack(aws, "ROLLBACK_COMPLETE")
        aws.answers("cloudformation", "describe_stack_resources", {"StackResources": []}, StackName=ID)
        aws.answers("cloudformation", "describe_stack_events", {"StackEvents": []}, StackName=ID)
        aws.answers("cloudformation", "delete_stack", StackName=ID)
        happens(aws, ("DELETE_COMPLETE", []))
        has_no_stack(aws)
        has_role(aws)
        table = {"PhysicalResourceId": "events-dev"}
        makes_changes(aws, change("Import", "EventTable", "AWS::DynamoDB::Table", **table), kind="CREATE")
        executes(aws)
        happens(aws, ("CREATE_COMPLETE", []))
        has_tables(aws)
        assert run("deploy", "dev") == [
            "events-dev-resources is what is left of a stack (ROLLBACK_COMPLETE), and is taken away first:",
            "events-dev-resources, to be made:",
            "  adopted          EventTable, events-dev (AWS::DynamoDB::Table)",
            "events-dev-resources is as it should be now.",
        ]

    def test_tables_that_were_restored_are_protected_again(self, aws: MadeAWS) -> None:
        has_nothing_to_change(aws)
        has_tables(aws, safe=False)
        assert run("deploy", "dev") == [
            "events-dev-resources is as it should be.",
            "events-dev had no deletion protection and no point-in-time recovery: on again.",
            "events-dev-access had no expiry of old rows: on again.",
            CREATE_TABLES,
        ]

    def test_a_table_that_is_gone_is_said(self, aws: MadeAWS) -> None:
        has_nothing_to_change(aws)
        aws.refuses("dynamodb", "describe_table", "ResourceNotFoundException", TableName="events-dev")
        assert refusal("deploy", "dev") == (
            "The stack has made events-dev, but it is gone: docs/deployment.md says how to restore it."
        )


class TestDiff:
    def test_it_changes_nothing(self, aws: MadeAWS) -> None:
        has_stack(aws)
        has_template(aws)
        has_role(aws)
        makes_changes(aws, REPLACED, LOGS)
        drops(aws)
        assert run("diff", "dev") == [
            "events-dev-resources, to be changed:",
            "  perhaps REPLACED EventTable, events-dev (AWS::DynamoDB::Table)",
            "  changed          FunctionLogs, logs (AWS::Logs::LogGroup)",
            ENDANGERED,
        ]

    def test_of_what_is_not_there_leaves_no_empty_stack(self, aws: MadeAWS) -> None:
        has_stack(aws, "REVIEW_IN_PROGRESS")
        has_role(aws)
        makes_changes(aws, change("Add", "FunctionLogs", "AWS::Logs::LogGroup"), kind="CREATE")
        drops(aws)
        aws.answers("cloudformation", "delete_stack", StackName=ID)
        assert run("diff", "dev")[0] == "events-dev-resources, to be made:"

    @pytest.mark.parametrize(
        ("status", "sentence"),
        [
            ("ROLLBACK_COMPLETE", "is what is left of a stack (ROLLBACK_COMPLETE): `manage.py stack deploy`"),
            ("UPDATE_IN_PROGRESS", "is being changed at this moment (UPDATE_IN_PROGRESS); try again"),
            ("UPDATE_ROLLBACK_FAILED", "could not go back after an update that failed"),
        ],
    )
    def test_a_stack_that_cannot_be_changed(self, aws: MadeAWS, status: str, sentence: str) -> None:
        has_stack(aws, status)
        assert f"{STACK} {sentence}" in refusal("diff", "dev")

    def test_a_template_that_cannot_be(self, aws: MadeAWS) -> None:
        has_stack(aws)
        has_template(aws)
        has_role(aws)
        makes_changes(aws, failed="Early validation failed.")
        drops(aws)
        assert refusal("diff", "dev") == "CloudFormation does not take this template: Early validation failed."
