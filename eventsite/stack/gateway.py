"""What Zappa has no setting for: the API's throttling, access log, and error answers of its own.

Zappa loads this file by itself when it has deployed or updated a stage (`callbacks.post` in zappa_settings.json),
without the package around it and without Django: it imports nothing of ours.
"""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

# A request's line. The path is not in it, since a calendar feed's path is its password, and no header or query is.
# Nor is anything of the client's own that could hold a quotation mark.
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

# API Gateway's own answers, where a request never reached the site, or the site's answer never came back.
_ANSWERS = {
    "DEFAULT_4XX": None,  # its own words
    "DEFAULT_5XX": "Something went wrong on our side. Please try again.",
    "INTEGRATION_TIMEOUT": "This took too long, and was given up.",
    "REQUEST_TOO_LARGE": "The request is too large.",
    "THROTTLED": "There are too many requests at this moment. Please try again in a second.",
}


def configure(zappa_cli: Any) -> None:
    """Called by Zappa, with itself. Raises ClientError."""
    settings, zappa, stage = zappa_cli.stage_config, zappa_cli.zappa, zappa_cli.api_stage
    gateway, api = zappa.apigateway_client, zappa.get_api_id(zappa_cli.lambda_name)
    for kind, sentence in _ANSWERS.items():
        gateway.put_gateway_response(restApiId=api, responseType=kind, **answer(kind, sentence))
    gateway.create_deployment(restApiId=api, stageName=stage, description="With error answers that have a detail")
    patch = stage_patch(settings, access_logs(zappa_cli.lambda_arn, zappa_cli.lambda_name))
    gateway.update_stage(restApiId=api, stageName=stage, patchOperations=patch)
    limit_execution_logs(zappa.logs_client, f"API-Gateway-Execution-Logs_{api}/{stage}", settings["log_retention_days"])


def answer(kind: str, sentence: str | None) -> dict[str, Any]:
    """JSON with a `detail`, as the site's own errors have it, which pages of other sites may read."""
    detail = json.dumps(sentence) if sentence else "$context.error.messageString"
    headers = {"Access-Control-Allow-Origin": "'*'", "Cache-Control": "'no-store'"}
    headers["X-Request-Id"] = "context.requestId"
    if kind == "THROTTLED":
        headers["Retry-After"] = "'1'"
    return {
        "responseTemplates": {"application/json": f'{{"detail": {detail}}}'},
        "responseParameters": {f"gatewayresponse.header.{name}": value for name, value in headers.items()},
    }


def access_logs(function_arn: str, function_name: str) -> str:
    """The log group that the stage's stack made."""
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
    """API Gateway makes this log group with its first line, and would keep it for ever."""
    try:
        logs.create_log_group(logGroupName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise
    logs.put_retention_policy(logGroupName=name, retentionInDays=days)
