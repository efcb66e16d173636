"""The secret keys from the Parameter Store: here from a server that answers as AWS documents."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from unittest.mock import patch

import pytest
from django.core.exceptions import ImproperlyConfigured

from eventsite.engine.process import free_port
from eventsite.secret_key import read_secret_keys

NAME = "/events/test/secret-key"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "PATH": os.environ["PATH"]}


@contextmanager
def parameter_store(*answers: tuple[int, str]) -> Iterator[tuple[str, list[tuple[dict[str, str], Any]]]]:
    """A server that gives these answers, the last one again and again; its address, and what it was asked."""
    asked: list[tuple[dict[str, str], Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((dict(self.headers), json.loads(body)))
            status, text = answers[min(len(asked), len(answers)) - 1]
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is the base class's
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def value(text: str) -> tuple[int, str]:
    return 200, json.dumps({"Parameter": {"Name": NAME, "Type": "SecureString", "Value": text}})


@pytest.fixture(autouse=True)
def credentials() -> Iterator[None]:
    with patch.dict(os.environ, CREDENTIALS, clear=True):
        yield


@pytest.mark.parametrize(("stored", "keys"), [("one", ["one"]), ("new,old, older\n", ["new", "old", "older"])])
def test_the_newest_key_comes_first(stored: str, keys: list[str]) -> None:
    with parameter_store(value(stored)) as (url, asked):
        assert read_secret_keys(NAME, "eu-west-1", url) == keys
    [(headers, body)] = asked
    assert body == {"Name": NAME, "WithDecryption": True}
    assert headers["X-Amz-Target"] == "AmazonSSM.GetParameter"
    assert "/eu-west-1/ssm/aws4_request" in headers["Authorization"]


def test_a_hiccup_is_tried_again() -> None:
    with parameter_store((500, "{}"), (503, "{}"), value("key")) as (url, asked):
        assert read_secret_keys(NAME, "eu-west-1", url) == ["key"]
    assert len(asked) == 3


@pytest.mark.parametrize(
    "answer", [(400, '{"__type": "ThrottlingException", "message": "Rate exceeded"}'), (429, "{}")]
)
def test_functions_that_start_at_once_wait_for_each_other(answer: tuple[int, str]) -> None:
    with parameter_store(answer, value("key")) as (url, asked):
        assert read_secret_keys(NAME, "eu-west-1", url) == ["key"]
    assert len(asked) == 2


def test_a_refusal_is_not_tried_again() -> None:
    with parameter_store((400, '{"__type": "AccessDeniedException"}')) as (url, asked):
        with pytest.raises(ImproperlyConfigured):
            read_secret_keys(NAME, "eu-west-1", url)
        assert len(asked) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((400, '{"__type": "com.amazonaws.ssm#ParameterNotFound", "message": "none"}'), "400 ParameterNotFound none."),
        ((400, '{"__type": "AccessDeniedException", "Message": "no"}'), "400 AccessDeniedException no."),
        ((500, "{}"), "500, in no known form."),
        ((400, "[]"), "400, in no known form."),
        ((200, "{}"), "200, in no known form."),
        ((200, "no JSON"), "invalid literal"),
    ],
)
def test_what_is_wrong_is_said(answer: tuple[int, str], said: str) -> None:
    with (
        parameter_store(answer) as (url, _),
        pytest.raises(ImproperlyConfigured, match=f"^The secret key {NAME} could not be read: {said}"),
    ):
        read_secret_keys(NAME, "eu-west-1", url)


def test_an_empty_parameter_holds_no_key() -> None:
    with parameter_store(value(" , ")) as (url, _), pytest.raises(ImproperlyConfigured, match="holds no secret key"):
        read_secret_keys(NAME, "eu-west-1", url)


def test_nobody_answers() -> None:
    with pytest.raises(ImproperlyConfigured, match="could not be read: Could not connect"):
        read_secret_keys(NAME, "eu-west-1", f"http://127.0.0.1:{free_port()}")


def test_without_credentials_nothing_is_asked() -> None:
    nothing: Callable[[Any], None] = lambda session: None  # noqa: E731
    with (
        patch("eventsite.secret_key.Session.get_credentials", nothing),
        pytest.raises(ImproperlyConfigured, match="no AWS credentials"),
    ):
        read_secret_keys(NAME, "eu-west-1")
