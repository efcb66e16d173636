"""A proxy between the site and the engine that breaks, slows or forges answers on demand."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Lock, Thread
from types import TracebackType
from typing import Any
from zlib import crc32

Fault = Callable[["_Handler", bytes], None]


class FaultProxy:
    """Passes calls on; `fault` takes over those whose operation `operations` names (all, if it is empty).

    `after` is how many of these are let through first, `times` how many the fault then takes; None: every one.
    """

    def __init__(self, engine_port: int) -> None:
        self.engine_port = engine_port
        self.fault: Fault | None = None
        self.operations: set[str] = set()
        self.times: int | None = None
        self.after = 0
        self.calls: list[str] = []
        self.requests: list[dict[str, Any]] = []
        self._counting = Lock()
        self._under_way = 0
        self._idle = Condition()

    def set(self, fault: Fault | None, *operations: str, times: int | None = None, after: int = 0) -> None:
        self.fault, self.operations, self.times, self.after = fault, set(operations), times, after
        self.calls.clear()
        self.requests.clear()

    def takes(self, operation: str) -> Fault | None:
        with self._counting:
            self.calls.append(operation)
            if self.fault is None or (self.operations and operation not in self.operations) or self.times == 0:
                return None
            if self.after:
                self.after -= 1
                return None
            if self.times is not None:
                self.times -= 1
            return self.fault

    @contextmanager
    def call(self) -> Iterator[None]:
        with self._idle:
            self._under_way += 1
        try:
            yield
        finally:
            with self._idle:
                self._under_way -= 1
                self._idle.notify_all()

    def settle(self, seconds: float = 30) -> None:
        """Waits until no call is under way: a late one may still be carried out after its caller gave up."""
        with self._idle:
            assert self._idle.wait_for(lambda: self._under_way == 0, seconds)

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

    def handle(self) -> None:
        with suppress(ValueError):  # after a reset, there is nothing to flush
            super().handle()

    def do_POST(self) -> None:
        with self.proxy.call():
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

    def answer(self, status: int, content: bytes, length: int | None = None, **headers: str) -> None:
        """`length` is what is said of the content's, where that is not the truth."""
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        with suppress(ConnectionError):  # whoever asked gave up
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


def break_off(handler: _Handler, body: bytes) -> None:
    """The call is carried out, but its answer ends in the middle."""
    status, content = handler.forward(body)
    handler.answer(status, content[: len(content) // 2], length=len(content))
    handler.wfile.flush()
    handler.reset()


def truncate(handler: _Handler, body: bytes) -> None:
    """The call is carried out, but half of its answer is passed off as the whole."""
    status, content = handler.forward(body)
    handler.answer(status, content[: len(content) // 2])


def corrupt(handler: _Handler, body: bytes) -> None:
    """The call is carried out, but its answer is not what its checksum says, which DynamoDB sends with each."""
    status, content = handler.forward(body)
    handler.answer(status, b"{}", X_Amz_Crc32=str(crc32(content + b" ")))


class Hold:
    """The calls are on their way until they are released: then they are carried out, but nobody waits any more."""

    def __init__(self) -> None:
        self.released = Event()

    def __call__(self, handler: _Handler, body: bytes) -> None:
        assert self.released.wait(120)
        handler.forward(body)
        handler.reset()


def delay(seconds: float) -> Fault:
    """The call never arrives, and it takes a while until that is known."""

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


def say(content: bytes, status: int = 200) -> Fault:
    """The call never arrives: something else answers it."""
    return lambda handler, body: handler.answer(status, content)


BAD_GATEWAY = say(b"<html>502 Bad Gateway</html>", 502)
NO_OBJECT = say(b'["not", "an", "object"]')
OTHER_JSON = say(b'{"status": "ok", "message": "Welcome to the captive portal"}')
OTHER_TYPES = say(
    b'{"Item": 5, "Items": {"a": 1}, "Responses": [], "UnprocessedKeys": 0, "Count": "x", "ConsumedCapacity": "much"}'
)
THROTTLE = error(400, "ThrottlingException")
FAIL = error(500, "InternalServerError")
