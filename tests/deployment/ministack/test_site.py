"""The deployed site, for API clients and people, and what its function's role allows."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from tests.deployment.ministack.deployed import Deployed
from tests.deployment.ministack.emulator import REGION, Browser
from tests.support.builders import make_body
from tests.support.page_reader import links, text

pytestmark = [pytest.mark.ministack, pytest.mark.timeout(600)]


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
