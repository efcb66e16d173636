"""From the first deploy of a stage to its end: updates, rollback, restore and removal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests

from tests.deployment.ministack.deployed import ADDRESS, Deployed
from tests.deployment.ministack.emulator import REGION, Browser, Ministack, Project
from tests.deployment.needed_permissions import calls
from tests.support.builders import PASSWORD
from tests.support.page_reader import text

pytestmark = [pytest.mark.ministack, pytest.mark.timeout(600)]
CHECKS = ["health", "create", "read", "list", "delete", "sign-in page", "static file"]


def test_the_output_of_a_deploy(dev: Deployed) -> None:
    steps = [line for line in dev.output.splitlines() if re.match(r"\d/8 ", line)]
    assert re.fullmatch(r"1/8 Check: dev in account \d{12}, eu-west-1", steps[0])
    assert re.match(r"2/8 Package: dist/events-dev\.zip: \d+\.\d MB, ", steps[1])
    version = steps[5].partition("version ")[2].partition(",")[0]
    assert steps[2:] == [
        "3/8 Stack: events-dev-resources",
        "4/8 Function: create events-dev",
        "5/8 API: events-dev",
        f"6/8 Test: version {version}, before it serves the site",
        f"7/8 Switch: version {version} at {dev.address}",
        "8/8 Stored events: events-dev",
    ]
    test, _, rest = dev.output.partition("6/8")[2].partition("7/8")
    smoke_test, _, upgrade = rest.partition("8/8")
    for lines in (test, smoke_test):
        assert [line.strip().rsplit(maxsplit=2)[0] for line in lines.splitlines()[1:]] == CHECKS
    assert upgrade.splitlines()[1] == "    0 events read, 0 upgraded."
    assert dev.output.splitlines()[-1] == (
        f"dev is deployed: {dev.address}/staff/ (staff pages), "
        f"{dev.address}/events (API), {dev.address}/docs (API docs)"
    )


def test_a_second_deploy_updates_and_removes_old_variables(dev: Deployed) -> None:
    functions = dev.ministack.client("lambda")
    before = dev.configuration()
    variables = before["Environment"]["Variables"]
    functions.update_function_configuration(
        FunctionName="events-dev", Environment={"Variables": {**variables, "LEFT_OVER": "x"}}
    )
    live = dev.live()
    with dev.visited():
        done = dev.project.manage("deploy", "dev", "--no-watch")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "events-dev-resources has no changes." in done.stdout
    assert "4/8 Function: update events-dev" in done.stdout
    assert "The API events-dev has no changes." in done.stdout
    assert ADDRESS.findall(done.stdout)[0] == ADDRESS.findall(dev.address)[0]
    assert dev.configuration() == before
    now = dev.live()
    assert now["Description"].split()[2:] == [live["FunctionVersion"], *live["Description"].split()[2:]]
    versions = [
        found["Version"] for found in functions.list_versions_by_function(FunctionName="events-dev")["Versions"]
    ]
    assert set(versions) == {"$LATEST", now["FunctionVersion"], *now["Description"].split()[2:]}
    assert not list((dev.project.folder / "dist").glob("api-*"))

    back = dev.project.manage("rollback", "dev")
    assert back.returncode == 0, back.stderr
    assert dev.live() == live
    assert dev.browser().send("GET", "/healthz").status_code == 200
    again = dev.project.manage("rollback", "dev", now["FunctionVersion"])
    assert f"Version {now['FunctionVersion']} did not serve dev." in again.stderr or not live["Description"].split()[2:]


def test_a_restore_a_switch_to_it_and_back(dev: Deployed, staff: Browser) -> None:
    """The emulator copies the tables as they are now. On AWS, the copies are as of the given time."""
    project, cloudformation = dev.project, dev.ministack.client("cloudformation")
    made = staff.post("/staff/keys/new/", {"name": "copies", "scope": "read"})
    key = re.search(r"evk_[0-9a-f]{12}_[0-9a-f]{48}", made.text)
    assert key, text(made)

    def changes(query: str = "") -> requests.Response:
        return dev.browser().send("GET", f"/changes{query}", Authorization=f"Bearer {key[0]}")

    token = changes().json()["next"]
    done = project.manage("stack", "restore", "dev", "--to", "2026-11-23T11:59:00Z")
    assert done.returncode == 0, done.stdout + done.stderr
    name = "events-dev-at-20261123T115900"
    counts = {end: (then, now) for end, then, now in re.findall(rf"{name}(\S*): (\d+) items\. .* (\d+)\.", done.stdout)}
    assert counts.keys() == {"", "-history", "-access"}
    assert all(then == now for then, now in counts.values()), counts
    left = project.manage("stack", "status", "dev").stdout.splitlines()[3:]
    assert left == [f"{name}{end}: left by a restore. dev does not use it." for end in ("", "-access", "-history")]

    project.set_variable("dev", "DYNAMODB_TABLE_NAME", name)
    refused = project.manage("stack", "deploy", "dev")
    assert "`deploy` does it only with --allow-replacement." in refused.stderr
    for command in (("stack", "deploy", "dev", "--allow-replacement"), ("deploy", "dev")):
        done = project.manage(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    stale = changes(f"?after={token}")
    assert (stale.status_code, stale.json()["errors"][0]["code"]) == (422, "invalid_token"), stale.text
    assert changes("?from=start").status_code == 200
    used = cloudformation.describe_stack_resource(
        StackName="events-dev-resources", LogicalResourceId="EventTable20261123T115900"
    )
    assert used["StackResourceDetail"]["PhysicalResourceId"] == name
    left = project.manage("stack", "status", "dev").stdout.splitlines()[3:]
    assert left == [f"events-dev{end}: left by a restore. dev does not use it." for end in ("", "-access", "-history")]
    project.set_variable("dev", "DYNAMODB_TABLE_NAME", "")
    back = project.manage("stack", "deploy", "dev", "--allow-replacement")
    assert re.search(r"Import +EventTable \(AWS::DynamoDB::Table\)", back.stdout), back.stdout + back.stderr
    done = project.manage("deploy", "dev", "--no-watch")
    assert done.returncode == 0, done.stdout + done.stderr
    assert changes(f"?after={token}").status_code == 200


def test_the_whole_life_of_a_stage(ministack: Ministack, tmp_path: Path) -> None:
    project = Project(tmp_path, ministack)
    refused = project.manage("deploy", "production")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "ALLOWED_HOSTS must list the site's host names" in refused.stderr
    project.set_variable("production", "ALLOWED_HOSTS", f".execute-api.{REGION}.amazonaws.com")
    refused = project.manage("deploy", "production")
    assert "production has no secret key yet. `manage.py stack rotate-key production` creates one." in refused.stderr

    ministack.client("logs").create_log_group(logGroupName="/aws/lambda/events-production")  # an earlier function's
    production = Deployed(project, "production")
    assert "Import  FunctionLogs (AWS::Logs::LogGroup)" in production.output
    [logs] = ministack.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/events-production")[
        "logGroups"
    ]
    assert logs["retentionInDays"] == 365
    assert "destroy" not in production.output
    project.set_variable("production", "ALLOWED_HOSTS", "elsewhere.example")
    failed = project.manage("deploy", "production")
    assert re.search(r"Version \d+ serves the site, with its code and its settings\.$", failed.stderr.rstrip())
    made = project.manage("create_staff", "ada", "--role", "admin", stage="production", typed=f"{PASSWORD}\n")
    assert made.returncode == 0, made.stderr
    assert project.manage("stack", "status", "production").stdout.count("protected") == 3
    assert project.zappa("manage", "production", "export_events -").returncode == 0
    refused = project.manage("stack", "destroy", "production", "--yes")
    assert "Run `manage.py undeploy production` first." in refused.stderr
    refused = project.manage("undeploy", "production", typed="dev\n")
    assert (refused.returncode, refused.stderr.strip()) == (1, "CommandError: Nothing was changed.")
    done = project.manage("undeploy", "production", typed="production\n")
    assert done.returncode == 0, done.stderr
    assert "`manage.py stack destroy production` removes the rest." in done.stdout
    destroyed = project.manage("stack", "destroy", "production", "--yes")
    assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
    # The first stage of an account makes the role of API Gateway's logs. It stays for the stages after it.
    role = ministack.client("apigateway").get_account()["cloudwatchRoleArn"].rpartition("/")[2]
    kept = {"roles": [role]} if role.startswith("events-production-") else {}
    assert left(ministack, "production") == kept | {
        "tables": ["events-production", "events-production-access", "events-production-history"],
        "parameters": ["/events/production/secret-key"],
    }
    decisions = ministack.decisions_about(project.credentials)
    assert sorted({(action, resource) for action, resource, allowed in decisions if not allowed}) == []
    assert sorted({action for action, _, _ in decisions} - {"sts:GetCallerIdentity"}) == sorted(calls())


def left(ministack: Ministack, stage: str) -> dict[str, list[str]]:
    """Everything that the emulator still has of a stage, by type."""
    of = ministack.client
    found = {
        "tables": of("dynamodb").list_tables()["TableNames"],
        "functions": [each["FunctionName"] for each in of("lambda").list_functions()["Functions"]],
        "APIs": [each["name"] for each in of("apigateway").get_rest_apis()["items"]],
        "stacks": [
            each["StackName"]
            for each in of("cloudformation").list_stacks()["StackSummaries"]
            if each["StackStatus"] != "DELETE_COMPLETE"
        ],
        "roles": [each["RoleName"] for each in of("iam").list_roles()["Roles"]],
        "buckets": [each["Name"] for each in of("s3").list_buckets()["Buckets"]],
        "log groups": [each["logGroupName"] for each in of("logs").describe_log_groups()["logGroups"]],
        "topics": [each["TopicArn"] for each in of("sns").list_topics()["Topics"]],
        "alarms": [each["AlarmName"] for each in of("cloudwatch").describe_alarms()["MetricAlarms"]],
        "dashboards": [each["DashboardName"] for each in of("cloudwatch").list_dashboards()["DashboardEntries"]],
        "parameters": [each["Name"] for each in of("ssm").describe_parameters()["Parameters"]],
    }
    of_stage = {kind: sorted(name for name in names if stage in name) for kind, names in found.items()}
    return {kind: names for kind, names in of_stage.items() if names}
