"""Calls one Lambda handler as API Gateway (REST, proxy) would, and prints what that took, as one JSON object.

usage: driver.py ROOT MODULE cold|warm|list|load [EVENTS]

It runs in the environment of either side, so it imports nothing but Python's own modules and the handler. CPU is this
process's own: the DynamoDB engine's is not in it. "cold" is the import and the first response; "warm" is CPU and wall
time of each operation; "list" is the whole list and one rare status; "load" stores EVENTS events.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

EVENT = {
    "title": "Launch night " * 4,
    "description": "doors at seven " * 14,
    "date": "2026-12-01",
    "location": "Main hall",
    "capacity": 250,
    "organizer": "Events team",
    "status": "active",
}
HEADERS = {
    "Host": "api.example.org",
    "Content-Type": "application/json",
    "Accept": "application/json",
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "443",
}


class Context:
    aws_request_id = "00000000-0000-0000-0000-000000000000"
    function_name = "events"
    function_version = "$LATEST"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:events"
    log_group_name = "/aws/lambda/events"
    log_stream_name = "stream"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


class Driver:
    def __init__(self, handler: Callable[[Any, Any], Any]) -> None:
        self.handler = handler

    def call(
        self, method: str, path: str, body: Any = None, query: dict[str, str] | None = None, expect: int = 200
    ) -> None:
        response = self.handler(
            {
                "resource": "/{proxy+}",
                "path": path,
                "httpMethod": method,
                "headers": HEADERS,
                "multiValueHeaders": {name: [value] for name, value in HEADERS.items()},
                "queryStringParameters": query,
                "multiValueQueryStringParameters": query and {name: [value] for name, value in query.items()},
                "pathParameters": {"proxy": path[1:]},
                "stageVariables": None,
                "requestContext": {
                    "resourceId": "r",
                    "resourcePath": "/{proxy+}",
                    "httpMethod": method,
                    "path": path,
                    "stage": "production",
                    "domainName": "api.example.org",
                    "identity": {"sourceIp": "203.0.113.7"},
                    "requestId": "q",
                    "accountId": "000000000000",
                    "apiId": "a",
                    "protocol": "HTTP/1.1",
                },
                "body": json.dumps(body) if body is not None else None,
                "isBase64Encoded": False,
            },
            Context(),
        )
        if response["statusCode"] != expect:
            sys.exit(f"{method} {path}: {response['statusCode']} {str(response.get('body'))[:300]}")

    def warm(self) -> dict[str, Any]:
        run = f"{os.getpid()}-{time.time_ns()}"
        fixed = f"/events/{run}"
        self.call("POST", "/events", {**EVENT, "eventId": run}, expect=201)
        return {
            "get": _timed(lambda _: self.call("GET", fixed), 300),
            "missing": _timed(lambda _: self.call("GET", f"{fixed}-no", expect=404), 300),
            "create": _timed(
                lambda n: self.call("POST", "/events", {**EVENT, "eventId": f"{run}{n}"}, expect=201), 200
            ),
            "update": _timed(lambda n: self.call("PUT", fixed, {"capacity": n + 1000}), 200),
            "invalid": _timed(lambda _: self.call("POST", "/events", {"title": ""}, expect=422), 300),
            "delete": _timed(lambda n: self.call("DELETE", f"{fixed}{n}", expect=204), 200),
        }

    def list(self) -> dict[str, Any]:
        self.call("GET", "/events")  # DynamoDB Local slows the first scan after a load
        return {
            "list": _timed(lambda _: self.call("GET", "/events"), 5),
            "rare status": _timed(lambda _: self.call("GET", "/events", query={"status": "rare"}), 20),
            "memory": {"mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024},
        }

    def load(self, count: int) -> dict[str, Any]:
        for n in range(count):
            status = "rare" if n % 100 == 0 else "active"
            event = {
                **EVENT,
                "eventId": f"load-{n:06}",
                "status": status,
                "date": f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}",
            }
            self.call("POST", "/events", event, expect=201)
        return {}


def _timed(operation: Callable[[int], None], count: int) -> dict[str, float]:
    for n in range(max(3, count // 10)):
        operation(-n - 1)
    walls, cpu = [], time.process_time()
    for n in range(count):
        start = time.perf_counter()
        operation(n)
        walls.append(time.perf_counter() - start)
    return {"cpu_ms": 1000 * (time.process_time() - cpu) / count, "wall_ms": 1000 * sorted(walls)[count // 2]}


def main(root: str, module: str, mode: str, count: str = "0") -> None:
    started = time.process_time()
    sys.path.insert(0, root)
    os.chdir(root)
    driver = Driver(import_module(module).handler)
    # The project writes a log line for each request to standard output, as Lambda wants it.
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        match mode:
            case "cold":
                driver.call("GET", "/events/absent", expect=404)
                result: dict[str, Any] = {"start": {"cpu_ms": 1000 * (time.process_time() - started)}}
            case "warm":
                result = driver.warm()
            case "list":
                result = driver.list()
            case _:
                result = driver.load(int(count))
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
