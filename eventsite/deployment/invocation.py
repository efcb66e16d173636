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

SECONDS_TO_RESPOND = 10
_SECONDS_TO_START = 10  # more, for the first request: Lambda allows this much for the start of a function


class Invocation:
    """Has the method of `http_client.Client`. `call` raises OSError or botocore's errors."""

    def __init__(self, clients: Clients, stage: Stage, version: str, address: str) -> None:
        self._lambda = clients.of("lambda")
        self._stage = stage
        self._version = version
        self._address = urlsplit(address)
        self._seconds = SECONDS_TO_RESPOND + _SECONDS_TO_START

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        """The response, decompressed. Raises OSError if there is none, or if it takes too long."""
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
            error = f"{payload.get('errorType', 'Error')}: {payload.get('errorMessage', '')}"
            raise OSError(f"version {self._version} failed: {error[:500].rstrip('.')}.")
        if seconds > self._seconds:
            raise OSError(f"version {self._version} took {seconds:.1f} s, and may take {self._seconds} s.")
        self._seconds = SECONDS_TO_RESPOND
        given = Message()
        for name, values in payload.get("multiValueHeaders", {}).items():
            for value in values:
                given[name] = value
        text = payload.get("body") or ""
        raw = base64.b64decode(text) if payload.get("isBase64Encoded") else text.encode()
        return received(payload["statusCode"], given, raw)

    def _event(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> dict[str, Any]:
        """What the site reads of an event of a REST API with a proxy integration."""
        target = urlsplit(self._address.path.rstrip("/") + path)
        query = parse_qs(target.query, keep_blank_values=True)
        headers = {**headers, "Host": self._address.netloc, "X-Forwarded-Proto": "https"}
        identity = {"sourceIp": "127.0.0.1", "userAgent": "manage.py smoke_test"}
        return {
            "httpMethod": method,
            # API Gateway's own address begins with the stage, which is not in `path`.
            "path": target.path.removeprefix("" if "domain" in self._stage.described else f"/{self._stage.name}"),
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": {name: values[-1] for name, values in query.items()},
            "multiValueQueryStringParameters": query,
            "requestContext": {"path": target.path, "requestId": str(uuid.uuid4()), "identity": identity},
            "body": body.decode() if body else None,
            "isBase64Encoded": False,
        }
