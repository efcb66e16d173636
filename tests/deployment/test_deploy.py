"""Checks before a deploy, the output of Zappa, and `undeploy`."""

from __future__ import annotations

import json
import subprocess
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from django.core.management import CommandError, call_command

from eventsite.deployment import DeploymentError, steps, zappa
from eventsite.deployment.checks import errors, settings_error
from eventsite.deployment.function import Function
from eventsite.deployment.steps import Deploy
from eventsite.stack import StackError
from eventsite.stack.stage import read_stage
from eventsite.zappa_stages import SETTINGS_FILE
from tests.deployment.fake_aws import FakeAWS

HOSTS = ".execute-api.eu-west-1.amazonaws.com"


@pytest.fixture
def described(tmp_path: Path, settings: Any) -> dict[str, Any]:
    """The stages of a zappa_settings.json that `write` changes."""
    found: dict[str, Any] = json.loads((settings.BASE_DIR / "zappa_settings.json").read_text())
    settings.BASE_DIR = tmp_path
    write(settings, found)
    return found


def write(settings: Any, described: dict[str, Any]) -> None:
    (settings.BASE_DIR / "zappa_settings.json").write_text(json.dumps(described))


def test_dev_has_no_errors() -> None:
    stage = read_stage("dev")
    assert list(errors(stage)) == []
    assert settings_error(stage) is None


def test_production_needs_its_hosts_first() -> None:
    [error] = errors(read_stage("production"))
    assert error == (
        "zappa_settings.json, production.aws_environment_variables: ALLOWED_HOSTS must list the site's host names, "
        'comma-separated: your own domain, or ".execute-api.eu-west-1.amazonaws.com" for the address from API Gateway.'
    )


