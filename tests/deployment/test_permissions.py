"""The policy of a deployer: what it allows, and that each action is needed. ministack/ deploys with it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from eventsite.stack.names import Names
from eventsite.stack.permissions import rows
from eventsite.stack.stage import Stage
from eventsite.stack.template import make_template
from tests.deployment.fake_aws import FakeAWS
from tests.deployment.fake_stack import failure, run
from tests.deployment.needed_permissions import IMPLIED, ZAPPAS_TYPES, calls, of_cloudformation

ACCOUNT = "111122223333"
HERE = f"eu-west-1:{ACCOUNT}"
TEMPLATE = make_template(Stage(Names("dev")))
TYPES = {resource["Type"] for resource in TEMPLATE["Resources"].values()}
# The resources that a call of CloudFormation names, by the service of its action.
RESOURCES = {
    "AWS::ApiGateway::Account": {"apigateway": ["apigateway:eu-west-1::/account"]},
    "AWS::ApiGateway::Method": {"apigateway": ["apigateway:eu-west-1::/restapis/x/resources/y/methods/ANY"]},
    "AWS::ApiGateway::Resource": {"apigateway": ["apigateway:eu-west-1::/restapis/x/resources/y"]},
    "AWS::ApiGateway::Deployment": {"apigateway": ["apigateway:eu-west-1::/restapis/x/deployments/y"]},
    "AWS::ApiGateway::GatewayResponse": {"apigateway": ["apigateway:eu-west-1::/restapis/x/gatewayresponses/y"]},
    "AWS::ApiGateway::Stage": {"apigateway": ["apigateway:eu-west-1::/restapis/x/stages/dev"]},
    "AWS::Budgets::Budget": {
        "billing": [f"billing::{ACCOUNT}:billingview/primary"],
        "budgets": [f"budgets::{ACCOUNT}:budget/events-dev-resources-Budget-1A2B3C"],
    },
    "AWS::ApiGateway::RestApi": {
        "apigateway": ["apigateway:eu-west-1::/restapis", "apigateway:eu-west-1::/restapis/x"],
        "s3": [f"s3:::events-dev-packages-{ACCOUNT}-eu-west-1/template.json"],
    },
    "AWS::CloudWatch::Alarm": {"cloudwatch": [f"cloudwatch:{HERE}:alarm:events-dev-api-errors"]},
    "AWS::CloudWatch::Dashboard": {"cloudwatch": [f"cloudwatch::{ACCOUNT}:dashboard/events-dev"]},
    "AWS::DynamoDB::Table": {
        "dynamodb": [f"dynamodb:{HERE}:table/events-dev{end}" for end in ("", "-history", "-access")],
        "logs": [f"logs:{HERE}:log-group:/aws/lambda/events-dev"],
    },
    "AWS::IAM::Role": {},
    "AWS::Logs::LogGroup": {
        "logs": [
            f"logs:{HERE}:log-group:/aws/{of}/events-dev{end}" for of in ("lambda", "apigateway") for end in ("", ":*")
        ]
    },
    "AWS::S3::Bucket": {"s3": [f"s3:::events-dev-packages-{ACCOUNT}-eu-west-1"]},
    "AWS::S3::BucketPolicy": {"s3": [f"s3:::events-dev-packages-{ACCOUNT}-eu-west-1"]},
    "AWS::SNS::Subscription": {"sns": [f"sns:{HERE}:events-dev-alarms"]},
    "AWS::SNS::Topic": {"sns": [f"sns:{HERE}:events-dev-alarms"]},
}
ROLES = ["events-dev-function", "events-dev-resources-GatewayLogsRole-1A2B3C"]
OTHERS = [
    *(f"dynamodb:{HERE}:table/{name}" for name in ("events-production", "events-dev2", "events-dev-x")),
    f"lambda:{HERE}:function:events-production",
    f"logs:{HERE}:log-group:/aws/lambda/events-dev2",
    f"iam::{ACCOUNT}:role/events-production-function",
    f"iam::{ACCOUNT}:role/Admin",
    f"iam::{ACCOUNT}:role/events-dev-deployer",
    f"s3:::events-production-packages-{ACCOUNT}-eu-west-1",
    f"ssm:{HERE}:parameter/events/production/secret-key",
    f"cloudformation:{HERE}:stack/events-production-resources/1",
    f"sns:{HERE}:events-production-alarms",
    f"cloudwatch:{HERE}:alarm:events-production-api-errors",
]
# AWS's reference of actions says that these have no resource: https://docs.aws.amazon.com/service-authorization/
WITHOUT_RESOURCE = {
    "dynamodb:ListTables",
    "events:ListRuleNamesByTarget",
    "sns:GetSubscriptionAttributes",
    "sns:SetSubscriptionAttributes",
    "sns:Unsubscribe",
}


def printed(*options: str) -> dict[str, Any]:
    aws = FakeAWS()
    aws.expect("sts", "get_caller_identity", {"Arn": f"arn:aws:iam::{ACCOUNT}:user/ada", "Account": ACCOUNT})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("eventsite.management.commands.stack.Clients", lambda stage, say: aws)
        made: dict[str, Any] = json.loads("\n".join(run("policy", "dev", *options)))
    return made


@pytest.fixture(scope="module")
def policy() -> dict[str, Any]:
    return printed()


def allows(policy: dict[str, Any], action: str, resource: str) -> bool:
    """IAM's evaluation of statements that only allow, and whose actions have no wildcard."""
    return any(
        action in statement["Action"]
        and any(fnmatchcase(f"arn:aws:{resource}", each) for each in statement["Resource"])
        for statement in policy["Statement"]
    )


