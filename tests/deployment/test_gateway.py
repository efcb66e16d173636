"""The template of the API: Zappa's own, with limits, logs, error responses and the stage."""

from __future__ import annotations

import functools
import json
import re
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import botocore.session
import pytest
from botocore.validate import ParamValidator
from django.conf import settings as django_settings

from eventsite.deployment import zappa
from eventsite.stack import gateway
from eventsite.stack.data import read_data
from eventsite.stack.names import Names
from eventsite.stack.stage import read_stage

SETTINGS = json.loads((django_settings.BASE_DIR / "zappa_settings.json").read_text())
ROLE = "arn:aws:iam::111111111111:role/events-dev-function"
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


@functools.cache
def template(name: str = "dev") -> dict[str, Any]:
    """The API's template, from Zappa's own."""
    stage = read_stage(name)
    arn = f"arn:aws:lambda:eu-west-1:111111111111:function:events-{name}"
    with TemporaryDirectory() as folder, patch("eventsite.deployment.zappa.FOLDER", folder):
        settings_file = zappa.write_settings(stage, "bucket", "Events")
        return gateway.complete(zappa.api_template(stage, settings_file, arn, ROLE), stage)


def of_type(kind: str, name: str = "dev") -> dict[str, dict[str, Any]]:
    found = template(name)["Resources"].items()
    return {logical: each for logical, each in found if each["Type"] == f"AWS::ApiGateway::{kind}"}


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_the_stage_exists_only_with_its_limits_logs_and_error_responses(name: str) -> None:
    [(_, stage)] = of_type("Stage", name).items()
    [(deployment, deployed)] = of_type("Deployment", name).items()
    assert stage["DependsOn"] == ["ExecutionLogs"]
    assert template(name)["Resources"]["ExecutionLogs"]["Properties"]["RetentionInDays"] == 30
    assert stage["Properties"] == {
        "RestApiId": {"Ref": "Api"},
        "StageName": name,
        "DeploymentId": {"Ref": deployment},
        "MethodSettings": [
            {
                "ResourcePath": "/*",
                "HttpMethod": "*",
                "ThrottlingRateLimit": SETTINGS[name]["throttling_rate_limit"],
                "ThrottlingBurstLimit": SETTINGS[name]["throttling_burst_limit"],
                "LoggingLevel": "ERROR",
                "DataTraceEnabled": False,
                "MetricsEnabled": False,
            }
        ],
        "AccessLogSetting": {
            "DestinationArn": {
                "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
                f"{Names(name).access_logs}"
            },
            "Format": json.dumps(read_data("gateway.toml")["access_log"]),
        },
        "TracingEnabled": False,
        "Tags": [{"Key": "Project", "Value": "events"}, {"Key": "Stage", "Value": name}],
    }
    assert set(deployed["DependsOn"]) == {*of_type("GatewayResponse"), *of_type("Method"), *of_type("Resource")}
    assert len(of_type("Method")) == 2


def test_it_calls_the_alias_with_the_role() -> None:
    for method in of_type("Method").values():
        integration = method["Properties"]["Integration"]
        assert integration["Uri"].endswith(":function:events-dev:live/invocations")
        assert integration["Credentials"] == ROLE


def test_its_responses() -> None:
    found = {each["Properties"]["ResponseType"]: each["Properties"] for each in of_type("GatewayResponse").values()}
    again = {"gatewayresponse.header.Retry-After": "'1'"}
    assert found == {
        kind: {
            "RestApiId": {"Ref": "Api"},
            "ResponseType": kind,
            "ResponseTemplates": {"application/json": f'{{"detail": "{sentence}", "code": "{code}"}}'},
            "ResponseParameters": {**HEADERS, **(again if kind == "THROTTLED" else {})},
        }
        for kind, (code, sentence) in RESPONSES.items()
    }


def test_only_another_api_makes_another_deployment() -> None:
    """A deployment of API Gateway copies the API. A stage's own settings need none."""

    def deployment(**described: Any) -> str:
        stage = read_stage("dev")
        stage.described.update(described)
        [name] = [str(name) for name in gateway.complete(zappas, stage)["Resources"] if name.startswith("Deployment")]
        return name

    zappas = {"Resources": {"Api": {"Properties": {"Name": "one"}}}}
    first = deployment()
    assert deployment(throttling_rate_limit=1, xray_tracing=True) == first
    zappas = {"Resources": {"Api": {"Properties": {"Name": "two"}}}}
    assert deployment() != first


def test_its_responses_have_the_policy_of_the_site() -> None:
    """Otherwise a response of API Gateway would replace the policy that a browser has stored."""
    stage = read_stage("dev")
    stage.environment["EVENTS_HSTS_INCLUDE_SUBDOMAINS"] = "true"
    resources = gateway.complete({"Resources": {"Api": {"Properties": {}}}}, stage)["Resources"]
    policy = "gatewayresponse.header.Strict-Transport-Security"
    given = {
        each["Properties"]["ResponseParameters"][policy]
        for each in resources.values()
        if "ResponseParameters" in each.get("Properties", {})
    }
    assert given == {"'max-age=31536000; includeSubDomains'"}


def test_api_gateway_knows_the_security_policy_and_it_refuses_old_versions_of_tls() -> None:
    model: Any = botocore.session.get_session().get_service_model("apigateway")
    known = model.operation_model("CreateRestApi").input_shape.members
    for name, value in gateway.TLS.items():
        assert template()["Resources"]["Api"]["Properties"][name] == value
        assert value in known[name[0].lower() + name[1:]].enum
    # By AWS's list of policies, TLS13_1_2 accepts 1.2 and 1.3, and PFS only cipher suites with forward secrecy.
    assert gateway.TLS["SecurityPolicy"].startswith("SecurityPolicy_TLS13_1_2_PFS_")


@pytest.mark.parametrize("kind", RESPONSES)
def test_api_gateway_accepts_the_responses(kind: str) -> None:
    """Against botocore's model of the API, and the syntax of templates: "#" and "$" would need an escape."""
    made = {name[0].lower() + name[1:]: value for name, value in gateway.response(kind).items()}
    model: Any = botocore.session.get_session().get_service_model("apigateway")
    shape = model.operation_model("PutGatewayResponse").input_shape
    request = {"restApiId": "api-id", "responseType": kind, **made}
    assert not ParamValidator().validate(request, shape).has_errors()
    assert kind in shape.members["responseType"].enum
    [text] = made["responseTemplates"].values()
    assert not {"#", "$"} & set(text)
    assert json.loads(text).keys() == {"detail", "code"}


def test_the_documentation_lists_the_responses() -> None:
    text = (django_settings.BASE_DIR / "docs" / "api.md").read_text()
    documented = re.findall(r"^\| `(\w+)` \| (?:\d{3}|\dxx) \|", text, re.MULTILINE)
    assert sorted(documented) == sorted(code for code, _ in RESPONSES.values())


def test_pages_of_other_origins_may_read_each_header_of_a_response() -> None:
    assert {"Retry-After", "X-Request-Id"} <= set(django_settings.CORS_EXPOSE_HEADERS)


def test_tracing_can_be_turned_on() -> None:
    stage = read_stage("dev")
    stage.described["xray_tracing"] = True
    made = gateway.complete({"Resources": {"Api": {"Properties": {}}}}, stage)
    assert made["Resources"]["Stage"]["Properties"]["TracingEnabled"] is True


def test_the_access_log_has_no_path_query_header_or_cookie() -> None:
    line = json.dumps(read_data("gateway.toml")["access_log"])
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
