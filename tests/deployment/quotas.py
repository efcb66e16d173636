"""A server that enforces AWS's quotas of management calls. It is not AWS: a call that it allows does nothing.

API Gateway's are fixed ("Amazon API Gateway quotas and important notes"); Lambda allows 15 calls a second of all kinds
but Get* and Invoke. CloudFormation and IAM throttle, too, but AWS publishes no figures: here it is 10 a second.
"""

from __future__ import annotations

import json
import re
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from botocore.session import get_session

# Service and operation ("*": all others together): seconds between two calls, and calls that may come at once.
QUOTAS = {
    ("apigateway", "CreateDeployment"): (5, 1),
    ("apigateway", "CreateDomainName"): (30, 1),
    ("apigateway", "CreateResource"): (1 / 5, 5),
    ("apigateway", "CreateRestApi"): (3, 1),
    ("apigateway", "DeleteRestApi"): (30, 1),
    ("apigateway", "GetResources"): (2 / 5, 5),
    ("apigateway", "ImportRestApi"): (3, 1),
    ("apigateway", "PutRestApi"): (1, 1),
    ("apigateway", "UpdateAccount"): (20, 1),
    ("apigateway", "*"): (1 / 10, 40),
    ("lambda", "*"): (1 / 15, 15),
    ("cloudformation", "*"): (1 / 10, 10),
    ("iam", "*"): (1 / 10, 10),
}


class QuotaServer:
    """Runs inside `with`. Each call takes `seconds`."""

    def __init__(self, seconds: float = 0) -> None:
        self.seconds = seconds
        self.calls: list[tuple[str, bool]] = []  # the operations, and whether they were allowed
        self._tokens: dict[tuple[str, str], tuple[float, float]] = {}
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                server.respond(self)

            do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0)).decode()
        found = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", request.headers["Authorization"])
        assert found
        service = found[1]
        operation = parse_qs(body).get("Action", [""])[0] or _operation(service, request.command, request.path)
        time.sleep(self.seconds)
        allowed = self._take(service, operation)
        self.calls.append((operation, allowed))
        status, headers, text = _response(service, operation, allowed)
        request.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(text))}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(text.encode())

    def _take(self, service: str, operation: str) -> bool:
        key = (service, operation if (service, operation) in QUOTAS else "*")
        seconds, burst = QUOTAS[key]
        with self._lock:
            now = time.monotonic()
            tokens, then = self._tokens.get(key, (burst, now))
            tokens = min(burst, tokens + (now - then) / seconds)
            self._tokens[key] = (tokens - 1 if tokens >= 1 else tokens, now)
            return tokens >= 1


def _response(service: str, operation: str, allowed: bool) -> tuple[int, dict[str, str], str]:
    if service in ("cloudformation", "iam"):
        error = "<Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error>"
        done = f"<{operation}Result/>" if allowed else error
        kind = f"{operation}Response" if allowed else "ErrorResponse"
        return (200 if allowed else 400), {"Content-Type": "text/xml"}, f"<{kind}>{done}</{kind}>"
    if allowed:
        return 200, {"Content-Type": "application/json"}, "{}"
    message = {"apigateway": "Too Many Requests", "lambda": "Rate exceeded"}[service]
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": "TooManyRequestsException", "Retry-After": "1"}
    return 429, headers, json.dumps({"message": message})


@cache
def _paths(service: str) -> list[tuple[str, re.Pattern[str], str]]:
    model = get_session().get_service_model(service)
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path = re.sub(r"\{[^}]+\}", "[^/]+", http["requestUri"].partition("?")[0])
        found.append((http["method"], re.compile(path + "/?"), name))
    return found


def _operation(service: str, method: str, path: str) -> str:
    for expected, pattern, name in _paths(service):
        if method == expected and pattern.fullmatch(urlsplit(path).path):
            return name
    raise AssertionError(f"{service} has no {method} {path}")
