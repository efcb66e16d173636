"""A whole deployment to an AWS emulator that enforces roles, from the first deploy to the end of a stage."""

from __future__ import annotations

import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyotp
import pytest
import requests
from botocore.exceptions import ClientError

from tests.deployment.ministack import REGION, Browser, Ministack, Project
from tests.deployment.needed_permissions import calls
from tests.support.builders import PASSWORD, make_body
from tests.support.codes import ADD, codes_on, secret_on
from tests.support.page_reader import fields, links, text

pytestmark = [pytest.mark.ministack, pytest.mark.xdist_group("ministack"), pytest.mark.timeout(600)]

CHECKS = ["health", "create", "read", "list", "delete", "sign-in page", "static file"]
ADDRESS = re.compile(rf"http://([0-9a-z]+)\.execute-api\.{REGION}\.amazonaws\.com/(\w+)")


class Deployed:
    """A stage deployed by a user who may do only what `stack policy` prints, and the output of the deploy."""

    def __init__(self, project: Project, stage: str) -> None:
        self.project, self.stage, self.ministack = project, stage, project.ministack
        policy = json.loads(project.manage("stack", "policy", stage).stdout)
        project.credentials = self.ministack.credentials_of_user(f"deployer-of-{stage}", policy)
        made = project.manage("stack", "rotate-key", stage)
        assert made.returncode == 0, made.stderr
        done = project.manage("deploy", stage, "--no-watch")
        assert done.returncode == 0, done.stdout + done.stderr
        self.output = done.stdout
        found = ADDRESS.search(self.output)
        assert found, self.output
        self.address = found[0]
        self.function = f"events-{stage}"

    def browser(self) -> Browser:
        return Browser(self.ministack, self.address)

    def live(self) -> dict[str, Any]:
        """The alias, without the part that changes at each move."""
        alias = self.ministack.client("lambda").get_alias(FunctionName=self.function, Name="live")
        return {name: alias[name] for name in ("FunctionVersion", "Description")}

    @contextmanager
    def visited(self) -> Iterator[None]:
        """While the block runs, somebody visits the site twice a second, and must get a good response each time."""
        statuses, done = [], threading.Event()

        def visit() -> None:
            while not done.wait(0.5):
                statuses.append(self.browser().send("GET", "/healthz").status_code)

        visitor = threading.Thread(target=visit)
        visitor.start()
        try:
            yield
        finally:
            done.set()
            visitor.join()
        assert len(statuses) > 5
        assert set(statuses) == {200}

    def configuration(self) -> dict[str, Any]:
        found = self.ministack.client("lambda").get_function_configuration(FunctionName=self.function)
        return {name: found[name] for name in ("CodeSha256", "Description", "Environment", "MemorySize", "Role")}


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ministack]:
    with Ministack(tmp_path_factory.mktemp("ministack")) as running:
        yield running


