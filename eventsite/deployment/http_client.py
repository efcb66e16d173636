"""A small HTTP client for the smoke test, which can connect to another machine than the address names."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from email.message import Message
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

_TIMEOUT_SECONDS = 35  # the function may take 30


@dataclass(frozen=True)
class Response:
    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """None if the body is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def cookies(self) -> SimpleCookie:
        jar: SimpleCookie = SimpleCookie()
        for header in self.headers.get_all("Set-Cookie", []):
            jar.load(header)
        return jar

    def __str__(self) -> str:
        request_id = self.headers.get("X-Request-Id") or self.headers.get("x-amzn-RequestId")
        return f"{self.status} {self.text[:300]!r}" + (f" (request {request_id})" if request_id else "")


class _Connection(http.client.HTTPConnection):
    """Connects to `machine` if there is one, and still sends the address's host name."""

    machine: tuple[str, int] | None = None

    def connect(self) -> None:
        self.sock = socket.create_connection(self.machine or (self.host, self.port), self.timeout)


class _TLSConnection(_Connection, http.client.HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


class Client:
    """Calls one site. `call` raises OSError or http.client.HTTPException if there is no complete response."""

    def __init__(self, address: str, connect_to: str | None = None) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{address!r} is not an http or https address.")
        self._path = parts.path.rstrip("/")
        kind = _TLSConnection if parts.scheme == "https" else _Connection
        self._connection = kind(parts.hostname, parts.port, timeout=_TIMEOUT_SECONDS)
        if connect_to:
            host, _, port = connect_to.rpartition(":")
            self._connection.machine = host, int(port)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        """The response, decompressed. Name headers as in `Accept_Encoding="gzip"`; the body is sent as JSON."""
        sent, content = encode(headers, body)
        try:
            self._connection.request(method, self._path + path, content, sent)
            response = self._connection.getresponse()
            return received(response.status, response.headers, response.read())
        finally:
            self._connection.close()


def encode(headers: dict[str, str], body: Any) -> tuple[dict[str, str], bytes | None]:
    """The headers and the body as they are sent."""
    sent = {"Accept": "*/*", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if body is None:
        return sent, None
    return {**sent, "Content-Type": "application/json"}, json.dumps(body).encode()


def received(status: int, headers: Message, body: bytes) -> Response:
    return Response(status, headers, gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body)
