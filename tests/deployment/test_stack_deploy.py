"""manage.py stack deploy and diff, with a fake AWS. ministack/ has an emulator."""

from __future__ import annotations

import pytest

from eventsite.stack.leftovers import adopt_leftovers
from eventsite.stack.stage import read_stage
from tests.deployment.fake_aws import FakeAWS
from tests.deployment.fake_stack import (
    ID,
    LOGS,
    REPLACED,
    STACK,
    TABLES,
    TEMPLATE,
    becomes,
    change,
    creates_change_set,
    deletes_change_set,
    event,
    executes,
    failure,
    has_gateway_role,
    has_leftovers,
    has_no_stack,
    has_stack,
    has_tables,
    has_template,
    run,
)

ENDANGERED = (
    "This would replace or remove events-dev: the site would lose the data in there. "
    "Nothing was changed. `deploy` does it only with --allow-replacement."
)
CREATE_TABLES = (
    "events-dev-access lacks index by-kind. To create it: `EVENTS_STAGE=dev .venv/bin/python manage.py create_tables`"
)


def has_no_changes(aws: FakeAWS) -> None:
    has_stack(aws)
    has_template(aws)
    has_gateway_role(aws)
    creates_change_set(aws, failed="No updates are to be performed.")
    deletes_change_set(aws)


