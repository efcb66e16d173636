"""A proxy between the site and DynamoDB Local. It can break, delay or replace responses."""

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

from tests.support.fake_service import POLL_SECONDS

Fault = Callable[["_Handler", bytes], None]


class FaultProxy:
    """Forwards calls. `fault` handles those whose operation is in `operations`, or all if `operations` is empty.

    With `part`, it handles only calls whose body has this part. The first `after` of these calls pass. Then the fault
    handles `times` calls; None: all.
    """

    def __init__(self, engine_port: int) -> None:
        self.engine_port = engine_port
        self.fault: Fault | None = None
        self.operations: set[str] = set()
        self.part = b""
        self.times: int | None = None
        self.after = 0
        self.calls: list[str] = []
        self.requests: list[dict[str, Any]] = []
        self._counting = Lock()
        self._under_way = 0
        self._idle = Condition()

    def set(
        self, fault: Fault | None, *operations: str, part: bytes = b"", times: int | None = None, after: int = 0
    ) -> None:
        self.fault, self.operations, self.part, self.times, self.after = fault, set(operations), part, times, after
        self.calls.clear()
        self.requests.clear()

    def takes(self, operation: str, body: bytes) -> Fault | None:
        with self._counting:
            self.calls.append(operation)
            if self.fault is None or (self.operations and operation not in self.operations) or self.times == 0:
                return None
            if self.part not in body:
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
        """Waits until no call is running. A late call may still be executed after its caller gave up.

        A call that has arrived may not be counted yet, so nothing may begin for a moment.
        """
        with self._idle:
            while True:
                assert self._idle.wait_for(lambda: self._under_way == 0, seconds)
                if not self._idle.wait_for(lambda: self._under_way > 0, 0.3):
                    return

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> FaultProxy:
        handler = type("Handler", (_Handler,), {"proxy": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.thread = Thread(target=self.server.serve_forever, args=(POLL_SECONDS,), daemon=True)
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
    disable_nagle_algorithm = True  # otherwise each content waits 40 ms for the acknowledgement of its headers
    proxy: FaultProxy

    def handle(self) -> None:
        with suppress(ValueError, ConnectionError):  # the connection was reset, here or by the site
            super().handle()

    def do_POST(self) -> None:
        with self.proxy.call():
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.proxy.requests.append(json.loads(body))
            fault = self.proxy.takes(self.headers["X-Amz-Target"].partition(".")[2], body)
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
        """`length`: a wrong Content-Length to send."""
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        with suppress(ConnectionError):  # the client gave up
            self.wfile.write(content)

    def reset(self) -> None:
        """Resets the connection, as a crash does."""
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
    """The call is executed, but its response is lost."""
    handler.forward(body)
    handler.reset()


def break_off(handler: _Handler, body: bytes) -> None:
    """The call is executed, but the connection breaks in the middle of the response."""
    status, content = handler.forward(body)
    handler.answer(status, content[: len(content) // 2], length=len(content))
    handler.wfile.flush()
    handler.reset()


def truncate(handler: _Handler, body: bytes) -> None:
    """The call is executed, but only half of the response is sent, with a length that fits."""
    status, content = handler.forward(body)
    handler.answer(status, content[: len(content) // 2])


def corrupt(handler: _Handler, body: bytes) -> None:
    """The call is executed, but the response does not match its checksum, which DynamoDB always sends."""
    status, content = handler.forward(body)
    handler.answer(status, b"{}", X_Amz_Crc32=str(crc32(content + b" ")))


class Hold:
    """Holds calls until they are released. Then they are executed, but no client waits for them."""

    def __init__(self) -> None:
        self.released = Event()

    def __call__(self, handler: _Handler, body: bytes) -> None:
        assert self.released.wait(120)
        handler.forward(body)
        handler.reset()


def delay(seconds: float) -> Fault:
    """The call never arrives, and the client learns it after some seconds."""

    def fault(handler: _Handler, body: bytes) -> None:
        time.sleep(seconds)
        handler.reset()

    return fault


def error(status: int, code: str, **more: Any) -> Fault:
    """An error response of DynamoDB."""
    content = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": code, **more}).encode()
    return lambda handler, body: handler.answer(status, content)


def garbage(handler: _Handler, body: bytes) -> None:
    """Another server responds instead of DynamoDB."""
    handler.answer(200, b"<html>Welcome to the captive portal</html>")


def say(content: bytes, status: int = 200) -> Fault:
    """The call never arrives; the response has this content."""
    return lambda handler, body: handler.answer(status, content)


BAD_GATEWAY = say(b"<html>502 Bad Gateway</html>", 502)
NO_OBJECT = say(b'["not", "an", "object"]')
OTHER_JSON = say(b'{"status": "ok", "message": "Welcome to the captive portal"}')
OTHER_TYPES = say(
    b'{"Item": 5, "Items": {"a": 1}, "Responses": [], "UnprocessedKeys": 0, "Count": "x", "ConsumedCapacity": "much"}'
)
THROTTLE = error(400, "ThrottlingException")
FAIL = error(500, "InternalServerError")
