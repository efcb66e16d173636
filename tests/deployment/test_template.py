"""The stack's template: equal to the reviewed one, accepted by cfn-lint, with the tables of the models."""

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


def test_it_equals_the_reviewed_template() -> None:
    """If not, review the difference, then write the file with `manage.py stack synth production`."""
    printed = StringIO()
    call_command("stack", "synth", "production", stdout=printed)
    assert printed.getvalue() == REVIEWED.read_text()


def test_it_is_small_enough_for_cloudformation() -> None:
    assert len(json.dumps(TEMPLATE, separators=(",", ":"))) < 51_200


@pytest.mark.parametrize(
    "stage", [STAGE, Stage(Names("dev"), {"xray_tracing": True, "table_alarms": False})], ids=["all", "less"]
)
def test_cfn_lint_finds_no_errors(stage: Stage, tmp_path: Path) -> None:
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

    def test_they_are_protected(self, table: type[Model]) -> None:
        properties = self.properties(table)
        assert properties["BillingMode"] == "PAY_PER_REQUEST"
        assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert properties["SSESpecification"] == {"SSEEnabled": True}
        assert properties["DeletionProtectionEnabled"] is True
        assert {"Key": "Stage", "Value": "production"} in properties["Tags"]
        expiry = properties.get("TimeToLiveSpecification")
        assert expiry == ({"AttributeName": "expiresAt", "Enabled": True} if table is AccessItem else None)

    def test_dynamodb_creates_the_same_tables_as_from_the_models(self, table: type[Model]) -> None:
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


def test_only_tables_and_shared_resources_outlive_the_stack() -> None:
    kept = {name for name, each in TEMPLATE["Resources"].items() if each.get("DeletionPolicy") == "Retain"}
    assert kept == {"EventTable", "HistoryTable", "AccessTable", "GatewayLogsRole", "GatewayAccount"}


def test_existing_resources_can_be_imported() -> None:
    """CloudFormation imports only resources with a fixed name and a DeletionPolicy."""
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


def test_logs_are_kept_for_the_days_of_the_stage() -> None:
    resources = make_template(Stage(Names("dev"), {"log_retention_days": 7}))["Resources"]
    assert {name: resources[name]["Properties"]["LogGroupName"] for name in ("FunctionLogs", "AccessLogs")} == {
        "FunctionLogs": "/aws/lambda/events-dev",
        "AccessLogs": "/aws/apigateway/events-dev",
    }
    assert retention(7) == {"FunctionLogs": 365, "AccessLogs": 7}  # the security log is kept for a year
    assert retention(400) == {"FunctionLogs": 400, "AccessLogs": 400}


def retention(days: int) -> dict[str, int]:
    resources = make_template(Stage(Names("dev"), {"log_retention_days": days}))["Resources"]
    return {name: resources[name]["Properties"]["RetentionInDays"] for name in ("FunctionLogs", "AccessLogs")}


def test_packages_are_private() -> None:
    bucket = TEMPLATE["Resources"]["Packages"]["Properties"]
    assert bucket["BucketName"] == {"Fn::Sub": "events-production-packages-${AWS::AccountId}-${AWS::Region}"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == 14


@pytest.mark.parametrize(
    "name", ["", "Production", "1st", "a" * 20, "dev-", "a--b", "dev_1", "dev-history", "x-access"]
)
def test_invalid_stage_names(name: str) -> None:
    with pytest.raises(ValueError, match="is not a valid stage name"):
        Names(name)


def test_names_fit_into_the_limits_of_aws() -> None:
    for stage in ("dev", "dev-2", "a" * 19):
        names = Names(stage)
        assert len(names.packages_bucket("1" * 12, "ap-southeast-1")) <= 63
        assert names.stack != names.function


def test_resources_of_two_stages_have_different_names() -> None:
    """Even if the name of one stage begins with the name of the other."""
    mine = named(make_template(Stage(Names("x"))))
    for end in ("history", "access", "resources", "function", "alarms", "2"):
        try:
            others = named(make_template(Stage(Names(f"x-{end}"))))
        except ValueError:  # not a valid name
            continue
        assert mine & others == set(), end


def named(template: dict[str, Any]) -> set[str]:
    """The types and names of resources with a fixed name."""
    return {
        f"{resource['Type']} {json.dumps(value)}"
        for resource in template["Resources"].values()
        for key, value in resource["Properties"].items()
        if key.endswith("Name") and key != "MetricName"
    }
