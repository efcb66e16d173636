"""The calls of Zappa's callback to API Gateway, and that Zappa can load it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from django.conf import settings as django_settings

from eventsite.stack import gateway
from eventsite.stack.names import Names
from tests.deployment.fake_aws import FakeAWS

SETTINGS = json.loads((django_settings.BASE_DIR / "zappa_settings.json").read_text())
HEADERS = {
    "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
    "gatewayresponse.header.Access-Control-Expose-Headers": "'Retry-After, X-Request-Id'",
    "gatewayresponse.header.Cache-Control": "'no-store'",
    "gatewayresponse.header.Strict-Transport-Security": "'max-age=31536000'",
    "gatewayresponse.header.X-Content-Type-Options": "'nosniff'",
    "gatewayresponse.header.X-Request-Id": "context.requestId",
}
RESPONSES = {
    "DEFAULT_4XX": ("request_failed", "The request was refused before it reached the site."),
    "DEFAULT_5XX": ("internal_error", "Something went wrong on our side. Please try again."),
    "ACCESS_DENIED": ("forbidden", "This is not allowed."),
    "INTEGRATION_FAILURE": ("integration_failed", "The site did not respond. Please try again."),
    "INTEGRATION_TIMEOUT": ("gateway_timeout", "The request took too long. It may or may not have been completed."),
    "INVALID_API_KEY": ("gateway_key_invalid", "API Gateway requires a valid key of its own in the header x-api-key."),
    "MISSING_AUTHENTICATION_TOKEN": (
        "missing_authentication_token",
        "There is nothing at this address, or it does not support this method.",
    ),
    "QUOTA_EXCEEDED": ("quota_exceeded", "This client has used up its quota of requests."),
    "REQUEST_TOO_LARGE": ("body_too_large", "The request is too large. The limit is 10 MB."),
    "THROTTLED": ("throttled", "Too many requests. Please try again in a second."),
    "WAF_FILTERED": ("request_blocked", "A firewall refused the request."),
}


def zappa_cli(aws: FakeAWS, stage: str) -> Any:
    """A fake of Zappa, with what the callback uses."""
    name = Names(stage).function
    clients = {"apigateway_client": aws.of("apigateway"), "logs_client": aws.of("logs")}
    return SimpleNamespace(
        stage_config=SETTINGS[stage],
        api_stage=stage,
        lambda_name=name,
        lambda_arn=f"arn:aws:lambda:eu-west-1:111111111111:function:{name}",
        zappa=SimpleNamespace(**clients, get_api_id=lambda function: {name: "api-id"}[function]),
    )


@pytest.mark.parametrize("stage", sorted(SETTINGS))
def test_its_calls(stage: str) -> None:
    aws, settings = FakeAWS(), SETTINGS[stage]
    aws.expect("apigateway", "get_rest_api", {"securityPolicy": "TLS_1_0"}, restApiId="api-id")
    tls = [
        {"op": "replace", "path": "/securityPolicy", "value": "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"},
        {"op": "replace", "path": "/endpointAccessMode", "value": "BASIC"},
    ]
    aws.expect("apigateway", "update_rest_api", restApiId="api-id", patchOperations=tls)
    for kind, (code, sentence) in RESPONSES.items():
        again = {"gatewayresponse.header.Retry-After": "'1'"} if kind == "THROTTLED" else {}
        aws.expect(
            "apigateway",
            "put_gateway_response",
            restApiId="api-id",
            responseType=kind,
            responseTemplates={"application/json": f'{{"detail": "{sentence}", "code": "{code}"}}'},
            responseParameters={**HEADERS, **again},
        )
    description = "With error responses that have a detail"
    aws.expect("apigateway", "create_deployment", restApiId="api-id", stageName=stage, description=description)
    log_group = f"arn:aws:logs:eu-west-1:111111111111:log-group:{Names(stage).access_logs}"
    values = {
        "/*/*/throttling/rateLimit": str(settings["throttling_rate_limit"]),
        "/*/*/throttling/burstLimit": str(settings["throttling_burst_limit"]),
        "/accessLogSettings/destinationArn": log_group,
        "/accessLogSettings/format": json.dumps(gateway.ACCESS_LOG),
        "/tracingEnabled": "false",
    }
    patch = [{"op": "replace", "path": path, "value": value} for path, value in values.items()]
    aws.expect("apigateway", "update_stage", restApiId="api-id", stageName=stage, patchOperations=patch)
    logs = f"API-Gateway-Execution-Logs_api-id/{stage}"
    aws.expect_error("logs", "create_log_group", "ResourceAlreadyExistsException", logGroupName=logs)
    aws.expect("logs", "put_retention_policy", logGroupName=logs, retentionInDays=settings["log_retention_days"])
    gateway.configure(zappa_cli(aws, stage))
    aws.assert_all_called()


def test_its_responses_have_the_policy_of_the_site() -> None:
    """Otherwise a response of API Gateway would replace the policy that a browser has stored."""
    cli = zappa_cli(FakeAWS(), "dev")
    given: list[str] = []
    policy = "gatewayresponse.header.Strict-Transport-Security"
    cli.zappa.apigateway_client = SimpleNamespace(
        get_rest_api=lambda **_: {"securityPolicy": gateway.TLS["/securityPolicy"]},  # then it is not set again
        put_gateway_response=lambda **call: given.append(call["responseParameters"][policy]),
        create_deployment=lambda **_: None,
        update_stage=lambda **_: None,
    )
    cli.zappa.logs_client = SimpleNamespace(create_log_group=lambda **_: None, put_retention_policy=lambda **_: None)
    variables = {**SETTINGS["dev"]["aws_environment_variables"], "EVENTS_HSTS_INCLUDE_SUBDOMAINS": "true"}
    cli.stage_config = {**SETTINGS["dev"], "aws_environment_variables": variables}
    gateway.configure(cli)
    assert set(given) == {"'max-age=31536000; includeSubDomains'"}


def test_api_gateway_knows_the_security_policy_and_it_refuses_old_versions_of_tls() -> None:
    model: Any = botocore.session.get_session().get_service_model("apigateway")
    known = model.operation_model("CreateRestApi").input_shape.members
    for path, value in gateway.TLS.items():
        assert value in known[path.removeprefix("/")].enum
    # By AWS's list of policies, TLS13_1_2 accepts 1.2 and 1.3, and PFS only cipher suites with forward secrecy.
    assert gateway.TLS["/securityPolicy"].startswith("SecurityPolicy_TLS13_1_2_PFS_")


@pytest.mark.parametrize("kind", RESPONSES)
def test_api_gateway_accepts_the_responses(kind: str) -> None:
    """Against botocore's model of the API, and the syntax of templates: "#" and "$" would need an escape."""
    made = gateway.response(kind)
    model: Any = botocore.session.get_session().get_service_model("apigateway")
    shape = model.operation_model("PutGatewayResponse").input_shape
    request = {"restApiId": "api-id", "responseType": kind, **made}
    assert not ParamValidator().validate(request, shape).has_errors()
    assert kind in shape.members["responseType"].enum
    [template] = made["responseTemplates"].values()
    assert not {"#", "$"} & set(template)
    assert json.loads(template).keys() == {"detail", "code"}


