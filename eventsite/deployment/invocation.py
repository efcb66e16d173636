"""Calls one version of the function as API Gateway would, before the API uses it."""

from __future__ import annotations

import base64
import json
import time
import uuid
from email.message import Message
from typing import Any
from urllib.parse import parse_qs, urlsplit

from eventsite.deployment.http_client import Response, encode, received
from eventsite.stack.aws import Clients
from eventsite.stack.stage import Stage

SECONDS_TO_RESPOND = 10  # also to the first request, for which Lambda starts the function


class Invocation:
    """Has the method of `http_client.Client`. `call` raises OSError or botocore's errors."""

    def __init__(self, clients: Clients, stage: Stage, version: str, address: str) -> None:
        self._lambda = clients.of("lambda")
        self._stage = stage
        self._version = version
        self._address = urlsplit(address)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        """The response, decompressed. Raises OSError if there is none, or if it takes more than 10 seconds."""
        sent, content = encode(headers, body)
        started = time.monotonic()
        answer = self._lambda.invoke(
            FunctionName=self._stage.names.function,
            Qualifier=self._version,
            Payload=json.dumps(self._event(method, path, content, sent)),
        )
        payload = json.loads(answer["Payload"].read())
        seconds = time.monotonic() - started
        if answer.get("FunctionError"):
            raise OSError(f"version {self._version} failed: {_sentence(payload)}")
        if seconds > SECONDS_TO_RESPOND:
            raise OSError(f"version {self._version} took {seconds:.1f} s, and may take {SECONDS_TO_RESPOND} s.")
        given = Message()
        for name, values in payload.get("multiValueHeaders", {}).items():
            for value in values:
                given[name] = value
        text = payload.get("body") or ""
        raw = base64.b64decode(text) if payload.get("isBase64Encoded") else text.encode()
        return received(payload["statusCode"], given, raw)

    def _event(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> dict[str, Any]:
        """As a REST API with a proxy integration sends it."""
        target = urlsplit(self._address.path.rstrip("/") + path)
        query = parse_qs(target.query, keep_blank_values=True)
        headers = {**headers, "Host": self._address.netloc, "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443"}
        # API Gateway's own address begins with the stage, which is not in `path`.
        plain = target.path.removeprefix("" if "domain" in self._stage.described else f"/{self._stage.name}")
        return {
            "resource": "/{proxy+}",
            "path": plain,
            "httpMethod": method,
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
            "multiValueQueryStringParameters": query or None,
            "pathParameters": {"proxy": plain.lstrip("/")},
            "stageVariables": None,
            "requestContext": {
                "stage": self._stage.name,
                "path": target.path,
                "httpMethod": method,
                "protocol": "HTTP/1.1",
                "domainName": self._address.netloc,
                "requestId": str(uuid.uuid4()),
                "identity": {"sourceIp": "127.0.0.1", "userAgent": "manage.py smoke_test"},
            },
            "body": body.decode() if body else None,
            "isBase64Encoded": False,
        }


def _sentence(payload: Any) -> str:
    error = payload if isinstance(payload, dict) else {}
    return f"{error.get('errorType', 'Error')}: {str(error.get('errorMessage', 'no message'))[:500]}"
