"""The template of a stage's API: Zappa's, and what Zappa has no setting for.

CloudFormation creates the API's stage last, with its throttling and logs. So an interrupted deploy leaves none without.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from eventsite.stack.data import read_data
from eventsite.stack.stage import Stage

# TLS 1.2 and 1.3 with forward secrecy at the API's own address, which otherwise accepts TLS 1.0.
TLS = {"SecurityPolicy": "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09", "EndpointAccessMode": "BASIC"}


def complete(template: dict[str, Any], stage: Stage) -> dict[str, Any]:
    """Zappa's template with error responses, logs, a deployment and the stage."""
    api, described = {"Ref": "Api"}, stage.described
    resources = json.loads(json.dumps(template["Resources"]))
    resources["Api"]["Properties"] |= {"BinaryMediaTypes": ["*~1*"], **TLS}  # CloudFormation's way to write */*
    subdomains = stage.environment.get("EVENTS_HSTS_INCLUDE_SUBDOMAINS") in ("true", "1")
    data = read_data("gateway.toml")
    for kind in data["responses"]:
        resources[f"Response{kind.title().replace('_', '')}"] = {
            "Type": "AWS::ApiGateway::GatewayResponse",
            "Properties": {"RestApiId": api, "ResponseType": kind, **response(kind, subdomains)},
        }
    # A deployment is a copy of the API, and cannot change: only another API needs another deployment.
    content = sha256(json.dumps(resources, sort_keys=True).encode()).hexdigest()[:12]
    deployment = f"Deployment{content}"
    group = f"arn:${{AWS::Partition}}:logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:{stage.names.access_logs}"
    all_methods = {
        "ResourcePath": "/*",
        "HttpMethod": "*",
        "ThrottlingRateLimit": described["throttling_rate_limit"],
        "ThrottlingBurstLimit": described["throttling_burst_limit"],
        "LoggingLevel": described["cloudwatch_log_level"],
        "DataTraceEnabled": described["cloudwatch_data_trace"],
        "MetricsEnabled": described["cloudwatch_metrics_enabled"],
    }
    more = {
        deployment: {
            "Type": "AWS::ApiGateway::Deployment",
            "DependsOn": [name for name in resources if name != "Api"],
            "Properties": {"RestApiId": api},
        },
        # Without this, API Gateway would create the log group itself and keep its logs forever.
        "ExecutionLogs": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {
                "LogGroupName": {"Fn::Sub": f"API-Gateway-Execution-Logs_${{Api}}/{stage.name}"},
                "RetentionInDays": stage.log_retention_days,
                "Tags": stage.tags,
            },
        },
        "Stage": {
            "Type": "AWS::ApiGateway::Stage",
            "DependsOn": ["ExecutionLogs"],
            "Properties": {
                "RestApiId": api,
                "StageName": stage.name,
                "DeploymentId": {"Ref": deployment},
                "MethodSettings": [all_methods],
                "AccessLogSetting": {"DestinationArn": {"Fn::Sub": group}, "Format": json.dumps(data["access_log"])},
                "TracingEnabled": stage.tracing,
                "Tags": stage.tags,
            },
        },
    }
    return {**template, "Description": f"Events, stage {stage.name}: the API", "Resources": {**resources, **more}}


def response(kind: str, hsts_for_subdomains: bool = False) -> dict[str, Any]:
    """JSON in the form of the site's own errors, with the same HSTS. Pages of other sites may read it (CORS)."""
    code, sentence = read_data("gateway.toml")["responses"][kind]
    headers = {
        "Access-Control-Allow-Origin": "'*'",
        "Access-Control-Expose-Headers": "'Retry-After, X-Request-Id'",
        "Cache-Control": "'no-store'",
        "Strict-Transport-Security": f"'max-age=31536000{'; includeSubDomains' if hsts_for_subdomains else ''}'",
        "X-Content-Type-Options": "'nosniff'",
        "X-Request-Id": "context.requestId",
    }
    if kind == "THROTTLED":
        headers["Retry-After"] = "'1'"
    return {
        "ResponseTemplates": {"application/json": json.dumps({"detail": sentence, "code": code})},
        "ResponseParameters": {f"gatewayresponse.header.{name}": value for name, value in headers.items()},
    }