def test_the_documentation_lists_the_responses() -> None:
    text = (django_settings.BASE_DIR / "docs" / "api.md").read_text()
    documented = re.findall(r"^\| `(\w+)` \| (?:\d{3}|\dxx) \|", text, re.MULTILINE)
    assert sorted(documented) == sorted(code for code, _ in RESPONSES.values())


def test_pages_of_other_origins_may_read_each_header_of_a_response() -> None:
    assert {"Retry-After", "X-Request-Id"} <= set(django_settings.CORS_EXPOSE_HEADERS)


def test_tracing_can_be_turned_on() -> None:
    patch = gateway.stage_patch({**SETTINGS["dev"], "xray_tracing": True}, "")
    assert patch[-1] == {"op": "replace", "path": "/tracingEnabled", "value": "true"}


def test_the_access_log_has_no_path_query_header_or_cookie() -> None:
    line = json.dumps(gateway.ACCESS_LOG)
    assert "\n" not in line
    assert "$context.requestId" in line  # API Gateway requires it
    variables = set(re.findall(r"\$context\.([A-Za-z.]+)", line))
    assert variables == {
        "requestTime",
        "requestId",
        "integration.requestId",
        "identity.sourceIp",
        "httpMethod",
        "resourcePath",
        "status",
        "integration.status",
        "responseLatency",
        "integration.latency",
        "responseLength",
        "error.responseType",
    }


def test_an_error_with_the_log_group() -> None:
    aws = FakeAWS()
    aws.expect_error("logs", "create_log_group", "AccessDeniedException")
    with pytest.raises(aws.of("logs").exceptions.ClientError):
        gateway.limit_execution_logs(aws.of("logs"), "x", 30)


def test_zappa_can_load_it_without_django(tmp_path: Path) -> None:
    """As `ZappaCLI.callback` does, without this project on the path."""
    folder = django_settings.BASE_DIR / "eventsite" / "stack"
    script = (
        "import pkgutil, sys\n"
        f"spec = pkgutil.get_importer({str(folder)!r}).find_spec('gateway')\n"
        "module = spec.loader.load_module('gateway')\n"
        "assert callable(module.configure) and 'django' not in sys.modules and 'eventsite' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-I", "-W", "ignore", "-c", script], check=True, cwd=tmp_path)


@pytest.mark.parametrize("stage", sorted(SETTINGS))
def test_the_settings_name_it(stage: str) -> None:
    assert SETTINGS[stage]["callbacks"] == {"post": f"{gateway.__name__}.{gateway.configure.__name__}"}
