"""Calls to a site as one far away sends them, at the address that it is known by or at another machine."""

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

_TIMEOUT_SECONDS = 35  # Lambda may take 30


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """None for what is no JSON."""
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
    """To another machine than the address says; whoever answers there is asked as if it were that one."""

    machine: tuple[str, int] | None = None

    def connect(self) -> None:
        self.sock = socket.create_connection(self.machine or (self.host, self.port), self.timeout)


class _SafeConnection(http.client.HTTPSConnection):
    machine: tuple[str, int] | None = None

    def connect(self) -> None:
        plain = socket.create_connection(self.machine or (self.host, self.port), self.timeout)
        self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)


class Visitor:
    """Raises OSError, or http.client.HTTPException, for what is no answer."""

    def __init__(self, address: str, connect_to: str | None = None) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{address!r} is no http or https address.")
        self.address = address.rstrip("/")
        self._path = parts.path.rstrip("/")
        kind = _SafeConnection if parts.scheme == "https" else _Connection
        self._connection = kind(parts.hostname, parts.port, timeout=_TIMEOUT_SECONDS)
        if connect_to:
            host, _, port = connect_to.rpartition(":")
            self._connection.machine = host, int(port)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """The whole answer, unpacked. Headers as `Accept_Encoding="gzip"`; a body becomes JSON."""
        named = {"Accept": "*/*", **{name.replace("_", "-"): value for name, value in headers.items()}}
        content = None
        if body is not None:
            content, named["Content-Type"] = json.dumps(body).encode(), "application/json"
        try:
            self._connection.request(method, self._path + path, content, named)
            response = self._connection.getresponse()
            received = response.read()
        finally:
            self._connection.close()
        if response.headers.get("Content-Encoding") == "gzip":
            received = gzip.decompress(received)
        return Answer(response.status, response.headers, received)