def test_the_file_has_no_secrets(settings: Any) -> None:
    content = (settings.BASE_DIR / "zappa_settings.json").read_text()
    assert '"SECRET_KEY"' not in content
    assert set(json.loads(content)) == {"dev", "production"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (
            {"runtime": "python3.10"},
            "zappa_settings.json, dev: runtime must be one of python3.11, python3.12, python3.13.",
        ),
        ({"architecture": "arm"}, "zappa_settings.json, dev: architecture must be one of arm64, x86_64."),
        ({"snap_start": "yes"}, "zappa_settings.json, dev: snap_start must be one of None, PublishedVersions."),
        (
            {"snap_start": "PublishedVersions", "runtime": "python3.11"},
            "zappa_settings.json, dev: snap_start needs python3.12 or later.",
        ),
        ({"role_name": "mine"}, 'zappa_settings.json, dev: role_name must be "events-dev-function".'),
        ({"manage_roles": True}, "zappa_settings.json, dev: manage_roles must be false."),
        ({"slim_handler": True}, "zappa_settings.json, dev: slim_handler must be false."),
        ({"keep_warm": True}, "zappa_settings.json, dev: keep_warm must be false."),
        (
            {"callbacks": {"post": "eventsite.stack.gateway.configure"}},
            "zappa_settings.json, dev: callbacks is not allowed: the deploy configures the API itself.",
        ),
        ({"throttling_rate_limit": "lots"}, "zappa_settings.json, dev: throttling_rate_limit must be a whole number."),
        ({"timeout_seconds": True}, "zappa_settings.json, dev: timeout_seconds must be a whole number."),
        ({"table_read_limit": 0}, "zappa_settings.json, dev: table_read_limit must be a whole number of at least 1."),
        (
            {"lambda_concurrency": "5"},
            "zappa_settings.json, dev: lambda_concurrency must be a whole number of at least 1.",
        ),
        ({"role_arn": "arn"}, "zappa_settings.json, dev: role_arn is not allowed: the stack creates the role."),
        (
            {"environment_variables": {"SECRET_KEY": "x"}},
            "zappa_settings.json, dev: environment_variables is not allowed: use aws_environment_variables.",
        ),
    ],
)
def test_wrong_settings(described: dict[str, Any], settings: Any, change: dict[str, Any], error: str) -> None:
    described["dev"].update(change)
    write(settings, described)
    assert list(errors(read_stage("dev"))) == [error]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"SECRET_KEY": "x" * 50}, "SECRET_KEY is a secret. Secrets must not be in this file, because it is shared."),
        ({"ALLOWED_HOSTS": "*"}, 'ALLOWED_HOSTS must list host names, not "*".'),
        ({"ALLOWED_HOSTS": "a.example, *"}, 'ALLOWED_HOSTS must list host names, not "*".'),
        (
            {"AWS_SESSION_TOKEN": "x"},
            "AWS_SESSION_TOKEN is a secret. Secrets must not be in this file, because it is shared.",
        ),
        ({"URL_PREFIX": ""}, 'URL_PREFIX must be "/dev", because the address from API Gateway ends with it.'),
        (
            {"DYNAMODB_ENDPOINT_URL": "https://db.example.org"},
            "DYNAMODB_ENDPOINT_URL is not allowed: the function may use only the stage's own tables.",
        ),
        ({"EVENTS_STAGE": "prod"}, 'EVENTS_STAGE must be "dev".'),
        ({"SECRET_KEY_PARAMETER": "/other"}, 'SECRET_KEY_PARAMETER must be "/events/dev/secret-key".'),
        ({"EVENTS_TIME_ZONE": 5}, "EVENTS_TIME_ZONE must be text."),
    ],
)
def test_wrong_variables(described: dict[str, Any], settings: Any, change: dict[str, Any], error: str) -> None:
    described["dev"]["aws_environment_variables"].update(change)
    write(settings, described)
    assert list(errors(read_stage("dev"))) == [f"zappa_settings.json, dev.aws_environment_variables: {error}"]


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("URL_PREFIX", "dev", "URL_PREFIX must be empty or like /production"),
        ("EVENTS_TIME_ZONE", "Berlin", "EVENTS_TIME_ZONE must be a time zone such as Europe/Berlin, not 'Berlin'."),
        ("EVENTS_API_ACCESS", "all", "EVENTS_API_ACCESS must be one of open, read-open, keyed, not 'all'."),
        ("DEBUG", "true", "DEBUG must not be true on AWS."),
    ],
)
def test_errors_of_the_sites_own_settings(name: str, value: str, error: str) -> None:
    stage = read_stage("dev")
    stage.environment[name] = value
    found = settings_error(stage)
    assert found
    assert found.startswith(f"zappa_settings.json, dev.aws_environment_variables: {error}")


@pytest.mark.parametrize(
    ("stage", "error"),
    [
        ("test", r"zappa_settings\.json has no stage test; it has dev, production\."),
        ("Dev", "'Dev' is not a valid stage name"),
    ],
)
def test_an_unknown_stage(stage: str, error: str) -> None:
    for command in ("deploy", "undeploy", "package"):
        with pytest.raises(CommandError, match=error):
            call_command(command, stage)


def test_a_stage_without_a_region(described: dict[str, Any], settings: Any) -> None:
    del described["dev"]["aws_region"]
    write(settings, described)
    with pytest.raises(StackError, match="dev needs aws_region and aws_environment_variables"):
        read_stage("dev")


def test_without_credentials_the_error_says_how_to_set_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    with pytest.raises(CommandError, match=r"AWS credentials.*: set AWS_PROFILE, or"):
        call_command("deploy", "dev")


