"""The stack's template: as it was reviewed, clean to cfn-lint, and its tables those of the models."""

from __future__ import annotations

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pynamodb.models import Model

from events.storage.connection import connection
from events.storage.models import TABLES, AccessItem
from eventsite.stack.names import Names
from eventsite.stack.stage import Stage
from eventsite.stack.table_resources import logical_id
from eventsite.stack.template import make_template

REVIEWED = Path(__file__).with_name("template-production.json")
STAGE = Stage(Names("production"))
TEMPLATE = make_template(STAGE)


def test_it_is_the_one_that_was_reviewed() -> None:
    """Else look at what differs; then `manage.py stack synth production` writes the file anew."""
    printed = StringIO()
    call_command("stack", "synth", "production", stdout=printed)
    assert printed.getvalue() == REVIEWED.read_text()


def test_cloudformation_takes_its_size() -> None:
    assert len(json.dumps(TEMPLATE, separators=(",", ":"))) < 51_200


@pytest.mark.parametrize("stage", [STAGE, Stage(Names("dev"), tracing=True, table_alarms=False)], ids=["all", "less"])
def test_cfn_lint_finds_nothing(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "template.json"
    path.write_text(json.dumps(make_template(stage)))
    command = [sys.executable, "-c", "from cfnlint.runner import main; main()"]
    command += ["--include-checks", "I", "--regions", "eu-west-1", "us-east-1", "--", str(path)]
    result = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert (result.stdout + result.stderr, result.returncode) == ("", 0)


@pytest.mark.parametrize("table", TABLES, ids=logical_id)
class TestTables:
    def properties(self, table: type[Model]) -> dict[str, Any]:
        resource = TEMPLATE["Resources"][logical_id(table)]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
        properties: dict[str, Any] = resource["Properties"]
        return properties

    def test_they_are_safe(self, table: type[Model]) -> None:
        properties = self.properties(table)
        assert properties["BillingMode"] == "PAY_PER_REQUEST"
        assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert properties["SSESpecification"] == {"SSEEnabled": True}
        assert properties["DeletionProtectionEnabled"] is True
        assert {"Key": "Stage", "Value": "production"} in properties["Tags"]
        expiry = properties.get("TimeToLiveSpecification")
        assert expiry == ({"AttributeName": "expiresAt", "Enabled": True} if table is AccessItem else None)

    def test_dynamodb_makes_of_them_what_it_makes_of_the_models(self, table: type[Model]) -> None:
        ours = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
        name = f"of-the-template-{logical_id(table)}"
        connection().dispatch("CreateTable", {"TableName": name, **{key: self.properties(table)[key] for key in ours}})
        try:
            assert describe(name) == describe(table.Meta.table_name)
        finally:
            connection().dispatch("DeleteTable", {"TableName": name})


def describe(name: str) -> dict[str, Any]:
    table = connection().dispatch("DescribeTable", {"TableName": name})["Table"]
    return {
        "keys": table["KeySchema"],
        "attributes": {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]},
        "billing": table["BillingModeSummary"]["BillingMode"],
        "indexes": {
            each["IndexName"]: (each["KeySchema"], each["Projection"]) for each in table["GlobalSecondaryIndexes"]
        },
    }


def test_only_tables_and_what_all_stages_share_outlive_the_stack() -> None:
    kept = {name for name, each in TEMPLATE["Resources"].items() if each.get("DeletionPolicy") == "Retain"}
    assert kept == {"EventTable", "HistoryTable", "AccessTable", "GatewayLogsRole", "GatewayAccount"}


def test_what_could_be_there_already_can_be_adopted() -> None:
    """CloudFormation imports only what has a name of its own, and says what becomes of it in the end."""
    names = {
        "TableName": 3,
        "LogGroupName": 2,
        "RoleName": 1,
        "BucketName": 1,
        "TopicName": 1,
        "DashboardName": 1,
    }
    found = dict.fromkeys(names, 0)
    for resource in TEMPLATE["Resources"].values():
        for name in names.keys() & resource["Properties"].keys():
            assert "DeletionPolicy" in resource
            found[name] += 1
    assert found == names


def test_logs_are_kept_as_long_as_the_stage_wants() -> None:
    resources = make_template(Stage(Names("dev"), log_retention_days=7))["Resources"]
    assert {name: resources[name]["Properties"]["LogGroupName"] for name in ("FunctionLogs", "AccessLogs")} == {
        "FunctionLogs": "/aws/lambda/events-dev",
        "AccessLogs": "/aws/apigateway/events-dev",
    }
    assert {resources[name]["Properties"]["RetentionInDays"] for name in ("FunctionLogs", "AccessLogs")} == {7}


def test_packages_are_nobody_elses() -> None:
    bucket = TEMPLATE["Resources"]["Packages"]["Properties"]
    assert bucket["BucketName"] == {"Fn::Sub": "events-production-packages-${AWS::AccountId}-${AWS::Region}"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == 14


@pytest.mark.parametrize(
    "name", ["", "Production", "1st", "a" * 20, "dev-", "a--b", "dev_1", "dev-history", "x-access"]
)
def test_what_no_stage_can_be_called(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of a stage"):
        Names(name)


def test_no_two_stages_share_a_name() -> None:
    for stage in ("dev", "dev-2", "a" * 19):
        names = Names(stage)
        assert len(names.packages_bucket("1" * 12, "ap-southeast-1")) <= 63
        assert names.stack != names.function


def test_no_two_stages_have_a_thing_of_the_same_name() -> None:
    """Whatever a stage is called that begins as another."""
    mine = named(make_template(Stage(Names("x"))))
    for end in ("history", "access", "resources", "function", "alarms", "2"):
        try:
            others = named(make_template(Stage(Names(f"x-{end}"))))
        except ValueError:  # it cannot be called that
            continue
        assert mine & others == set(), end


def named(template: dict[str, Any]) -> set[str]:
    """The kinds and names of what has a name of its own."""
    return {
        f"{resource['Type']} {json.dumps(value)}"
        for resource in template["Resources"].values()
        for key, value in resource["Properties"].items()
        if key.endswith("Name") and key != "MetricName"
    }