@pytest.fixture(scope="module")
def dev(ministack: Ministack, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    return Deployed(Project(tmp_path_factory.mktemp("project"), ministack), "dev")


@pytest.fixture
def staff(dev: Deployed) -> Browser:
    """An admin's browser, signed in. The first page asks for two-step sign-in, because a stage needs it of admins."""
    name = f"ada-{secrets.token_hex(3)}"
    made = dev.project.manage("create_staff", name, "--role", "admin", stage="dev", typed=f"{PASSWORD}\n")
    browser = dev.browser()
    assert made.returncode == 0, made.stderr
    response = browser.post("/staff/login/", {"username": name, "password": PASSWORD, "next": ""})
    assert (response.status_code, response.headers["Location"]) == (302, "/dev/staff/"), response.text
    assert browser.get("/staff/").headers["Location"] == "/dev/staff/account/factors/?next=/dev/staff/"
    page = browser.get(ADD)
    code = pyotp.TOTP(secret_on(page)).now()
    assert len(codes_on(browser.post(ADD, {**fields(page), "name": "Phone", "code": code}))) == 10
    return browser


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


def test_an_api_client(dev: Deployed, staff: Browser) -> None:
    client = dev.browser()
    assert client.send("GET", "/events").status_code == 401
    made = staff.post("/staff/keys/new/", {"name": "first day", "scope": "write"})
    token = re.search(r"evk_[0-9a-f]{12}_[0-9a-f]{48}", made.text)
    assert token, text(made)
    key = {"Authorization": f"Bearer {token[0]}"}

    body = {"eventId": "café 🎪 50%", **make_body(title="First day")}
    created = client.send("POST", "/events", body, **key)
    assert (created.status_code, created.json()) == (201, body)
    assert created.headers["Location"].startswith("/dev/events/caf%C3%A9")
    path = f"/events/{quote('café 🎪 50%')}"
    assert client.send("POST", "/events", body, **key).status_code == 409
    read = client.send("GET", path, **key)
    assert (read.status_code, read.json()) == (200, body)
    assert client.send("GET", path, If_None_Match=read.headers["ETag"], **key).status_code == 304
    assert client.send("PUT", path, {"capacity": -1}, **key).json()["detail"] == "capacity must not be negative."
    changed = client.send("PUT", path, {"capacity": 300}, If_Match=read.headers["ETag"], **key)
    assert changed.json() == {**body, "capacity": 300}
    assert client.send("PUT", path, {"capacity": 1}, If_Match=read.headers["ETag"], **key).status_code == 412

    retried = [client.send("POST", "/events", make_body(title="Twice"), Idempotency_Key="k1", **key) for _ in range(2)]
    assert retried[0].json() == retried[1].json()
    listed: list[dict[str, Any]] = []
    more: str | None = "/events?limit=1"
    while more:
        page = client.send("GET", more, **key)
        listed += page.json()
        link = re.match(r'<https?://[^/]+(/dev/events\?[^>]+)>; rel="next"', page.headers.get("Link", ""))
        more = link[1] if link else None
    assert {"First day", "Twice"} <= {event["title"] for event in listed}
    packed = client.send("GET", "/events", Accept_Encoding="gzip", Accept="*/*", **key)
    assert len(packed.json()) == len(listed)
    other_site = client.send("OPTIONS", "/events", Origin="https://app.example", Access_Control_Request_Method="POST")
    assert other_site.headers["Access-Control-Allow-Origin"] == "*"
    assert client.send("DELETE", path, **key).status_code == 204
    gone = client.send("GET", path, **key)
    assert (gone.status_code, gone.json()) == (
        404,
        {"detail": "There is no event with this eventId.", "code": "event_not_found"},
    )
    assert gone.headers["X-Request-Id"]
    assert client.send("GET", "/openapi.json").json()["openapi"].startswith("3.")


def test_staff_create_an_event_through_the_pages(dev: Deployed, staff: Browser) -> None:
    home = staff.get("/staff/")
    assert home.status_code == 200
    assert {link for link in links(home).values() if not link.startswith(("/dev/", "#"))} == set()
    form = {name: str(value) for name, value in make_body(title="Made by hand", date="2027-01-05").items()}
    saved = staff.post("/staff/events/new/", form)
    assert saved.status_code == 302, text(saved)
    assert "Made by hand" in text(staff.get(saved.headers["Location"]))
    assert "Made by hand" in text(staff.get("/staff/calendar/?month=2027-01"))
    assert "Made by hand" in text(staff.get("/staff/activity/"))
    stranger = dev.browser()
    refused = stranger.get("/staff/events/")
    assert (refused.status_code, refused.headers["Location"]) == (302, "/dev/staff/login/?next=/dev/staff/events/")
    export = staff.get("/staff/export/?format=xlsx")
    assert (export.status_code, export.content[:2]) == (200, b"PK")


def test_commands_run_in_the_function(dev: Deployed) -> None:
    done = dev.project.zappa("manage", "dev", "export_events -", "--qualifier", "live")
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"eventId","title"' in done.stdout


def test_the_role_does_not_allow_other_tables(dev: Deployed) -> None:
    """The same package with the same role, but with the tables of another stage."""
    dynamodb, functions = dev.ministack.client("dynamodb"), dev.ministack.client("lambda")
    table = dynamodb.describe_table(TableName="events-dev")["Table"]
    kept = ("AttributeDefinitions", "KeySchema")
    dynamodb.create_table(
        TableName="events-other",
        BillingMode="PAY_PER_REQUEST",
        **{name: table[name] for name in kept},
        GlobalSecondaryIndexes=[
            {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
            for index in table["GlobalSecondaryIndexes"]
        ],
    )
    now = functions.get_function_configuration(FunctionName="events-dev")
    for name, table_name in {"same": "events-dev", "other": "events-other"}.items():
        functions.create_function(
            FunctionName=f"probe-{name}",
            Role=now["Role"],
            Runtime=now["Runtime"],
            Handler=now["Handler"],
            Code={"ZipFile": (dev.project.folder / "dist/events-dev.zip").read_bytes()},
            Environment={"Variables": {**now["Environment"]["Variables"], "DYNAMODB_TABLE_NAME": table_name}},
            Timeout=30,
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=f"probe-{name}")

    def health(name: str) -> int:
        event = {
            "httpMethod": "GET",
            "path": "/healthz",
            "headers": {"Host": f"x.execute-api.{REGION}.amazonaws.com"},
            "requestContext": {},
        }
        response = functions.invoke(FunctionName=f"probe-{name}", Payload=json.dumps(event))
        return int(json.loads(response["Payload"].read())["statusCode"])

    assert (health("same"), health("other")) == (200, 503)


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


def test_the_function_can_only_add_to_its_log(dev: Deployed) -> None:
    """The lines of the security log. tests/deployment/test_template_role.py tests the rows in the table."""
    group = "/aws/lambda/events-dev"
    logs = dev.ministack.client("logs", dev.ministack.credentials_with_the_policy_of("events-dev-function"))
    logs.create_log_stream(logGroupName=group, logStreamName="a")
    event = {"timestamp": int(time.time() * 1000), "message": "signin.succeeded"}
    logs.put_log_events(logGroupName=group, logStreamName="a", logEvents=[event])
    refusals: list[Callable[[], Any]] = [
        lambda: logs.delete_log_stream(logGroupName=group, logStreamName="a"),
        lambda: logs.delete_log_group(logGroupName=group),
        lambda: logs.put_retention_policy(logGroupName=group, retentionInDays=1),
        lambda: logs.delete_retention_policy(logGroupName=group),
        lambda: logs.create_log_group(logGroupName="/aws/lambda/another"),
    ]
    for refused in refusals:
        with pytest.raises(ClientError, match="AccessDenied"):
            refused()
    kept = dev.ministack.client("logs").get_log_events(logGroupName=group, logStreamName="a")["events"]
    assert [each["message"] for each in kept] == ["signin.succeeded"]
    [found] = dev.ministack.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert found["retentionInDays"] == 365


# What is added to the module of the function, and the error.
BROKEN = {
    "import": (
        "raise RuntimeError('broken at import')",
        "version {} failed: RuntimeError: Worker init failed: broken at import.",
    ),
    "healthz": (
        """
def handler(event, context):
    return {"statusCode": 503, "multiValueHeaders": {}, "body": "broken"}
""",
        "expected 200, got 503 'broken'",
    ),
    "slow": (
        """
_quick = handler
def handler(event, context):
    time.sleep(10.5 if event["httpMethod"] == "POST" else 0)
    return _quick(event, context)
""",
        "version {} took 1",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_version_that_does_not_work_never_gets_a_request(dev: Deployed, kind: str) -> None:
    """It fails when it is imported, or at its first page, or it is too slow."""
    added, error = BROKEN[kind]
    live, api = dev.live(), dev.ministack.client("apigateway").get_rest_apis()["items"]
    module = dev.project.folder / "eventsite/lambda_handler.py"
    source = module.read_text()
    module.write_text(f"{source}\n{added}\n")
    dev.project.set_variable("dev", "EVENTS_TIME_ZONE", "Europe/Berlin")
    try:
        with dev.visited():
            failed = dev.project.manage("deploy", "dev", "--no-watch")
    finally:
        module.write_text(source)
        dev.project.set_variable("dev", "EVENTS_TIME_ZONE", "UTC")
    assert failed.returncode == 1
    found = re.search(r"6/8 Test: version (\d+)", failed.stdout)
    assert found, failed.stdout + failed.stderr
    assert "7/8" not in failed.stdout
    # The first request of a version may also take the time that Lambda needs to start it.
    assert re.search(rf"The smoke test failed at '{'create' if kind == 'slow' else 'health'}': ", failed.stderr)
    assert error.format(found[1]) in failed.stderr
    sentence = f"Version {live['FunctionVersion']} serves the site, with its code and its settings."
    assert failed.stderr.rstrip().endswith(sentence)
    assert dev.live() == live
    assert dev.ministack.client("apigateway").get_rest_apis()["items"] == api


def test_a_deploy_whose_smoke_test_over_http_fails_is_rolled_back(dev: Deployed) -> None:
    """This version works only when it is invoked directly."""
    live = dev.live()
    module = dev.project.folder / "eventsite/lambda_handler.py"
    source = module.read_text()
    module.write_text(
        f"{source}\n_all = handler\ndef handler(event, context):\n"
        "    direct = event['requestContext']['identity'].get('userAgent') == 'manage.py smoke_test'\n"
        "    return _all(event, context) if direct else {'statusCode': 404, 'body': ''}\n"
    )
    try:
        failed = dev.project.manage("deploy", "dev", "--no-watch")
    finally:
        module.write_text(source)
    assert failed.returncode == 1
    assert "The smoke test failed at 'health': expected 200, got 404" in failed.stderr
    assert dev.live() == live
    assert dev.browser().send("GET", "/healthz").status_code == 200
    access = dev.ministack.client("dynamodb").scan(TableName="events-dev-access")["Items"]
    left = [row for row in access if "deploy-check" in json.dumps(row)]
    assert [row["key"]["S"] for row in left if "expiresAt" not in row] == []
    assert {row["key"]["S"].partition("#")[0] for row in left} <= {"deleted", "account-change"}


def test_a_restore_and_a_switch_to_it(dev: Deployed, staff: Browser) -> None:
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
    back = project.manage("stack", "diff", "dev").stdout
    assert re.search(r"Import +EventTable \(AWS::DynamoDB::Table\)", back), back


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
