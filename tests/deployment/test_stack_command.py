"""manage.py stack destroy, status, rotate-key, against answers such as AWS gives; test_ministack has an emulator."""

from __future__ import annotations

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, NoRegionError

from eventsite.management.commands import stack as command
from eventsite.stack.stage import Stage
from tests.deployment.fake_aws import ANY, MadeAWS
from tests.deployment.fake_stack import (
    AT,
    ID,
    STACK,
    TABLES,
    described,
    event,
    happens,
    has_no_stack,
    has_stack,
    refusal,
    run,
)


class TestDestroy:
    def can_go(self, aws: MadeAWS) -> None:
        has_stack(aws)
        has_no_stack(aws, "events-dev")

    def goes(self, aws: MadeAWS) -> None:
        bucket = {"LogicalResourceId": "Packages", "PhysicalResourceId": "packages", "ResourceType": "AWS::S3::Bucket"}
        state = {"Timestamp": AT, "ResourceStatus": "CREATE_COMPLETE"}
        resources = {"StackResources": [{**bucket, **state}]}
        aws.answers("cloudformation", "describe_stack_resources", resources, StackName=ID)
        aws.answers("s3", "list_objects_v2", {"Contents": [{"Key": "a.zip"}]}, Bucket="packages")
        aws.answers("s3", "delete_objects", Bucket="packages", Delete={"Objects": [{"Key": "a.zip"}], "Quiet": True})
        aws.answers("cloudformation", "describe_stack_events", {"StackEvents": []}, StackName=ID)
        aws.answers("cloudformation", "delete_stack", StackName=ID)
        happens(aws, ("DELETE_COMPLETE", [event(2, "DELETE_SKIPPED", "EventTable")]))

    def test_it_asks_and_keeps_the_data(self, aws: MadeAWS, monkeypatch: pytest.MonkeyPatch) -> None:
        self.can_go(aws)
        self.goes(aws)
        monkeypatch.setattr("builtins.input", lambda prompt: "dev")
        kept = "events-dev, events-dev-history, events-dev-access, /events/dev/secret-key"
        assert run("destroy", "dev") == [
            f"{STACK} is deleted: its role, logs, alarms, dashboard and packages. Kept are {kept}.",
            "  1 old packages are deleted from packages",
            f"  {AT.astimezone():%H:%M:%S} DELETE_SKIPPED               EventTable",
            f"{STACK} is gone; {kept} are kept.",
        ]

    @pytest.mark.parametrize("typed", ["", "y", "production"])
    def test_any_other_answer_changes_nothing(self, aws: MadeAWS, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
        self.can_go(aws)
        monkeypatch.setattr("builtins.input", lambda prompt: typed)
        assert refusal("destroy", "dev") == "Nothing was changed."

    def test_it_need_not_ask(self, aws: MadeAWS) -> None:
        self.can_go(aws)
        self.goes(aws)
        assert run("destroy", "dev", "--yes")[-1].startswith(f"{STACK} is gone;")

    def test_the_function_goes_first(self, aws: MadeAWS) -> None:
        has_stack(aws)
        aws.answers("cloudformation", "describe_stacks", described("CREATE_COMPLETE"), StackName="events-dev")
        assert refusal("destroy", "dev", "--yes") == (
            "The function events-dev needs this: `manage.py undeploy dev` comes first."
        )

    def test_there_may_be_nothing(self, aws: MadeAWS) -> None:
        has_no_stack(aws)
        assert refusal("destroy", "dev", "--yes") == f"There is no stack {STACK}."


class TestStatus:
    def test_a_page_of_it(self, aws: MadeAWS) -> None:
        has_stack(aws)
        logs = {
            "LogicalResourceId": "FunctionLogs",
            "PhysicalResourceId": "logs",
            "ResourceType": "AWS::Logs::LogGroup",
        }
        resource = {**logs, "LastUpdatedTimestamp": AT, "ResourceStatus": "CREATE_COMPLETE"}
        aws.answers("cloudformation", "list_stack_resources", {"StackResourceSummaries": [resource]}, StackName=STACK)
        aws.refuses("dynamodb", "describe_table", "ResourceNotFoundException", TableName="events-dev")
        for name in TABLES[1:]:
            indexes = [{"IndexName": {"events-dev-history": "by-time", "events-dev-access": "by-kind"}[name]}]
            table = {"TableName": name, "TableStatus": "ACTIVE", "ItemCount": 1234, "GlobalSecondaryIndexes": indexes}
            aws.answers("dynamodb", "describe_table", {"Table": table}, TableName=name)
            recovery = {"PointInTimeRecoveryStatus": "ENABLED"}
            backups = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}
            aws.answers("dynamodb", "describe_continuous_backups", {"ContinuousBackupsDescription": backups})
        aws.answers("dynamodb", "describe_time_to_live", {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED"}})
        ours = {"AlarmName": "events-dev-api-errors", "StateValue": "OK", "AlarmActions": ["arn:x:events-dev-alarms"]}
        others = {"AlarmName": "events-dev-2-x", "StateValue": "OK", "AlarmActions": ["arn:x:events-dev-2-alarms"]}
        aws.answers("cloudwatch", "describe_alarms", {"MetricAlarms": [ours, others]}, AlarmNamePrefix="events-dev")
        assert run("status", "dev") == [
            f"{STACK}: UPDATE_COMPLETE since {AT.astimezone():%Y-%m-%d %H:%M}",
            "Resources",
            "  CREATE_COMPLETE      FunctionLogs, logs",
            "Tables",
            "  MISSING              events-dev",
            "  ACTIVE               events-dev-history, about 1,234 items, without deletion protection",
            "  ACTIVE               events-dev-access, about 1,234 items, without deletion protection",
            "Alarms",
            "  OK                   events-dev-api-errors",
        ]

    def test_there_may_be_nothing(self, aws: MadeAWS) -> None:
        has_no_stack(aws)
        assert run("status", "dev") == [f"There is no stack {STACK}: `manage.py stack deploy dev` makes it."]


class TestRotateKey:
    def test_the_first_key(self, aws: MadeAWS) -> None:
        aws.refuses("ssm", "get_parameter", "ParameterNotFound", Name="/events/dev/secret-key", WithDecryption=True)
        tags = [{"Key": "Project", "Value": "events"}, {"Key": "Stage", "Value": "dev"}]
        aws.answers("ssm", "put_parameter", Name="/events/dev/secret-key", Value=ANY, Type="SecureString", Tags=tags)
        assert run("rotate-key", "dev") == ["/events/dev/secret-key holds a first key now."]

    def test_a_new_one_stands_before_the_newest(self, aws: MadeAWS, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("secrets.token_urlsafe", lambda count: f"new-{count}")
        name = "/events/dev/secret-key"
        aws.answers("ssm", "get_parameter", {"Parameter": {"Value": "newest,older"}}, Name=name, WithDecryption=True)
        aws.answers("ssm", "put_parameter", Name=name, Value="new-64,newest", Type="SecureString", Overwrite=True)
        [said] = run("rotate-key", "dev")
        assert said.startswith(f"{name} holds a new key now; what the one before it signed is still taken")
        assert "newest" not in said
        assert "new-64" not in said


class TestErrors:
    @pytest.mark.parametrize(
        ("error", "sentence"),
        [
            (NoCredentialsError(), "There are no AWS credentials: set AWS_PROFILE"),
            (NoRegionError(), "No region is named: set aws_region"),
            (EndpointConnectionError(endpoint_url="https://x"), "AWS cannot be reached: Could not connect"),
        ],
    )
    def test_what_botocore_lacks(self, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str) -> None:
        def fail(stage: Stage) -> None:
            raise error

        monkeypatch.setattr(command, "Clients", fail)
        assert refusal("status", "dev").startswith(sentence)

    @pytest.mark.parametrize(
        ("code", "sentence"),
        [
            ("AccessDenied", "These AWS credentials do not allow DescribeStacks: not you"),
            ("ExpiredToken", "AWS does not know these credentials, or they have expired: not you"),
            ("Throttling", "AWS refuses DescribeStacks: Throttling: not you"),
        ],
    )
    def test_what_aws_refuses(self, aws: MadeAWS, code: str, sentence: str) -> None:
        aws.refuses("cloudformation", "describe_stacks", code, "not you")
        assert refusal("status", "dev") == sentence

    def test_a_stage_that_is_none(self) -> None:
        assert refusal("synth", "staging") == "zappa_settings.json has no stage staging; it has dev, production."
        assert "cannot be the name of a stage" in refusal("synth", "Production")
