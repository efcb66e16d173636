"""Deploys that fail. The version before serves the site all the time."""

from __future__ import annotations

import json
import re

import pytest

from tests.deployment.ministack.deployed import Deployed

pytestmark = [pytest.mark.ministack, pytest.mark.timeout(600)]

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
