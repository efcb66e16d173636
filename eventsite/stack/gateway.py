"""Configures what Zappa has no setting for: the API's throttling, access log and error responses.

Zappa loads this file after it has deployed or updated a stage (`callbacks.post` in zappa_settings.json), without its
package and without Django. So it imports nothing of this project.
"""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

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
TLS = {"/securityPolicy": "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09", "/endpointAccessMode": "BASIC"}


def configure(zappa_cli: Any) -> None:
    """Called by Zappa with its ZappaCLI. Raises ClientError."""
    settings, zappa, stage = zappa_cli.stage_config, zappa_cli.zappa, zappa_cli.api_stage
    gateway, api = zappa.apigateway_client, zappa.get_api_id(zappa_cli.lambda_name)
    subdomains = settings["aws_environment_variables"].get("EVENTS_HSTS_INCLUDE_SUBDOMAINS") in ("true", "1")
    if gateway.get_rest_api(restApiId=api).get("securityPolicy") != TLS["/securityPolicy"]:
        tls = [{"op": "replace", "path": path, "value": value} for path, value in TLS.items()]
        gateway.update_rest_api(restApiId=api, patchOperations=tls)
    for kind in _RESPONSES:
        gateway.put_gateway_response(restApiId=api, responseType=kind, **response(kind, subdomains))
    gateway.create_deployment(restApiId=api, stageName=stage, description="With error responses that have a detail")
    patch = stage_patch(settings, access_logs(zappa_cli.lambda_arn, zappa_cli.lambda_name))
    gateway.update_stage(restApiId=api, stageName=stage, patchOperations=patch)
    limit_execution_logs(zappa.logs_client, f"API-Gateway-Execution-Logs_{api}/{stage}", settings["log_retention_days"])


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
        "responseTemplates": {"application/json": json.dumps({"detail": sentence, "code": code})},
        "responseParameters": {f"gatewayresponse.header.{name}": value for name, value in headers.items()},
    }


def access_logs(function_arn: str, function_name: str) -> str:
    """The ARN of the log group in the stage's stack."""
    _, partition, _, region, account, *_ = function_arn.split(":")
    return f"arn:{partition}:logs:{region}:{account}:log-group:/aws/apigateway/{function_name}"


def stage_patch(settings: dict[str, Any], log_group: str) -> list[dict[str, str]]:
    values = {
        "/*/*/throttling/rateLimit": str(settings["throttling_rate_limit"]),
        "/*/*/throttling/burstLimit": str(settings["throttling_burst_limit"]),
        "/accessLogSettings/destinationArn": log_group,
        "/accessLogSettings/format": json.dumps(ACCESS_LOG),
        "/tracingEnabled": "true" if settings.get("xray_tracing") else "false",
    }
    return [{"op": "replace", "path": path, "value": value} for path, value in values.items()]


def limit_execution_logs(logs: Any, name: str, days: int) -> None:
    """Without this, API Gateway would create the log group itself and keep its logs forever."""
    try:
        logs.create_log_group(logGroupName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise
    logs.put_retention_policy(logGroupName=name, retentionInDays=days)
