"""Unusual bodies: deep, long, compressed or incomplete, with many or duplicate keys, in invalid encodings."""

from __future__ import annotations

import gzip
import json
import socket
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import requests
from django.conf import settings
from django.test import Client
from rest_framework.test import APIClient

from events.storage.models import EventItem
from tests.support.api_calls import LAUNCH, assert_event, send
from tests.support.builders import PASSWORD, make_body, make_staff
from tests.support.clients import client_of
from tests.support.hostile_texts import mostly_at_length
from tests.support.http_server import Server
from tests.support.tables import read_table

VALID = json.dumps(LAUNCH)[1:-1]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("[" * 100_000 + "]" * 100_000, "body is not valid JSON"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "body is not valid JSON"),
        ("[" * 500_000, "body is not valid JSON"),
        (f'{{{VALID}, "title": {"[" * 900}{"]" * 900}}}', "title must be text"),
        (f'{{{VALID}, "{"k" * 1_000_000}": 1}}', f"{'k' * 100}… is not a field of an event"),
        (
            f"{{{VALID}, {', '.join(f'{chr(34)}k{number}{chr(34)}: 1' for number in range(80_000))}}}",
            "body has 80,008 fields",
        ),
        (f'{{{VALID}, "capacity": {"9" * 400}}}', "capacity must be at most 1,000,000,000,000,000"),
        (f'{{{VALID}, "capacity": -{"9" * 1_000_000}}}', "capacity must not be negative"),
        (f'{{{VALID}, "capacity": 1e400}}', "capacity must be"),
        (f'{{{VALID}, "capacity": 1e-400}}', "capacity must be a whole number"),
        (f'{{{VALID}, "capacity": 0.{"3" * 900_000}}}', "capacity must be a whole number"),
        (f'{{{VALID}, "capacity": NaN}}', "body is not valid JSON"),
        (f'{{{VALID}, "capacity": 1_000}}', "body is not valid JSON"),
        (f'{{{VALID}, "capacity": 0x10}}', "body is not valid JSON"),
        (f'{{{VALID}, "capacity": \u0665}}', "body is not valid JSON"),
        (f'{{{VALID}, "__proto__": {{}}, "constructor": 1}}', "__proto__ is not a field of an event"),
        (f'{{{VALID}, "revision": "x", "updatedBy": "root", "allEvents": "x"}}', "revision is not a field of an event"),
        (f'{{{VALID}, "title": {{"S": "x"}}}}', "title must be text"),
        (f"{{{VALID}}} {{{VALID}}}", "body is not valid JSON"),
        (f"\ufeff{{{VALID}}}", "body is not valid JSON"),
        (f"{{{VALID}, }}", "body is not valid JSON"),
        (f"{{{VALID} /* x */}}", "body is not valid JSON"),
        ('"' + "\\u0000" * 100_000 + '"', "body must be a JSON object"),
    ],
    ids=range(23),
)
def test_invalid_json_returns_422_with_a_short_message(api: APIClient, body: str, said: str) -> None:
    response = send(api, "POST", "/events", body.encode())
    assert (response.status_code, response["Content-Type"]) == (422, "application/json")
    assert said in json.loads(response.content)["detail"]
    assert len(response.content) < 3_000
    assert read_table(EventItem) == []


@pytest.mark.parametrize(("count", "said"), [(100, "k91 is not a field of an event"), (101, "body has 101 fields")])
def test_errors_name_each_unknown_field_up_to_100_fields(api: APIClient, count: int, said: str) -> None:
    names = [f"k{number}" for number in range(count - len(LAUNCH))]
    response = send(api, "POST", "/events", {**LAUNCH, **dict.fromkeys(names, 1)})
    assert response.status_code == 422
    errors = json.loads(response.content)
    assert said in errors["detail"]
    assert len(errors["errors"]) == (len(names) if count == 100 else 1)


@pytest.mark.parametrize(("length", "shown"), [(100, "k" * 100), (101, "k" * 100 + "…")])
def test_errors_shorten_field_names_to_100_characters(api: APIClient, length: int, shown: str) -> None:
    response = send(api, "POST", "/events", {**LAUNCH, "k" * length: 1})
    assert json.loads(response.content)["detail"] == f"{shown} is not a field of an event."