def missing(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Describe")


class FakeAccount:
    """A fake AWS account, for the checks of a deploy."""

    def __init__(self) -> None:
        self.parameter: dict[str, Any] | None = {"Type": "SecureString", "Version": 3}
        self.function: dict[str, Any] | None = None
        self.stacks: dict[str, str] = {}
        self.api = "CREATE_COMPLETE"
        self.cloudformation = self

    def of(self, service: str) -> FakeAccount:
        return self

    def get_caller_identity(self) -> dict[str, Any]:
        return {"Account": "123456789012"}

    def get_parameter(self, Name: str) -> dict[str, Any]:  # noqa: N803
        if self.parameter is None:
            raise missing("ParameterNotFound")
        return {"Parameter": self.parameter}

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        if StackName not in self.stacks:
            raise missing("ValidationError", f"Stack with id {StackName} does not exist")
        return {"Stacks": [{"StackStatus": self.stacks[StackName]}]}

    def describe_stack_resource(self, StackName: str, LogicalResourceId: str) -> dict[str, Any]:  # noqa: N803
        self.describe_stacks(StackName)
        return {"StackResourceDetail": {"PhysicalResourceId": "abc", "ResourceStatus": self.api}}

    def get_function_configuration(self, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        if self.function is None:
            raise missing("ResourceNotFoundException")
        return self.function


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> FakeAccount:
    fake = FakeAccount()

    def unwanted(*arguments: Any) -> None:
        raise AssertionError("The deploy continued.")

    monkeypatch.setattr(steps, "Clients", lambda stage, say=None: fake)
    monkeypatch.setattr(steps, "make_package", unwanted)
    return fake


def failure() -> str:
    with pytest.raises(StackError) as raised:
        Deploy(read_stage("dev"), lambda line: None).run()
    return str(raised.value)


def test_no_secret_key_yet(account: FakeAccount) -> None:
    account.parameter = None
    assert failure() == "dev has no secret key yet. `manage.py stack rotate-key dev` creates one."


def test_a_secret_key_that_is_not_encrypted(account: FakeAccount) -> None:
    account.parameter = {"Type": "String", "Version": 1}
    assert failure() == "The parameter /events/dev/secret-key must be a SecureString."


@pytest.mark.parametrize("stack", ["events-dev", "events-dev-resources"])
def test_a_stack_that_another_deploy_changes(account: FakeAccount, stack: str) -> None:
    account.stacks[stack] = "UPDATE_IN_PROGRESS"
    assert failure() == f"{stack} is being changed by another deploy. Try again when that is done."


@pytest.mark.parametrize("state", [{"State": "Pending"}, {"LastUpdateStatus": "InProgress"}])
def test_a_function_that_another_deploy_changes(account: FakeAccount, state: dict[str, str]) -> None:
    account.stacks["events-dev"] = "CREATE_COMPLETE"
    account.function = state
    assert failure() == "events-dev is being changed by another deploy. Try again when that is done."


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("cn-north-1", "abc.execute-api.cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", "abc.execute-api.eusc-de-east-1.amazonaws.eu"),
        ("us-gov-west-1", "abc.execute-api.us-gov-west-1.amazonaws.com"),
    ],
)
def test_the_smoke_test_uses_the_address_of_the_partition(deploy: Deploy, region: str, host: str) -> None:
    deploy.function = SimpleNamespace(emulator=None, api=lambda: "abc")  # type: ignore[assignment]
    deploy.stage.described["aws_region"] = region
    assert deploy._address() == (f"https://{host}/dev", None)  # noqa: SLF001


@pytest.mark.parametrize("current", [["x86_64"], ["arm64"]])
def test_another_architecture_comes_with_the_code_for_it(tmp_path: Path, current: list[str]) -> None:
    """Zappa would keep the architecture of an existing function."""
    (tmp_path / "a.zip").write_bytes(b"code")
    aws = FakeAWS()
    state = {"State": "Active", "LastUpdateStatus": "Successful"}
    found = {"Architectures": current, **state}
    aws.expect("lambda", "get_function_configuration", found, FunctionName="events-dev")
    if current == ["x86_64"]:
        changed = {"FunctionName": "events-dev", "ZipFile": b"code", "Architectures": ["arm64"]}
        aws.expect("lambda", "update_function_code", {}, **changed)
        for _ in range(2):
            aws.expect("lambda", "get_function", {"Configuration": state}, FunctionName="events-dev")
    Function(read_stage("dev"), aws).change_architecture(tmp_path / "a.zip", "arm64")  # type: ignore[arg-type]
    aws.assert_all_called()


