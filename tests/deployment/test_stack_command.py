"""manage.py stack destroy, status and rotate-key, with a fake AWS. ministack/ has an emulator."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from eventsite.management.commands import stack as command
from eventsite.stack.stage import Stage
from tests.deployment.fake_aws import ANY, FakeAWS
from tests.deployment.fake_stack import (
    AT,
    ID,
    LIMITS,
    STACK,
    TABLES,
    becomes,
    described,
    failure,
    has_no_stack,
    has_stack,
    run,
)


class TestDestroy:
    def may_be_deleted(self, aws: FakeAWS) -> None:
        has_stack(aws)
        has_no_stack(aws, "events-dev")

    def is_deleted(self, aws: FakeAWS) -> None:
        bucket = {"LogicalResourceId": "Packages", "PhysicalResourceId": "packages", "ResourceType": "AWS::S3::Bucket"}
        state = {"Timestamp": AT, "ResourceStatus": "CREATE_COMPLETE"}
        resources = {"StackResources": [{**bucket, **state}]}
        aws.expect("cloudformation", "describe_stack_resources", resources, StackName=ID)
        aws.expect("s3", "list_objects_v2", {"Contents": [{"Key": "a.zip"}]}, Bucket="packages")
        aws.expect("s3", "delete_objects", Bucket="packages", Delete={"Objects": [{"Key": "a.zip"}], "Quiet": True})
        aws.expect("cloudformation", "delete_stack", StackName=ID)
        becomes(aws, "DELETE_IN_PROGRESS", "DELETE_COMPLETE")

    def test_it_asks_and_keeps_the_data(self, aws: FakeAWS, monkeypatch: pytest.MonkeyPatch) -> None:
        self.may_be_deleted(aws)
        self.is_deleted(aws)
        monkeypatch.setattr("builtins.input", lambda prompt: "dev")
        kept = "events-dev, events-dev-history, events-dev-access, /events/dev/secret-key"
        assert run("destroy", "dev") == [
            f"This deletes {STACK}: role, logs, alarms, dashboard and packages. Kept: {kept}.",
            f"{STACK} is deleted. Kept: {kept}.",
        ]

    @pytest.mark.parametrize("typed", ["", "y", "production"])
    def test_another_reply_changes_nothing(self, aws: FakeAWS, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
        self.may_be_deleted(aws)
        monkeypatch.setattr("builtins.input", lambda prompt: typed)
        assert failure("destroy", "dev") == "Nothing was changed."

    def test_yes_skips_the_question(self, aws: FakeAWS) -> None:
        self.may_be_deleted(aws)
        self.is_deleted(aws)
        assert run("destroy", "dev", "--yes")[-1].startswith(f"{STACK} is deleted.")

    def test_the_function_must_be_removed_first(self, aws: FakeAWS) -> None:
        has_stack(aws)
        aws.expect("cloudformation", "describe_stacks", described("CREATE_COMPLETE"), StackName="events-dev")
        assert failure("destroy", "dev", "--yes") == (
            "The function events-dev needs this stack. Run `manage.py undeploy dev` first."
        )

    def test_there_is_no_stack(self, aws: FakeAWS) -> None:
        has_no_stack(aws)
        assert failure("destroy", "dev", "--yes") == f"There is no stack {STACK}."


class TestStatus:
    def test_whether_each_table_is_protected(self, aws: FakeAWS) -> None:
        aws.expect_error("dynamodb", "describe_table", "ResourceNotFoundException", TableName="events-dev")
        for name, index, protected in zip(TABLES[1:], ("by-time", "by-kind"), (False, True), strict=True):
            state = {"TableName": name, "TableStatus": "ACTIVE", "DeletionProtectionEnabled": protected}
            limits = {"OnDemandThroughput": LIMITS}
            table = {**state, **limits, "GlobalSecondaryIndexes": [{"IndexName": index, **limits}]}
            aws.expect("dynamodb", "describe_table", {"Table": table}, TableName=name)
            recovery = {"PointInTimeRecoveryStatus": "ENABLED"}
            backups = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}
            aws.expect("dynamodb", "describe_continuous_backups", {"ContinuousBackupsDescription": backups})
        aws.expect("dynamodb", "describe_time_to_live", {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED"}})
        aws.expect("dynamodb", "list_tables", {"TableNames": [*TABLES, "events-dev-2", "other"]})
        assert run("status", "dev") == [
            "events-dev: MISSING",
            "events-dev-history: ACTIVE, without deletion protection",
            "events-dev-access: ACTIVE, protected",
        ]


class TestRotateKey:
    def test_the_first_key(self, aws: FakeAWS) -> None:
        aws.expect_error(
            "ssm", "get_parameter", "ParameterNotFound", Name="/events/dev/secret-key", WithDecryption=True
        )
        tags = [{"Key": "Project", "Value": "events"}, {"Key": "Stage", "Value": "dev"}]
        aws.expect("ssm", "put_parameter", Name="/events/dev/secret-key", Value=ANY, Type="SecureString", Tags=tags)
        assert run("rotate-key", "dev") == ["/events/dev/secret-key has its first key."]

    def test_a_new_key_precedes_the_current_one(self, aws: FakeAWS, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("secrets.token_urlsafe", lambda count: f"new-{count}")
        name = "/events/dev/secret-key"
        aws.expect("ssm", "get_parameter", {"Parameter": {"Value": "newest,older"}}, Name=name, WithDecryption=True)
        aws.expect("ssm", "put_parameter", Name=name, Value="new-64,newest", Type="SecureString", Overwrite=True)
        [sentence] = run("rotate-key", "dev")
        assert sentence.startswith(f"{name} has a new key. Signatures of the previous key are still valid")
        assert "newest" not in sentence
        assert "new-64" not in sentence


class TestErrors:
    @pytest.mark.parametrize(
        ("error", "sentence"),
        [
            (NoCredentialsError(), "There are no AWS credentials: set AWS_PROFILE"),
            (
                EndpointConnectionError(endpoint_url="https://x"),
                'AWS: Could not connect to the endpoint URL: "https://x"',
            ),
            (ValueError("Invalid endpoint: x"), "AWS: Invalid endpoint: x"),
        ],
    )
    def test_errors_of_botocore(self, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str) -> None:
        def fail(stage: Stage, say: Any) -> None:
            raise error

        monkeypatch.setattr(command, "Clients", fail)
        assert failure("status", "dev").startswith(sentence)

    def test_errors_of_aws(self, aws: FakeAWS) -> None:
        aws.expect_error("cloudformation", "describe_stacks", "AccessDenied", "not you")
        assert failure("destroy", "dev") == (
            "AWS: An error occurred (AccessDenied) when calling the DescribeStacks operation: not you"
        )

    def test_an_unknown_stage(self) -> None:
        assert failure("synth", "staging") == "zappa_settings.json has no stage staging; it has dev, production."
        assert "is not a valid stage name" in failure("synth", "Production")
