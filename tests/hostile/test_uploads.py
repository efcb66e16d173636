"""Bodies that are too long, have no length or stay incomplete: refused before anything is read or written."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from events.api import bodies
from events.spreadsheets.sheet import MAX_FILE_BYTES
from events.storage.models import EventItem
from eventsite.management.commands import runserver
from tests.support.http_server import Server
from tests.support.tables import read_table

KIB, MIB = 1024, 1024 * 1024
MULTIPART = "multipart/form-data; boundary=x"
HTML = {"Accept": "text/html"}
# The longest body that each address accepts.
LIMITS = {
    "/events": MIB,
    "/events/launch": MIB,
    "/staff/events/new/": MIB,
    "/staff/events/bulk/": MIB,
    "/staff/event/launch/edit/": MIB,
    "/staff/import/": 10 * MIB + 64 * KIB,
    "/staff/login/": 64 * KIB,
    "/staff/event/launch/delete/": 64 * KIB,
    "/staff/people/new/": 64 * KIB,
    "/staff/nothing/": 64 * KIB,
    "/healthz": 64 * KIB,
    "/eventsx": 64 * KIB,
}


class Unread:
    """A body that fails the test as soon as something reads it."""

    def read(self, size: int = -1) -> bytes:
        raise AssertionError("the body was read")

    readline = read


def announce(client: Client, method: str, path: str, length: int | str, kind: str = MULTIPART, **headers: str) -> Any:
    """Sends a request with this Content-Length. The test fails if the body is read."""
    announced: dict[str, Any] = {"CONTENT_LENGTH": str(length), "CONTENT_TYPE": kind, "wsgi.input": Unread()}
    return client.generic(method, path, headers=headers, **announced)


@pytest.mark.parametrize(("path", "limit"), LIMITS.items())
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_body_that_is_too_long_for_its_address_is_not_read(path: str, limit: int, method: str) -> None:
    response = announce(Client(), method, path, limit + 1, Cookie=f"events-local-csrf={'a' * 32}")
    said = f"{limit // MIB} MiB" if limit >= MIB else f"{limit // KIB} KiB"
    assert (response.status_code, response["Content-Type"]) == (413, "application/json")
    assert json.loads(response.content) == {
        "detail": f"The body is too large. The limit is {said}.",
        "code": "body_too_large",
    }
    assert response.has_header("X-Request-Id")


@pytest.mark.parametrize(("path", "limit"), LIMITS.items())
def test_a_body_at_the_limit_is_read(editor: Client, path: str, limit: int) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n'
    body = part + b"x" * (limit - len(part) - 9) + b"\r\n--x--\r\n"
    assert editor.generic("POST", path, body, MULTIPART).status_code not in (411, 413)


def test_pages_explain_the_limit() -> None:
    login = announce(Client(), "POST", "/staff/login/", 64 * KIB + 1, **HTML)
    assert (login.status_code, login["Content-Type"]) == (413, "text/html; charset=utf-8")
    assert "What you sent is too large. The limit is 64 KiB." in login.content.decode()
    assert "default-src 'none'" in login["Content-Security-Policy"]
    assert login["Cache-Control"] == "private, no-store"
    upload = announce(Client(), "POST", "/staff/import/", 11 * MIB, **HTML).content.decode()
    assert "The limit is 10 MiB. Import a larger file in several parts." in upload


def test_the_largest_file_to_import_is_accepted_and_not_written_to_disk(editor: Client, settings: Any) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = "/there/is/no/such/folder"
    rows = b"title,date,location,capacity,organizer,status\na,2026-12-01,b,1,c,d\n"
    file = SimpleUploadedFile("a.csv", rows + b"\n" * (MAX_FILE_BYTES - len(rows)))
    page = editor.post("/staff/import/", {"file": file})
    assert (page.status_code, "1 new" in page.content.decode()) == (200, True)


def exchange(server: Server, *lines: str, body: bytes = b"") -> bytes:
    """Sends these lines. Returns everything that the server sends until it closes the connection."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        with suppress(ConnectionError):  # the server may close it before all is sent
            connection.sendall("\r\n".join([*lines, "Host: 127.0.0.1", "", ""]).encode() + body)
        received = b""
        while more := connection.recv(65536):
            received += more
    return received


HIDDEN = b"POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}"


def test_a_body_that_is_too_long_is_refused_at_once(server: Server) -> None:
    """The client need not send the 300 MB. What it does send is not read as another request."""
    cookie = f"Cookie: events-local-csrf={'a' * 32}"
    for body in (b"", HIDDEN, b"x" * 5_000_000):
        received = exchange(
            server,
            "POST /staff/login/ HTTP/1.1",
            f"Content-Type: {MULTIPART}",
            "Content-Length: 300000000",
            cookie,
            body=body,
        )
        assert received.startswith(b"HTTP/1.1 413 ")
        assert b"Connection: close" in received
        assert received.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("path", ["/staff/login/", "/staff/import/", "/events"])
@pytest.mark.parametrize("kind", [MULTIPART, "application/x-www-form-urlencoded", "application/json"])
@pytest.mark.parametrize("coding", [(), ("Transfer-Encoding: chunked",), ("Transfer-Encoding: gzip, chunked",)])
def test_a_body_without_a_length_returns_411(server: Server, path: str, kind: str, coding: tuple[str, ...]) -> None:
    received = exchange(server, f"POST {path} HTTP/1.1", f"Content-Type: {kind}", *coding, body=HIDDEN)
    assert received.startswith(b"HTTP/1.1 411 ")
    assert received.endswith(b'{"detail":"The body must have a Content-Length.","code":"length_required"}')
    assert received.count(b"HTTP/1.1 ") == 1


def test_a_request_without_a_body_needs_no_length(server: Server) -> None:
    for line, status in (
        ("POST /events HTTP/1.1", b"422"),
        ("DELETE /events/a HTTP/1.1", b"404"),
        ("PUT /docs HTTP/1.1", b"405"),
        ("DELETE /events/a HTTP/1.1\r\nContent-Type: application/json", b"404"),
    ):
        assert exchange(server, line, "Connection: close").split(b" ")[1] == status


def test_gunicorn_connections_have_a_timeout(api: APIClient) -> None:
    client, connection = socket.socketpair()
    with client, connection:
        api.get("/events", **{"gunicorn.socket": connection})
        assert connection.gettimeout() == bodies.SECONDS_WITHOUT_A_BYTE


def test_the_upload_limit_has_room_for_the_largest_file_and_its_form() -> None:
    assert django_settings.FILE_UPLOAD_MAX_MEMORY_SIZE == MAX_FILE_BYTES + 64 * KIB


@pytest.mark.parametrize("path", ["/events", "/staff/login/", "/staff/import/"])
def test_an_incomplete_body_times_out(
    server: Server, path: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runserver, "SECONDS_WITHOUT_A_BYTE", 0.2)
    for kind in (MULTIPART, "application/x-www-form-urlencoded"):
        received = exchange(
            server, f"POST {path} HTTP/1.1", f"Content-Type: {kind}", "Content-Length: 9000", body=b'{"title": "x"'
        )
        assert received.split(b" ")[1] in (b"400", b"403")
    assert exchange(server, "GET /events HTTP/1.1").startswith(b"HTTP/1.1 200 ")  # an idle connection times out too
    assert read_table(EventItem) == []
    assert "Traceback" not in capfd.readouterr().err
