"""What clients that are slow, broken or hostile get, over a bare socket."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import pytest

from events.storage.models import EventItem
from tests.support.builders import make_body
from tests.support.http_server import Server
from tests.support.tables import read_table

BODY = json.dumps(make_body()).encode()


def exchange(server: Server, sent: bytes, half_close: bool = False) -> bytes:
    """Everything that comes back, until the server ends the connection."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(sent)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while more := connection.recv(65536):
            received += more
        return received


def post(*headers: str, body: bytes = BODY) -> bytes:
    lines = ["POST /events HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def detail(answer: bytes) -> str:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Type: application/json" in head
    said: str = json.loads(body)["detail"]
    return said


def test_a_body_in_chunks_is_refused_and_not_taken_for_a_request(server: Server) -> None:
    hidden = b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    answer = exchange(server, post("Origin: https://app.example", "Transfer-Encoding: chunked", body=hidden))
    assert answer.startswith(b"HTTP/1.1 411 ")
    assert detail(answer) == "The body must have a Content-Length."
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"access-control-allow-origin: *" in answer


@pytest.mark.parametrize("length", ["abc", "-1", "1e3", "+5", "\u0665", "1" * 20, "1" * 5000])
def test_a_length_that_is_no_number_is_refused(server: Server, length: str) -> None:
    answer = exchange(server, post(f"Content-Length: {length}"))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert detail(answer) == "The request could not be understood."


def test_a_body_that_breaks_off_is_not_stored(server: Server) -> None:
    answer = exchange(server, post("Connection: close", f"Content-Length: {len(BODY) + 100}"), half_close=True)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert detail(answer) == "The body ended early."
    assert read_table(EventItem) == []


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 30_000_000])
def test_whoever_sends_too_much_hears_so(server: Server, size: int) -> None:
    answer = server.request("POST", "/events", data=b"x" * size)
    assert answer.status_code == 413
    assert answer.json() == {"detail": "The body is too large. The limit is 1 MiB.", "code": "body_too_large"}


def test_ids_and_hosts_put_no_header_into_an_answer(server: Server) -> None:
    for event_id in ("a\r\nX-Evil: 1", "a\nb"):
        assert server.request("POST", "/events", json=make_body(eventId=event_id)).status_code == 422
    created = server.request("POST", "/events", json=make_body(eventId="a\u2028%0d%0aX-Evil: 1"))
    assert created.status_code == 201
    assert "X-Evil" not in created.headers
    assert server.request("GET", created.headers["Location"]).json()["eventId"] == "a\u2028%0d%0aX-Evil: 1"
    evil = server.request("GET", "/events?limit=1", headers={"Host": "evil.example"})
    assert evil.status_code == 400