def test_the_last_of_duplicate_keys_wins(api: APIClient) -> None:
    """Most JSON parsers do the same. The response shows what is stored."""
    sent = f'{{"title": "first", {VALID}, "title": "last", "\\u0074itle": "very last"}}'
    assert_event(send(api, "POST", "/events", sent.encode()), 201, {**LAUNCH, "title": "very last"})
    assert_event(send(api, "GET", "/events/launch"), 200, {**LAUNCH, "title": "very last"})


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-7", "latin-1"])
def test_json_is_read_as_utf_8_only(api: APIClient, encoding: str) -> None:
    body = json.dumps({**LAUNCH, "title": "caf\u00e9 +AOk-"}, ensure_ascii=False).encode(encoding)
    response = api.generic("POST", "/events", body, content_type=f"application/json; charset={encoding}")
    assert response.status_code == 415
    assert read_table(EventItem) == []
    unnamed = api.generic("POST", "/events", body, content_type="application/json")
    if encoding == "utf-7":  # UTF-7 is ASCII, so it is read literally
        assert json.loads(unnamed.content)["title"] == "caf+AOk +-AOk-"
    else:
        assert unnamed.status_code == 422


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_compressed_body_is_not_unpacked(api: APIClient, coding: str) -> None:
    """The body is about 1,000 times smaller than its content. It is refused as it is."""
    bomb = gzip.compress(b" " * 20_000_000 + json.dumps(make_body()).encode())
    response = send(api, "POST", "/events", bomb, Content_Encoding=coding)
    assert response.status_code == 415
    assert read_table(EventItem) == []


CHARSETS = ["hex", "rot13", "idna", "punycode", "undefined", "utf-16", "utf-7", "nonsense", "x" * 5000]