class TestDeploy:
    def test_the_first_deploy(self, aws: FakeAWS) -> None:
        has_no_stack(aws)
        has_leftovers(aws)
        has_gateway_role(aws, None)
        creates_change_set(
            aws,
            change("Add", "FunctionLogs", "AWS::Logs::LogGroup"),
            kind="CREATE",
            email="ops@example.org",
            role="yes",
        )
        executes(aws)
        becomes(aws, "REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE")
        has_tables(aws)
        assert run("deploy", "dev", "--alarm-email", "ops@example.org") == [
            "Changes of events-dev-resources (new):",
            "  Add     FunctionLogs (AWS::Logs::LogGroup)",
            "events-dev-resources is created.",
        ]

    @pytest.mark.parametrize(
        "reason", ["The submitted information didn't contain changes.", "No updates are to be performed."]
    )
    def test_without_changes(self, aws: FakeAWS, reason: str) -> None:
        has_stack(aws, AlarmEmail="ops@example.org", MakeGatewayLogsRole="no")
        has_template(aws)
        has_gateway_role(aws)
        creates_change_set(aws, failed=reason, email="ops@example.org")
        deletes_change_set(aws)
        has_tables(aws)
        assert run("deploy", "dev") == ["events-dev-resources has no changes."]

    def test_the_gateways_role_stays_in_the_stack_that_created_it(self, aws: FakeAWS) -> None:
        has_stack(aws, AlarmEmail="old@example.org", MakeGatewayLogsRole="yes")
        has_template(aws)
        creates_change_set(aws, failed="No updates are to be performed.", role="yes")
        deletes_change_set(aws)
        has_tables(aws)
        run("deploy", "dev", "--alarm-email", "")

    def test_the_budget_needs_an_address(self, aws: FakeAWS) -> None:
        has_no_stack(aws)
        has_leftovers(aws)
        assert failure("deploy", "dev", "--budget", "20") == (
            "A budget needs an address for its e-mails: add --alarm-email."
        )
        assert "invalid int value: 'much'" in failure("deploy", "dev", "--budget", "much")

    @pytest.mark.parametrize(("given", "expected"), [((), "20"), (("--budget", "50"), "50"), (("--budget", "0"), "0")])
    def test_the_budget_is_kept_until_another_is_given(
        self, aws: FakeAWS, given: tuple[str, ...], expected: str
    ) -> None:
        has_stack(aws, AlarmEmail="ops@example.org", MonthlyBudget="20", MakeGatewayLogsRole="no")
        has_template(aws)
        has_gateway_role(aws)
        creates_change_set(aws, failed="No updates are to be performed.", email="ops@example.org", budget=expected)
        deletes_change_set(aws)
        has_tables(aws)
        run("deploy", "dev", *given)

    def test_a_table_is_not_replaced(self, aws: FakeAWS) -> None:
        has_stack(aws)
        has_template(aws)
        has_gateway_role(aws)
        creates_change_set(aws, LOGS, REPLACED)
        deletes_change_set(aws)
        assert failure("deploy", "dev") == ENDANGERED

    def test_a_table_is_replaced_if_that_is_allowed(self, aws: FakeAWS) -> None:
        has_stack(aws)
        has_template(aws)
        has_gateway_role(aws)
        creates_change_set(aws, REPLACED)
        executes(aws)
        becomes(aws, "UPDATE_COMPLETE")
        has_tables(aws)
        assert run("deploy", "dev", "--allow-replacement")[-1] == "events-dev-resources is updated."

    def test_a_failure_shows_its_reasons(self, aws: FakeAWS) -> None:
        has_stack(aws)
        has_template(aws)
        has_gateway_role(aws)
        creates_change_set(aws, LOGS)
        executes(aws)
        becomes(aws, "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE")
        events = [
            event("UPDATE_ROLLBACK_COMPLETE", STACK, physical=ID),
            event("UPDATE_FAILED", "Dashboard", "Resource update cancelled"),
            event("UPDATE_FAILED", "FunctionLogs", "Access denied."),
            event("UPDATE_IN_PROGRESS", STACK, physical=ID),
            event("UPDATE_FAILED", "FunctionLogs", "An earlier failure."),
        ]
        aws.expect("cloudformation", "describe_stack_events", {"StackEvents": events}, StackName=ID)
        assert failure("deploy", "dev") == (
            "CloudFormation failed (UPDATE_ROLLBACK_COMPLETE). FunctionLogs: Access denied."
        )

    def test_a_stack_whose_creation_failed_is_deleted_first(self, aws: FakeAWS) -> None:
        has_stack(aws, "ROLLBACK_COMPLETE")
        aws.expect("cloudformation", "describe_stack_resources", {"StackResources": []}, StackName=ID)
        aws.expect("cloudformation", "delete_stack", StackName=ID)
        becomes(aws, "DELETE_COMPLETE")
        has_leftovers(aws)
        has_gateway_role(aws)
        table = {"PhysicalResourceId": "events-dev"}
        creates_change_set(aws, change("Import", "EventTable", "AWS::DynamoDB::Table", **table), kind="CREATE")
        executes(aws)
        becomes(aws, "CREATE_COMPLETE")
        has_tables(aws)
        assert run("deploy", "dev") == [
            "The creation of events-dev-resources failed earlier (ROLLBACK_COMPLETE). Deleting it first.",
            "Changes of events-dev-resources (new):",
            "  Import  EventTable (AWS::DynamoDB::Table)",
            "events-dev-resources is created.",
        ]

    def test_restored_tables_are_protected_again(self, aws: FakeAWS) -> None:
        has_no_changes(aws)
        has_tables(aws, safe=False)
        assert run("deploy", "dev") == [
            "events-dev-resources has no changes.",
            "events-dev: turned on deletion protection, point-in-time recovery, limits of reads and writes.",
            "events-dev-access: turned on expiry of old items.",
            CREATE_TABLES,
        ]

    def test_a_missing_table(self, aws: FakeAWS) -> None:
        has_no_changes(aws)
        aws.expect_error("dynamodb", "describe_table", "ResourceNotFoundException", TableName="events-dev")
        assert failure("deploy", "dev") == (
            "The table events-dev of the stack does not exist. docs/deployment.md explains the restore."
        )


