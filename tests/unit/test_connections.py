"""Connections that stay open, to real servers: reuse, timeouts, certificates, proxies, and what breaks them."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import certifi
import pytest

from eventsite.connections import FAILURES, Connections, ProxyConnections
from tests.support.certificates import Authority

TIMEOUTS = (2.0, 2.0)
Handle = Callable[[socket.socket], None]


@contextmanager
def serving(handle: Handle, host: str = "127.0.0.1") -> Iterator[tuple[int, list[int]]]:
    """Gives each connection to `handle` in a thread of its own. Yields the port, and the ports of the clients."""
    clients: list[int] = []
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:

        def run(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                handle(connection)

        def accept() -> None:
            with suppress(OSError):  # the listener is closed
                while True:
                    connection, client = listener.accept()
                    clients.append(client[1])
                    Thread(target=run, args=(connection,), daemon=True).start()

        Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1], clients
        listener.shutdown(socket.SHUT_RDWR)


def read_request(connection: socket.socket) -> tuple[bytes, bytes]:
    """The head of a request and its body; both empty at the end of the connection."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65_536)
        if not part:
            return b"", b""
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    length = int(lengths[0].partition(b":")[2]) if lengths else 0
    while len(body) < length:
        body += connection.recv(65_536)
    return head, body


def respond(connection: socket.socket, body: bytes, *headers: bytes) -> None:
    head = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers]
    connection.sendall(b"\r\n".join(head) + b"\r\n\r\n" + body)


def echo(connection: socket.socket) -> None:
    """Responds to every request with its body, until the client closes."""
    while True:
        head, body = read_request(connection)
        if not head:
            return
        respond(connection, body)


def echo_once(connection: socket.socket) -> None:
    """Closes after the response without having said so, as a server does with a connection that was idle for long."""
    respond(connection, read_request(connection)[1])


def test_a_connection_is_used_again() -> None:
    with serving(echo) as (port, clients):
        connections = Connections(f"http://127.0.0.1:{port}", TIMEOUTS, certifi.where())
        assert [connections.post(b"%d" % n, {}).content for n in range(5)] == [b"0", b"1", b"2", b"3", b"4"]
    assert len(clients) == 1


def test_a_connection_that_the_server_has_closed_is_replaced() -> None:
    with serving(echo_once) as (port, clients):
        connections = Connections(f"http://127.0.0.1:{port}", TIMEOUTS, certifi.where())
        for n in range(3):
            assert connections.post(b"%d" % n, {}).content == b"%d" % n
            time.sleep(0.05)  # the end of the connection has to arrive
    assert len(clients) == 3


def test_a_connection_is_not_kept_if_the_server_says_that_it_will_close_it() -> None:
    def handle(connection: socket.socket) -> None:
        while True:
            _, body = read_request(connection)
            respond(connection, body, b"Connection: close")

    with serving(handle) as (port, clients):
        connections = Connections(f"http://127.0.0.1:{port}", TIMEOUTS, certifi.where())
        assert [connections.post(b"a", {}).content, connections.post(b"b", {}).content] == [b"a", b"b"]
    assert len(clients) == 2