@pytest.mark.parametrize("charset", CHARSETS)
def test_forms_are_read_as_utf_8_with_any_charset(server: Server, charset: str) -> None:
    """Browsers send a form in the encoding of its page, which is UTF-8. The charset in the header is ignored."""
    make_staff("ada", "admin")
    for kind in ("multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
        browser = requests.Session()
        browser.get(f"{server.url}/staff/login/")
        typed = {
            "username": "ada",
            "password": PASSWORD,
            "next": "/staff/caf\u00e9",
            "csrfmiddlewaretoken": browser.cookies[settings.CSRF_COOKIE_NAME],
        }
        part = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
        parts = "".join(part.format(*field) for field in typed.items()) + "--x--\r\n"
        answer = browser.post(
            f"{server.url}/staff/login/?a=%FF",
            (parts if kind.startswith("multipart") else urlencode(typed)).encode(),
            headers={"Content-Type": f"{kind}; charset={charset}"},
            allow_redirects=False,
        )
        assert (answer.status_code, answer.headers.get("Location")) == (302, "/staff/caf%C3%A9")


@pytest.mark.parametrize(
    "parameters",
    [
        *(f"charset={name}" for name in CHARSETS),
        "x*=hex''%ff",
        "x*=nonsense''a",
        "x*=idna''%ff",
        "x*0*=a'b",
        ";;=;x",
        "charset=\x7f",
        "charset=utf-8",
    ],
)
def test_content_type_does_not_change_the_query(server: Server, parameters: str) -> None:
    """An error here would happen before any middleware, so the client would get no response."""
    event = {**LAUNCH, "status": "caf\u00e9 +AOk-"}
    assert server.request("POST", "/events", json=event).status_code == 201
    many = "&".join(f"a{number}=" for number in range(1_500))
    for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        headers = {"Content-Type": f"{kind}; {parameters}"}
        found = server.request("GET", "/events?status=caf%C3%A9%20%2BAOk-", headers=headers)
        assert (found.status_code, found.json()) == (200, [event])
        assert server.request("GET", "/docs?a=%FF", headers=headers).status_code == 200
        assert server.request("GET", f"/events?{many}", headers=headers).status_code == 400


PARTS = {
    "invalid base64": 'name="file"; filename="a"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!',
    "a file's charset": 'name="file"; filename="a.csv"\r\nContent-Type: text/csv; charset=hex\r\n\r\ntitle',
    "a name's charset": "name=\"file\"; filename*=hex''a.csv\r\n\r\ntitle",
    "a field's charset": "name*=idna''zz%ff\r\n\r\ntitle",
    "a name with NUL": 'name="file"; filename="a\0.csv"\r\n\r\ntitle',
    "a name of a path": 'name="file"; filename="../../../etc/passwd"\r\n\r\ntitle',
    "no name": "\r\n\r\ntitle",
    "a part in a part": 'name="file"\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n--x--',
    "a long header": f'name="file"; filename="{"a" * 70_000}"\r\n\r\ntitle',
    "a long name": f'name="{"a" * 70_000}"\r\n\r\ntitle',
    "many headers": f'name="file"\r\n{"X: y" + chr(13) + chr(10)}' * 500 + "\r\ntitle",
}


@pytest.mark.parametrize("part", mostly_at_length(PARTS, 6))
@pytest.mark.parametrize("end", mostly_at_length(["\r\n--x--\r\n", "", "\r\n--x", "\r\n--x--x--"], 1))
def test_malformed_form_parts_cause_no_server_error(editor: Client, part: str, end: str) -> None:
    editor.raise_request_exception = False
    body = f"--x\r\nContent-Disposition: form-data; {part}{end}".encode()
    for address in ("/staff/import/", "/staff/events/new/"):
        assert editor.generic("POST", address, body, "multipart/form-data; boundary=x").status_code in (200, 400, 422)
    assert read_table(EventItem) == []


@pytest.mark.parametrize("boundary", ["", "=", "=" + "a" * 300, '=""', '="\xff"', "=a; boundary=b", "=\x01", "=a b"])
def test_malformed_boundaries_return_400_or_422(editor: Client, boundary: str) -> None:
    editor.raise_request_exception = False
    response = editor.generic("POST", "/staff/import/", b"--a\r\n\r\n", f"multipart/form-data; boundary{boundary}")
    assert response.status_code in (400, 422)


def test_thousands_of_fields_return_400(editor: Client) -> None:
    editor.raise_request_exception = False
    many = {f"field{number}": "1" for number in range(5_000)}
    parts = "".join(f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="a"\r\n\r\na\r\n' for name in many)
    multipart = "multipart/form-data; boundary=x"
    assert editor.post("/staff/events/new/", many).status_code == 400
    assert editor.generic("POST", "/staff/import/", f"{parts}--x--\r\n".encode(), multipart).status_code == 400
    assert editor.get("/staff/events/", many).status_code == 400
    assert editor.get("/events", many).status_code == 400
    hashed = "&".join(f"{number}=" for number in range(900))
    assert editor.get(f"/staff/events/?{hashed}").status_code == 200


def test_slow_clients_do_not_block_others(server: Server) -> None:
    """`runserver` has a thread for each connection. API Gateway sends only complete requests to Lambda."""
    address = urlsplit(server.url)
    held: list[Any] = []
    try:
        for _ in range(50):
            connection = socket.create_connection((address.hostname, address.port), timeout=20)
            connection.sendall(b"POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n{")
            held.append(connection)
        assert server.request("GET", "/events").json() == []
        assert server.request("POST", "/events", json=make_body()).status_code == 201
    finally:
        for connection in held:
            with suppress(OSError):
                connection.close()
    assert server.request("GET", "/events").json()[0]["title"] == "Launch night"


def test_an_incomplete_body_returns_a_client_error(editor: Client, server: Server) -> None:
    address = urlsplit(server.url)
    for sent in (b"title=x", b""):
        with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
            connection.sendall(
                b"POST /staff/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\nConnection: close\r\n"
                b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" + sent
            )
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(20).startswith(b"HTTP/1.1 4")
    assert client_of(make_staff("ada")).get("/staff/").status_code == 200
