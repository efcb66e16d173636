"""Connections to one address that stay open. urllib3 opens them, with TLS, certificates and timeouts.

A request is sent in one piece, and http.client reads the response: a third of the time of urllib3's own requests.
"""

from __future__ import annotations

import http.client
import socket
import struct
import weakref
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import parse_url
from urllib3.util.ssl_ import create_urllib3_context

# Why a request failed. A ValueError (a header is invalid) is not among them.
FAILURES = (OSError, http.client.HTTPException, urllib3.exceptions.HTTPError)

_MOST_IDLE = 50
# When a call is given up, its connection is reset, so that the kernel does not go on sending it for minutes.
_DISCARD_AT_CLOSE = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
_SOCKET_OPTIONS = [*HTTPConnection.default_socket_options, _DISCARD_AT_CLOSE]


class Response(NamedTuple):
    status: int
    headers: Mapping[str, str] | http.client.HTTPMessage  # names in any case
    content: bytes


class Connections:
    """Posts to one URL. Thread-safe: each request has a connection of its own while it runs."""

    def __init__(self, url: str, timeouts: tuple[float, float], ca_certs: str) -> None:
        """Timeouts, in seconds: to connect, and for each part of a response. Raises one of FAILURES: an invalid URL."""
        address = parse_url(url)
        self._path = address.request_uri
        self._options: dict[str, Any] = {
            "host": (address.host or "").strip("[]"),  # brackets of an IPv6 address
            "port": address.port,
            "timeout": timeouts[0],
            "socket_options": _SOCKET_OPTIONS,
        }
        self._kind = HTTPConnection
        if address.scheme == "https":
            context = create_urllib3_context()  # one for all connections, because the certificates take 20 ms to load
            context.load_verify_locations(ca_certs)
            self._kind, self._options["ssl_context"] = HTTPSConnection, context
        self._read_timeout = timeouts[1]
        self._idle: deque[HTTPConnection] = deque()
        weakref.finalize(self, _close, self._idle)

    def close_idle(self) -> None:
        _close(self._idle)

    def post(self, body: bytes, headers: Mapping[str, str]) -> Response:
        """`headers` must name the host. Never follows a redirect. Raises one of FAILURES, ValueError."""
        request = self._head(headers, len(body)) + body
        connection = self._open()
        try:
            connection.sock.sendall(request)
            with http.client.HTTPResponse(connection.sock, method="POST") as response:
                response.begin()
                content = response.read()
        except BaseException:
            connection.close()
            raise
        if response.will_close or len(self._idle) >= _MOST_IDLE:
            connection.close()
        else:
            self._idle.append(connection)
        return Response(response.status, response.headers, content)

    def _head(self, headers: Mapping[str, str], length: int) -> bytes:
        lines = [f"POST {self._path} HTTP/1.1", f"Content-Length: {length}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join(lines)
        if head.count("\n") >= len(lines) or head.count("\r") >= len(lines):
            raise ValueError("a header contains a line break")
        return f"{head}\r\n\r\n".encode("latin-1")

    def _open(self) -> HTTPConnection:
        """The connection that was used last, if it is still open, or a new one."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread has just taken it
                break
            if connection.is_connected:
                return connection
            connection.close()
        connection = self._kind(**self._options)
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        connection.sock.settimeout(self._read_timeout)
        return connection


def _close(connections: deque[HTTPConnection]) -> None:
    while connections:
        connections.pop().close()


class ProxyConnections:
    """As Connections, through a proxy. This is rare, so everything is left to urllib3."""

    def __init__(
        self, proxy: str, proxy_headers: Mapping[str, str], url: str, timeouts: tuple[float, float], ca_certs: str
    ) -> None:
        """Raises one of FAILURES if an address is invalid."""
        self._url = urljoin(url, urlsplit(url).path or "/")
        self._pool = urllib3.ProxyManager(
            proxy,
            proxy_headers=proxy_headers,
            timeout=urllib3.Timeout(connect=timeouts[0], read=timeouts[1]),
            maxsize=_MOST_IDLE,
            socket_options=_SOCKET_OPTIONS,
            ca_certs=ca_certs,
        )

    def close_idle(self) -> None:
        self._pool.clear()

    def post(self, body: bytes, headers: Mapping[str, str]) -> Response:
        response = self._pool.urlopen("POST", self._url, body=body, headers=headers, retries=False)
        return Response(response.status, response.headers, response.data)