@pytest.mark.parametrize(
    "response",
    [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"],
)
def test_an_incomplete_response_is_a_failure_and_ends_the_connection(response: bytes) -> None:
    answers = [response, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"]

    def handle(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answers.pop(0))

    with serving(handle) as (port, clients):
        connections = Connections(f"http://127.0.0.1:{port}", TIMEOUTS, certifi.where())
        with pytest.raises(FAILURES):
            connections.post(b"", {})
        assert connections.post(b"", {}).content == b"fine"
    assert len(clients) == 2


def test_a_response_that_comes_too_late_is_never_that_of_the_next_request() -> None:
    def handle(connection: socket.socket) -> None:
        _, body = read_request(connection)
        if body == b"slow":
            time.sleep(0.4)
        respond(connection, body)

    with serving(handle) as (port, _):
        connections = Connections(f"http://127.0.0.1:{port}", (2, 0.2), certifi.where())
        with pytest.raises(FAILURES):
            connections.post(b"slow", {})
        time.sleep(0.4)
        assert connections.post(b"fast", {}).content == b"fast"


def test_connecting_has_a_timeout_of_its_own() -> None:
    """The server accepts the connection, but never takes part in TLS."""
    with serving(lambda connection: time.sleep(5)) as (port, _):
        connections = Connections(f"https://127.0.0.1:{port}", (0.2, 5), certifi.where())
        start = time.monotonic()
        with pytest.raises(FAILURES):
            connections.post(b"", {})
    assert time.monotonic() - start < 2


def test_requests_at_the_same_time_get_their_own_responses() -> None:
    def handle(connection: socket.socket) -> None:
        while True:
            head, body = read_request(connection)
            if not head:
                return
            time.sleep(int(body) % 3 / 1000)
            respond(connection, body)

    with serving(handle) as (port, clients), ThreadPoolExecutor(16) as threads:
        connections = Connections(f"http://127.0.0.1:{port}", TIMEOUTS, certifi.where())
        contents = list(threads.map(lambda n: connections.post(b"%d" % n, {}).content, range(400)))
    assert contents == [b"%d" % n for n in range(400)]
    assert len(clients) <= 16


def test_an_address_of_ipv6() -> None:
    with serving(echo, "::1") as (port, _):
        assert Connections(f"http://[::1]:{port}", TIMEOUTS, certifi.where()).post(b"x", {}).content == b"x"


def test_a_header_that_is_invalid_is_a_value_error_and_is_not_sent() -> None:
    with serving(echo) as (port, _):
        connections = Connections(f"http://127.0.0.1:{port}", TIMEOUTS, certifi.where())
        for value in ("a\r\nY: b", "a\nY: b", "a\rY: b", "a\n", "\u20ac"):
            with pytest.raises(ValueError, match=r"line break|codec"):
                connections.post(b"", {"X": value})
        assert connections.post(b"x", {}).content == b"x"


class TestCertificates:
    @pytest.fixture
    def authority(self, tmp_path: Path) -> Authority:
        return Authority(tmp_path, "Ours")

    def echoing(self, context: ssl.SSLContext) -> Handle:
        def handle(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as secure:
                echo(secure)

        return handle

    def test_of_a_trusted_authority_is_accepted(self, authority: Authority) -> None:
        with serving(self.echoing(authority.server_context("localhost"))) as (port, clients):
            connections = Connections(f"https://localhost:{port}", TIMEOUTS, authority.file)
            assert [connections.post(b"a", {}).content, connections.post(b"b", {}).content] == [b"a", b"b"]
        assert len(clients) == 1

    def test_of_another_authority_is_refused(self, authority: Authority, tmp_path: Path) -> None:
        other = Authority(tmp_path, "Other")
        server = self.echoing(other.server_context("localhost"))
        with serving(server) as (port, _), pytest.raises(FAILURES, match="certificate verify failed"):
            Connections(f"https://localhost:{port}", TIMEOUTS, authority.file).post(b"secret", {})

    def test_for_another_host_is_refused(self, authority: Authority) -> None:
        server = self.echoing(authority.server_context("elsewhere.test"))
        with serving(server) as (port, _), pytest.raises(FAILURES, match="Hostname mismatch"):
            Connections(f"https://localhost:{port}", TIMEOUTS, authority.file).post(b"secret", {})

    def test_are_checked_through_a_proxy_too(self, authority: Authority, tmp_path: Path) -> None:
        asked: list[bytes] = []

        def tunnel(connection: socket.socket) -> None:
            head, _ = read_request(connection)
            asked.append(head)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with authority.server_context("notes.test").wrap_socket(connection, server_side=True) as secure:
                echo(secure)

        with serving(tunnel) as (port, _):
            proxy = (f"http://127.0.0.1:{port}", {"Proxy-Authorization": "Basic eA=="}, "https://notes.test", TIMEOUTS)
            assert ProxyConnections(*proxy, authority.file).post(b"a", {}).content == b"a"
            other = Authority(tmp_path, "Other")
            with pytest.raises(FAILURES, match="certificate verify failed"):
                ProxyConnections(*proxy, other.file).post(b"secret", {})
        assert asked[0].startswith(b"CONNECT notes.test:443 ")
        assert b"Proxy-Authorization: Basic eA==" in asked[0]