class TestLeftovers:
    """What an earlier stack or function has left. ministack/test_deploys.py imports a log group, too."""

    def test_log_groups_are_imported_then_changed(self, aws: FakeAWS) -> None:
        logs, kind = "/aws/lambda/events-dev", "AWS::Logs::LogGroup"
        has_no_stack(aws)
        has_leftovers(aws, logs=(logs,))
        has_gateway_role(aws)
        creates_change_set(aws, change("Import", "FunctionLogs", kind, PhysicalResourceId=logs), kind="CREATE")
        executes(aws)
        becomes(aws, "CREATE_COMPLETE")
        for name in TABLES:
            aws.expect("dynamodb", "describe_table", {"Table": {"TableStatus": "ACTIVE"}}, TableName=name)
        has_stack(aws)
        has_template(aws)
        has_gateway_role(aws)
        creates_change_set(aws, LOGS)
        executes(aws)
        becomes(aws, "UPDATE_COMPLETE")
        has_tables(aws)
        assert run("deploy", "dev") == [
            "Changes of events-dev-resources (new):",
            "  Import  FunctionLogs (AWS::Logs::LogGroup)",
            f"  In a later step: {logs} existed already and is imported with its lines; it gets its retention and tags",
            "events-dev-resources is created.",
            "Changes of events-dev-resources:",
            "  Modify  FunctionLogs (AWS::Logs::LogGroup)",
            "events-dev-resources is updated.",
        ]

    def test_cloudformation_accepts_the_import(self, aws: FakeAWS) -> None:
        """It imports only what it would keep, and does not change it."""
        has_leftovers(aws, logs=("/aws/lambda/events-dev", "/aws/apigateway/events-dev"))
        template, later = adopt_leftovers(aws, read_stage("dev"), TEMPLATE)  # type: ignore[arg-type]
        for logical, name in {
            "FunctionLogs": "/aws/lambda/events-dev",
            "AccessLogs": "/aws/apigateway/events-dev",
        }.items():
            group = template["Resources"][logical]
            assert (group["DeletionPolicy"], group["Properties"]) == ("Retain", {"LogGroupName": name})
        assert len(later) == 2
        assert TEMPLATE["Resources"]["FunctionLogs"]["DeletionPolicy"] == "Delete"

    def test_a_role_is_not_adopted(self, aws: FakeAWS) -> None:
        has_no_stack(aws)
        has_leftovers(aws, role=True)
        assert failure("deploy", "dev") == (
            "The role events-dev-function exists already, but events-dev-resources did not create it. Its policies are "
            "unknown. A function that uses it fails until you deploy. Delete it in the console (IAM, Roles), then "
            "deploy again."
        )

    def test_a_bucket_is_not_adopted(self, aws: FakeAWS) -> None:
        has_no_stack(aws)
        has_leftovers(aws, bucket=True)
        assert failure("deploy", "dev") == (
            "The bucket events-dev-packages-111122223333-eu-west-1 exists already, but events-dev-resources did not "
            "create it. It holds only packages of earlier deploys. Delete it in the console (S3; empty it first), then "
            "deploy again."
        )

    def test_other_errors(self, aws: FakeAWS) -> None:
        has_no_stack(aws)
        aws.expect("sts", "get_caller_identity", {"Account": "1"})
        aws.expect_error("iam", "get_role", "AccessDenied", "not you")
        assert "AccessDenied" in failure("deploy", "dev")


class TestDiff:
    def test_it_changes_nothing(self, aws: FakeAWS) -> None:
        has_stack(aws)
        has_template(aws)
        has_gateway_role(aws)
        creates_change_set(aws, REPLACED, LOGS)
        deletes_change_set(aws)
        assert run("diff", "dev") == [
            "Changes of events-dev-resources:",
            "  Modify  EventTable (AWS::DynamoDB::Table, REPLACEMENT: Conditional)",
            "  Modify  FunctionLogs (AWS::Logs::LogGroup)",
            ENDANGERED,
        ]

    def test_of_a_new_stack_leaves_no_empty_stack(self, aws: FakeAWS) -> None:
        has_stack(aws, "REVIEW_IN_PROGRESS")
        has_leftovers(aws)
        has_gateway_role(aws)
        creates_change_set(aws, change("Add", "FunctionLogs", "AWS::Logs::LogGroup"), kind="CREATE")
        deletes_change_set(aws)
        aws.expect("cloudformation", "delete_stack", StackName=ID)
        assert run("diff", "dev")[0] == "Changes of events-dev-resources (new):"

    def test_a_template_that_cloudformation_rejects(self, aws: FakeAWS) -> None:
        has_stack(aws)
        has_template(aws)
        has_gateway_role(aws)
        creates_change_set(aws, failed="Early validation failed.")
        deletes_change_set(aws)
        assert failure("diff", "dev") == "CloudFormation rejected the template: Early validation failed."
