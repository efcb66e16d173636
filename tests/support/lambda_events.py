"""Events that API Gateway, load balancers and function URLs send to the function, and its responses."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any
from urllib.parse import unquote

from requests.structures import CaseInsensitiveDict

from eventsite.lambda_handler import handler


def rest_event(method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
    """What a REST API sends (payload 1.0, proxy integration)."""
    sent = {"Host": "testserver", "X-Forwarded-For": "203.0.113.1, 192.0.2.7", "X-Forwarded-Proto": "https", **headers}
    path, _, query = path.partition("?")
    parameters = dict(pair.split("=") for pair in query.split("&")) if query else None
    return {
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": parameters,
        "multiValueQueryStringParameters": parameters and {name: [value] for name, value in parameters.items()},
        "requestContext": {"identity": {"sourceIp": "192.0.2.7"}, "stage": "production"},
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }


def http_event(method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
    """What an HTTP API sends (payload 2.0): the path is decoded, the query is not."""
    path, _, query = path.partition("?")
    path = unquote(path)
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "testserver", "x-forwarded-for": "203.0.113.1", "x-forwarded-proto": "https", **headers},
        "requestContext": {"http": {"method": method, "path": path, "sourceIp": "192.0.2.7", "protocol": "HTTP/1.1"}},
        "body": None if body is None else base64.b64encode(json.dumps(body).encode()).decode(),
        "isBase64Encoded": True,
    }


def http_1_event(method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
    """What an HTTP API sends (payload 1.0): as a REST API does, but with a version and the path decoded."""
    event = rest_event(method, path, body, **headers)
    event["path"] = unquote(event["path"])
    return {**event, "version": "1.0", "requestContext": {**event["requestContext"], "path": event["path"]}}


def function_url_event(method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
    """What a function URL sends (payload 2.0): the path is not decoded."""
    event = http_event(method, path, body, **headers)
    event["rawPath"] = event["requestContext"]["http"]["path"] = path.partition("?")[0]
    event["requestContext"]["domainName"] = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-west-1.on.aws"
    return event


def load_balancer_event(method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
    """What an Application Load Balancer sends: neither path nor query is decoded."""
    event = rest_event(method, path, body, **headers)
    arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/events/6d0ecf831eec9f09"
    return {**event, "requestContext": {"elb": {"targetGroupArn": arn}}}


def call(event: dict[str, Any]) -> tuple[int, CaseInsensitiveDict[str], Any]:
    """Calls the handler. Returns the status, the headers (the last value of each) and the parsed JSON."""
    answer = handler(event, None)
    headers = CaseInsensitiveDict(
        answer.get("headers") or {name: values[-1] for name, values in answer["multiValueHeaders"].items()}
    )
    body = base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()
    if headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return answer["statusCode"], headers, json.loads(body) if body else None


GATEWAYS = [rest_event, http_event, http_1_event, function_url_event, load_balancer_event]