def needed() -> set[str]:
    return calls() | {action for _, action in of_cloudformation(TYPES | ZAPPAS_TYPES)} | set(IMPLIED)


def test_each_action_is_needed(policy: dict[str, Any]) -> None:
    """Another call needs a row of permissions.toml, and a place in CALLS or IMPLIED of needed_permissions.py."""
    allowed = {action for statement in policy["Statement"] for action in statement["Action"]}
    assert sorted(allowed - needed()) == [], "Nothing needs these."
    assert sorted(needed() - allowed) == [], "These are not allowed."


def test_cloudformation_may_manage_each_resource(policy: dict[str, Any]) -> None:
    denied = []
    for kind, action in of_cloudformation(TYPES | ZAPPAS_TYPES):
        service = action.partition(":")[0]
        # Types other than roles also name a role.
        resources = [f"iam::{ACCOUNT}:role/{name}" for name in ROLES] if service == "iam" else RESOURCES[kind][service]
        every = all if kind == "AWS::DynamoDB::Table" else any
        if not every(allows(policy, action, resource) for resource in resources):
            denied.append((kind, action))
    assert denied == []


def test_other_resources_are_not_allowed(policy: dict[str, Any]) -> None:
    actions = sorted(needed() - WITHOUT_RESOURCE - {"logs:DescribeLogGroups", "cloudwatch:DescribeAlarms"})
    assert [(action, other) for action in actions for other in OTHERS if allows(policy, action, other)] == []


def test_only_actions_without_a_resource_are_allowed_on_all(policy: dict[str, Any]) -> None:
    everywhere = {action for each in policy["Statement"] if "*" in each["Resource"] for action in each["Action"]}
    assert everywhere == WITHOUT_RESOURCE
    assert {action for row in rows().values() if "why" in row for action in row["actions"]} == everywhere
    assert all(re.fullmatch(r"[a-z0-9]+:[A-Za-z]+", action) for row in rows().values() for action in row["actions"])


def test_it_is_a_policy_that_iam_accepts(policy: dict[str, Any]) -> None:
    assert all(re.fullmatch(r"[A-Za-z0-9]+", statement["Sid"]) for statement in policy["Statement"])
    longest = json.dumps(policy).replace("dev", "x" * 19)
    assert len(re.sub(r"\s", "", longest)) <= 10240, "IAM's limit for the policies in a role."


def test_the_table_explains_each_action() -> None:
    lines = run("policy", "dev", "--explain")
    assert lines[0] == "| actions | on | needed by |"
    explained = {action for line in lines[2:] for action in line.split("|")[1].replace(" ", "").split(",")}
    assert explained == {action for row in rows().values() for action in row["actions"]}
    assert all(re.fullmatch(r"\| [\w:, ]+ \| `.+ \| \w.+ \|", line) for line in lines[2:])


class TestGitHub:
    def test_the_role_is_for_one_environment_of_one_repository(self) -> None:
        template = printed("--github", "octo@12/events@345")
        role = template["Resources"]["Deployer"]["Properties"]
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        issuer = "token.actions.githubusercontent.com"
        assert (trust["Effect"], trust["Action"]) == ("Allow", "sts:AssumeRoleWithWebIdentity")
        assert trust["Principal"]["Federated"]["Fn::Sub"].endswith(f":oidc-provider/{issuer}")
        claims = {"aud": "sts.amazonaws.com", "sub": {"Fn::Sub": "repo:${Repository}:environment:${Stage}"}}
        assert trust["Condition"] == {"StringEquals": {f"{issuer}:{claim}": value for claim, value in claims.items()}}
        defaults = [template["Parameters"][name]["Default"] for name in ("Repository", "Stage")]
        assert defaults == ["octo@12/events@345", "dev"]
        assert role["Policies"][0]["PolicyDocument"] == printed()

    def test_cfn_lint_finds_no_errors(self, tmp_path: Path) -> None:
        (tmp_path / "role.json").write_text(json.dumps(printed("--github", "octo/events")))
        command = [sys.executable, "-c", "from cfnlint.runner import main; main()", str(tmp_path / "role.json")]
        result = subprocess.run(command, check=False, capture_output=True, text=True)
        assert (result.returncode, result.stdout) == (0, "")

    def test_the_provider_is_made_once(self) -> None:
        template = printed("--github", "octo/events")
        provider = template["Resources"]["Provider"]
        assert (provider["Condition"], provider["DeletionPolicy"]) == ("MakesProvider", "Retain")
        assert template["Parameters"]["MakeProvider"]["AllowedValues"] == ["yes", "no"]

    @pytest.mark.parametrize("repository", ["events", "octo/*", "octo@*/events", "octo/events:ref", "a/b/c", ""])
    def test_other_names_are_refused(self, aws: FakeAWS, repository: str) -> None:
        assert failure("policy", "dev", f"--github={repository}").endswith("OWNER/REPO, or OWNER@ID/REPO@ID.")
