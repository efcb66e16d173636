"""A simulated AWS account that remembers its function, versions, alias and stacks.

It is not AWS: botocore checks each call against AWS's description, and this module responds. A test can stop a deploy
after each call. As on AWS, CloudFormation finishes what it has begun. It never creates two deployments of APIs within
five seconds, and fails as AWS reports ("Too Many Requests").
"""

# ruff: noqa: N802, N803

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from eventsite.stack.stage import Stage
from tests.deployment.fake_aws import create_client

ARN = "arn:aws:lambda:eu-west-1:111111111111:function:events-dev"
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
# What `zappa template` prints, without the details of the methods.
METHOD = {"Type": "AWS::ApiGateway::Method", "Properties": {"RestApiId": {"Ref": "Api"}}}
ZAPPAS_TEMPLATE = {
    "Description": "Automatically generated with Zappa",
    "Resources": {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "events-dev"}},
        "ANY0": METHOD,
        "ResourceAnyPathSlashed": {"Type": "AWS::ApiGateway::Resource", "Properties": {"RestApiId": {"Ref": "Api"}}},
        "ANY1": METHOD,
    },
}


class KilledError(BaseException):
    """Ends a deploy at once: nothing handles it."""


class AwsError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Account:
    """Replaces `eventsite.stack.aws.Clients`."""

    def __init__(self) -> None:
        self._clients: dict[str, Any] = {}
        self.empty()

    def empty(self) -> None:
        self.latest: dict[str, Any] | None = None  # the function's code and variables
        self.versions: dict[str, dict[str, Any]] = {}
        self.alias: dict[str, Any] | None = None
        self.tested: set[str] = set()  # versions that passed their test
        self.stacks: dict[str, dict[str, Any]] = {}
        self.change_sets: dict[str, tuple[str, dict[str, Any]]] = {}
        self.alarms: list[str] = []
        self.last_deployment = -100.0
        self.clock: Callable[[], float] = time.monotonic
        self.calls: list[str] = []
        self.stop_after = 0
        self.stop_with: type[BaseException] = KilledError
        self._numbers = 0

    # The clients.

    def of(self, service: str) -> Any:
        if service not in self._clients:
            client = create_client(service)
            client.meta.events.register("before-parameter-build", _keep_parameters)
            client.meta.events.register("before-call", self._respond)
            self._clients[service] = client
        return self._clients[service]

    @property
    def cloudformation(self) -> Any:
        return self.of("cloudformation")

    def _respond(self, model: Any, context: dict[str, Any], **_: Any) -> Any:
        try:
            answer = getattr(self, model.name)(**context["parameters"])
        except AwsError as error:
            return SimpleNamespace(status_code=400), {"Error": {"Code": error.code, "Message": str(error)}}
        self.count(model.name)
        return SimpleNamespace(status_code=200), {"ResponseMetadata": {}, **(answer or {})}

    def count(self, call: str) -> None:
        """Stops the deploy if this was the call after which it should stop."""
        self.calls.append(call)
        if len(self.calls) == self.stop_after:
            raise self.stop_with

    def _number(self) -> str:
        self._numbers += 1
        return str(self._numbers)

    # What Zappa and the commands of manage.py do, in processes of their own.

    def zappa(self, command: str, stage: Stage, settings_file: Path, *options: str) -> None:
        described = json.loads(settings_file.read_text())[stage.name]
        if command == "template":
            Path(options[-1]).write_text(json.dumps(ZAPPAS_TEMPLATE))
            return
        assert (command == "deploy") == (self.latest is None)
        code, variables = Path(options[1]).read_text(), described["aws_environment_variables"]
        if self.latest:
            # An update changes the code first, and publishes it with the old settings.
            self.latest = {**self.latest, "code": code}
            self.PublishVersion("events-dev")
            self.count("zappa: code")
        self.latest = {"code": code, "variables": variables, "description": described["lambda_description"]}
        if command == "deploy":
            self.PublishVersion("events-dev")
        self.count("zappa: settings")

    def manage(self, command: str, *arguments: str) -> str:
        if command == "smoke_test":
            tests = arguments[1:2] == ("--invoke",)
            if not tests and self.alias is None:
                return "There is no alias."
            version = arguments[2] if tests else (self.alias or {})["FunctionVersion"]
            code = self.versions[version]["code"]
            if code == "bad" or (code == "bad over HTTP" and not tests):
                return f"The smoke test failed at 'health': version {version}."
            if tests:
                self.tested.add(version)
            elif code == "alarming":
                self.alarms.append("events-dev-function-errors")
        self.count(command)
        return ""

    # AWS. The names are those of the operations.

    def GetCallerIdentity(self) -> dict[str, Any]:
        return {"Account": "111111111111"}

    def GetParameter(self, Name: str) -> dict[str, Any]:
        return {"Parameter": {"Type": "SecureString", "Version": 1}}

    def DescribeAlarms(self, AlarmNames: list[str], **_: Any) -> dict[str, Any]:
        return {"MetricAlarms": [{"AlarmName": name} for name in self.alarms if name in AlarmNames]}

    def GetFunctionConfiguration(self, FunctionName: str, Qualifier: str = "") -> dict[str, Any]:
        if self.latest is None:
            raise AwsError("ResourceNotFoundException", "Function not found")
        states = {"State": "Active", "LastUpdateStatus": "Successful"}
        return {"FunctionArn": ARN, "Role": "r", "Environment": {"Variables": self.latest["variables"]}, **states}

    def GetFunction(self, FunctionName: str) -> dict[str, Any]:
        return {"Configuration": self.GetFunctionConfiguration(FunctionName)}

    def PublishVersion(self, FunctionName: str) -> dict[str, Any]:
        assert self.latest
        if not self.versions or self.versions[max(self.versions, key=int)] != self.latest:
            self.versions[str(len(self.versions) + 1 + self._removed())] = dict(self.latest)
        return {"Version": max(self.versions, key=int)}

    def _removed(self) -> int:
        return max(map(int, self.versions), default=0) - len(self.versions)

    def ListVersionsByFunction(self, FunctionName: str) -> dict[str, Any]:
        return {"Versions": [{"Version": version} for version in ("$LATEST", *self.versions)]}

    def DeleteFunction(self, FunctionName: str, Qualifier: str) -> None:
        assert self.alias
        assert Qualifier != self.alias["FunctionVersion"], "Lambda refuses to delete the version of an alias."
        del self.versions[Qualifier]

    def GetAlias(self, FunctionName: str, Name: str) -> dict[str, Any]:
        if self.alias is None:
            raise AwsError("ResourceNotFoundException", "Cannot find alias")
        return self.alias

    def ListAliases(self, FunctionName: str) -> dict[str, Any]:
        return {"Aliases": [self.alias] if self.alias else []}

    def CreateAlias(self, FunctionName: str, **alias: Any) -> dict[str, Any]:
        assert self.alias is None
        self.alias = {**alias, "RevisionId": self._number()}
        return self.alias

    def UpdateAlias(self, FunctionName: str, RevisionId: str, **alias: Any) -> dict[str, Any]:
        if self.alias is None or self.alias["RevisionId"] != RevisionId:
            raise AwsError("PreconditionFailedException", "The Revision Id provided does not match the latest one.")
        self.alias = {**alias, "RevisionId": self._number()}
        return self.alias

    def DeleteAlias(self, FunctionName: str, Name: str) -> None:
        self.alias = None

    def DescribeStackResource(self, StackName: str, LogicalResourceId: str) -> dict[str, Any]:
        stack = self._stack(StackName)
        if LogicalResourceId not in stack["template"]["Resources"] or stack["StackStatus"] == "ROLLBACK_COMPLETE":
            raise AwsError("ValidationError", f"Resource {LogicalResourceId} does not exist for stack {StackName}")
        return {"StackResourceDetail": {"PhysicalResourceId": "abc", "ResourceStatus": "CREATE_COMPLETE"}}

    def _stack(self, name: str) -> dict[str, Any]:
        name, by_id = name.removeprefix("id:"), name.startswith("id:")
        if name not in self.stacks and by_id:
            return {"StackName": name, "StackStatus": "DELETE_COMPLETE", "CreationTime": AT}
        if name not in self.stacks:
            raise AwsError("ValidationError", f"Stack with id {name} does not exist")
        return self.stacks[name]

    def DescribeStacks(self, StackName: str) -> dict[str, Any]:
        return {"Stacks": [self._stack(StackName)]}

    def DescribeStackResources(self, StackName: str) -> dict[str, Any]:
        return {"StackResources": []}

    def DescribeStackEvents(self, StackName: str) -> dict[str, Any]:
        reason = "Too Many Requests (Service: ApiGateway, Status Code: 429, Request ID: 1)"
        failed = {"ResourceStatus": "CREATE_FAILED", "LogicalResourceId": "Deployment", "ResourceStatusReason": reason}
        return {"StackEvents": [failed]}

    def CreateChangeSet(
        self,
        StackName: str,
        ChangeSetName: str,
        ChangeSetType: str,
        TemplateBody: str,
        **_: Any,
    ) -> dict[str, Any]:
        assert (ChangeSetType == "UPDATE") == (StackName in self.stacks)
        self.change_sets[ChangeSetName] = StackName, json.loads(TemplateBody)
        return {"Id": ChangeSetName, "StackId": f"id:{StackName}"}

    def DescribeChangeSet(self, ChangeSetName: str) -> dict[str, Any]:
        name, template = self.change_sets[ChangeSetName]
        if name in self.stacks and self.stacks[name]["template"] == template:
            return {"Status": "FAILED", "StatusReason": "The submitted information didn't contain changes."}
        return {"Status": "CREATE_COMPLETE", "Changes": []}

    def DeleteChangeSet(self, ChangeSetName: str) -> None:
        del self.change_sets[ChangeSetName]

    def ExecuteChangeSet(self, ChangeSetName: str) -> None:
        name, template = self.change_sets.pop(ChangeSetName)
        before = self.stacks.get(name)
        kind = "UPDATE" if before else "CREATE"
        stack = {"StackId": f"id:{name}", "StackName": name, "CreationTime": AT, "template": template}
        stack["StackStatus"] = f"{kind}_COMPLETE"
        if _deployments(template) - (_deployments(before["template"]) if before else set()):
            if self.clock() - self.last_deployment < 5:
                status = "UPDATE_ROLLBACK_COMPLETE" if before else "ROLLBACK_COMPLETE"
                self.stacks[name] = {**(before or stack), "StackStatus": status}
                return
            self.last_deployment = self.clock()
        self.stacks[name] = stack

    def DeleteStack(self, StackName: str) -> None:
        del self.stacks[StackName.removeprefix("id:")]

    # What a visitor finds.

    def stage_without_protection(self) -> list[str]:
        """What the API's stage lacks, if there is one: it begins to exist with its resource in the stack."""
        stack = self.stacks.get("events-dev")
        if stack is None or stack["StackStatus"] == "ROLLBACK_COMPLETE":
            return []
        resources = stack["template"]["Resources"]
        stage = resources["Stage"]["Properties"]
        responses = {name for name, one in resources.items() if one["Type"] == "AWS::ApiGateway::GatewayResponse"}
        deployment = resources[stage["DeploymentId"]["Ref"]]
        [settings] = stage["MethodSettings"]
        found = {
            "throttling": settings["ThrottlingRateLimit"] and settings["ThrottlingBurstLimit"],
            "access log": stage["AccessLogSetting"]["DestinationArn"],
            "execution log": "ExecutionLogs" in resources["Stage"]["DependsOn"],
            "error responses": len(responses) == 11 and responses <= set(deployment["DependsOn"]),
        }
        return [name for name, has in found.items() if not has]


def _keep_parameters(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    context["parameters"] = dict(params)


def _deployments(template: dict[str, Any]) -> set[str]:
    return {name for name, one in template["Resources"].items() if one["Type"] == "AWS::ApiGateway::Deployment"}
