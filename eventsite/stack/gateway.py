"""The template of a stage's API: Zappa's, and what Zappa has no setting for.

CloudFormation creates the API's stage last, and together with its throttling and logs. So an interrupted deploy leaves
no stage without them. It creates a deployment only if the API has changed.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from eventsite.stack.stage import Stage

# The log line of a request. It has no path, query or headers: the path of a calendar feed is its password. It also has
# nothing from the client that could contain a quotation mark.
ACCESS_LOG = {
    "time": "$context.requestTime",
    "requestId": "$context.requestId",
    "functionRequestId": "$context.integration.requestId",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "resource": "$context.resourcePath",
    "status": "$context.status",
    "functionStatus": "$context.integration.status",
    "milliseconds": "$context.responseLatency",
    "functionMilliseconds": "$context.integration.latency",
    "bytes": "$context.responseLength",
    "error": "$context.error.responseType",
}

# API Gateway's own responses, for requests that did not reach the site or got no response from it: code and sentence.
# None repeats API Gateway's own message, because that can contain the Authorization header.
_RESPONSES = {
    "DEFAULT_4XX": ("request_failed", "The request was refused before it reached the site."),
    "DEFAULT_5XX": ("internal_error", "Something went wrong on our side. Please try again."),
    "ACCESS_DENIED": ("forbidden", "This is not allowed."),
    "INTEGRATION_FAILURE": ("integration_failed", "The site did not respond. Please try again."),
    "INTEGRATION_TIMEOUT": (
        "gateway_timeout",
        "The request took too long. It may or may not have been completed.",
    ),
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

# TLS 1.2 and 1.3 with forward secrecy at the API's own address, which otherwise accepts TLS 1.0.
TLS = {"SecurityPolicy": "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09", "EndpointAccessMode": "BASIC"}


def complete(template: dict[str, Any], stage: Stage) -> dict[str, Any]:
    """Zappa's template with error responses, logs, a deployment and the stage."""
    api, described = {"Ref": "Api"}, stage.described
    resources = json.loads(json.dumps(template["Resources"]))
    resources["Api"]["Properties"] |= {"BinaryMediaTypes": ["*~1*"], **TLS}  # CloudFormation's way to write */*
    subdomains = stage.environment.get("EVENTS_HSTS_INCLUDE_SUBDOMAINS") in ("true", "1")
    for kind in _RESPONSES:
        resources[f"Response{kind.title().replace('_', '')}"] = {
            "Type": "AWS::ApiGateway::GatewayResponse",
            "Properties": {"RestApiId": api, "ResponseType": kind, **response(kind, subdomains)},
        }
    # A deployment is a copy of the API, and cannot change: another API needs another deployment.
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
                "AccessLogSetting": {"DestinationArn": {"Fn::Sub": group}, "Format": json.dumps(ACCESS_LOG)},
                "TracingEnabled": stage.tracing,
                "Tags": stage.tags,
            },
        },
    }
    return {**template, "Description": f"Events, stage {stage.name}: the API", "Resources": {**resources, **more}}


def response(kind: str, hsts_for_subdomains: bool = False) -> dict[str, Any]:
    """JSON in the form of the site's own errors, with the same HSTS. Pages of other sites may read it (CORS)."""
    code, sentence = _RESPONSES[kind]
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
