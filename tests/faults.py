"""A proxy between the site and the engine that breaks, slows or forges answers on demand."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any

Fault = Callable[["_Handler", bytes], None]


class FaultProxy:
    """Passes calls on; `fault` takes over those whose operation `operations` names (all, if it is empty).

    `times` is how many calls the fault takes before all is well again; None: every one.
    """

    def __init__(self, engine_port: int) -> None:
        self.engine_port = engine_port
        self.fault: Fault | None = None
        self.operations: set[str] = set()
        self.times: int | None = None
        self.calls: list[str] = []
        self.requests: list[dict[str, Any]] = []

    def set(self, fault: Fault | None, *operations: str, times: int | None = None) -> None:
        self.fault, self.operations, self.times = fault, set(operations), times
        self.calls.clear()
        self.requests.clear()

    def takes(self, operation: str) -> Fault | None:
        self.calls.append(operation)
        if self.fault is None or (self.operations and operation not in self.operations) or self.times == 0:
            return None
        if self.times is not None:
            self.times -= 1
        return self.fault

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> FaultProxy:
        handler = type("Handler", (_Handler,), {"proxy": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.thread = Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: FaultProxy

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.proxy.requests.append(json.loads(body))
        fault = self.proxy.takes(self.headers["X-Amz-Target"].partition(".")[2])
        if fault is None:
            self.answer(*self.forward(body))
        else:
            fault(self, body)

    def forward(self, body: bytes) -> tuple[int, bytes]:
        engine = http.client.HTTPConnection("127.0.0.1", self.proxy.engine_port, timeout=60)
        engine.request("POST", "/", body, dict(self.headers.items()))
        answer = engine.getresponse()
        content = answer.read()
        engine.close()
        return answer.status, content

    def answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def reset(self) -> None:
        """Ends the connection as a crash would: the client sees it reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.rfile.close()
        self.wfile.close()
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is the base class's
        pass


def refuse(handler: _Handler, body: bytes) -> None:
    """The call never arrives."""
    handler.reset()


def lose_answer(handler: _Handler, body: bytes) -> None:
    """The call is carried out, but nobody is told."""
    handler.forward(body)
    handler.reset()


def delay(seconds: float) -> Fault:
    def fault(handler: _Handler, body: bytes) -> None:
        time.sleep(seconds)
        handler.reset()

    return fault


def error(status: int, code: str, **more: Any) -> Fault:
    """DynamoDB's own way of saying no."""
    content = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": code, **more}).encode()
    return lambda handler, body: handler.answer(status, content)


def garbage(handler: _Handler, body: bytes) -> None:
    """Something that is no DynamoDB answers."""
    handler.answer(200, b"<html>Welcome to the captive portal</html>")


THROTTLE = error(400, "ThrottlingException")
FAIL = error(500, "InternalServerError")