def test_the_smoke_test_uses_the_stages_own_domain(deploy: Deploy) -> None:
    deploy.function = SimpleNamespace(emulator=None, api=lambda: "abc")  # type: ignore[assignment]
    assert deploy._address() == ("https://abc.execute-api.eu-west-1.amazonaws.com/dev", None)  # noqa: SLF001
    deploy.stage.described["domain"] = "events.example.org"
    assert deploy._address() == ("https://events.example.org", None)  # noqa: SLF001
    deploy.stage.described["base_path"] = "desk"
    assert deploy._address() == ("https://events.example.org/desk", None)  # noqa: SLF001


@pytest.mark.parametrize(
    ("endpoint", "emulator"),
    [
        ("https://lambda.eu-west-1.amazonaws.com", None),
        ("https://lambda.cn-north-1.amazonaws.com.cn", None),
        ("https://lambda.eu-west-1.api.aws", None),
        ("https://lambda-fips.us-gov-west-1.amazonaws.com", None),
        ("https://lambda.cn-north-1.api.amazonwebservices.com.cn", None),
        ("https://lambda.eusc-de-east-1.amazonaws.eu", None),
        ("https://lambda.us-iso-east-1.c2s.ic.gov", None),
        ("https://vpce-0a1b.lambda.eu-west-1.vpce.amazonaws.com", None),
        ("https://localhost.localstack.cloud:4566", "localhost.localstack.cloud:4566"),
        ("https://amazonaws.com.emulator.test", "amazonaws.com.emulator.test"),
        ("http://127.0.0.1:4566", "127.0.0.1:4566"),
    ],
)
def test_an_emulator_is_recognized_by_its_address(endpoint: str, emulator: str | None) -> None:
    client = SimpleNamespace(meta=SimpleNamespace(endpoint_url=endpoint))
    clients: Any = SimpleNamespace(of=lambda service: client, cloudformation=None)
    assert Function(read_stage("dev"), clients).emulator == emulator


@pytest.mark.parametrize(
    ("output", "error"),
    [
        ("a\nTraceback\nbotocore.exceptions.ClientError: No\n==\nHelp!", "botocore.exceptions.ClientError: No"),
        ("Error: This application is \x1b[31malready deployed\x1b[0m\n", "Error: This application is already deployed"),
        ("something\nelse\n", "else"),
        ("", "no output"),
    ],
)
def test_the_last_error_of_zappa(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path, output: str, error: str
) -> None:
    stage = read_stage("dev")
    settings.BASE_DIR = tmp_path

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        options["stdout"].write(output)
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(subprocess, "run", run)
    settings_file = zappa.write_settings(stage, "bucket", "description")
    written = json.loads(settings_file.read_text())["dev"]
    assert (written["s3_bucket"], written["apigateway_enabled"], written["num_retained_versions"]) == (
        "bucket",
        False,
        None,
    )
    with pytest.raises(DeploymentError) as raised:
        zappa.run_zappa("update", stage, settings_file)
    assert str(raised.value) == f"`zappa update` failed: {error} (dist/zappa-dev.log has the whole output)"
    assert sorted(path.name for path in settings_file.parent.iterdir()) == ["zappa-dev.json", "zappa-dev.log"]


@pytest.mark.parametrize("typed", ["", "production", "yes"])
def test_undeploy_asks_for_the_name_of_the_stage(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    def unwanted(*arguments: Any) -> None:
        raise AssertionError("The command continued.")

    monkeypatch.setattr("builtins.input", lambda prompt: typed)
    monkeypatch.setattr("eventsite.management.commands.undeploy.undeploy", unwanted)
    output = StringIO()
    with pytest.raises(CommandError, match=r"^Nothing was changed\.$"):
        call_command("undeploy", "dev", stdout=output)
    assert output.getvalue() == "dev will be offline. Its data is kept.\n"


def test_undeploy_without_a_function(account: FakeAccount) -> None:
    with pytest.raises(CommandError, match=r"^There is no events-dev in account 123456789012, eu-west-1\.$"):
        call_command("undeploy", "dev", "--yes")


def test_every_stage_of_the_file_has_the_same_keys(settings: Any) -> None:
    described = json.loads((settings.BASE_DIR / SETTINGS_FILE).read_text())
    keys = {frozenset(stage) for stage in described.values()}
    assert len(keys) == 1
