"""Runs manage.py in a copy of the project, with workarounds for what ministack lacks."""

from __future__ import annotations

import os
import sys
from typing import Any
from unittest.mock import patch

sys.path[0] = os.getcwd()  # noqa: PTH109  # the copy, not this file's folder
os.environ["DJANGO_SETTINGS_MODULE"] = "eventsite.settings"

import django  # noqa: E402

django.setup()

from botocore.auth import SigV4Auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.httpsession import URLLib3Session  # noqa: E402
from botocore.session import get_session  # noqa: E402
from django.core.management import execute_from_command_line  # noqa: E402

from eventsite.deployment.zappa import run_zappa  # noqa: E402
from eventsite.stack.template import make_template  # noqa: E402


def with_known_resources(stage: Any) -> dict[str, Any]:
    """Its CloudFormation supports only alarms on one metric, and no budgets."""
    template = make_template(stage)
    resources = {
        name: resource
        for name, resource in template["Resources"].items()
        if "Metrics" not in resource["Properties"] and name != "Budget"
    }
    return {**template, "Resources": resources}


def then_binary(command: str, stage: Any, *arguments: Any) -> None:
    """It does not decode Zappa's `/binaryMediaTypes/*~1*`, and would send Base64 to browsers."""
    run_zappa(command, stage, *arguments)
    if command == "undeploy":
        return
    session = get_session()
    client: Any = session.create_client("cloudformation", stage.region)
    credentials = session.get_credentials()
    assert credentials
    found = client.describe_stack_resource(StackName=stage.names.function, LogicalResourceId="Api")
    operation = b'{"patchOperations": [{"op": "replace", "path": "/binaryMediaTypes", "value": ["*/*"]}]}'
    address = f"{client.meta.endpoint_url}/restapis/{found['StackResourceDetail']['PhysicalResourceId']}"
    request = AWSRequest("PATCH", address, {"Content-Type": "application/json"}, operation)
    SigV4Auth(credentials, "apigateway", stage.region).add_auth(request)
    assert URLLib3Session().send(request.prepare()).status_code == 200


with (
    patch("eventsite.stack.lifecycle.make_template", with_known_resources),
    patch("eventsite.deployment.steps.run_zappa", then_binary),
):
    execute_from_command_line(sys.argv)
