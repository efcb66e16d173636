"""Secret keys from the Parameter Store, from a server with the responses that AWS documents."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from eventsite.engine.process import free_port
from eventsite.parameter_store import ParameterStore, read_secret_keys
from tests.support.fake_service import answering

NAME = "/events/test/secret-key"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "PATH": os.environ["PATH"]}


@contextmanager
def parameter_store(*answers: tuple[int, str]) -> Iterator[tuple[str, list[tuple[dict[str, str], Any]]]]:
    """A server with these responses; it repeats the last. Yields its URL and the requests that it receives."""
    with answering(*((status, text, {}) for status, text in answers)) as (url, asked):
        yield url, asked


def value(text: str) -> tuple[int, str]:
    return 200, json.dumps({"Parameter": {"Name": NAME, "Type": "SecureString", "Value": text}})


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ParameterStore, "pauses", (0.01,) * len(ParameterStore.pauses))


@pytest.fixture(autouse=True)
def credentials() -> Iterator[None]:
    with patch.dict(os.environ, CREDENTIALS, clear=True):
        yield


@pytest.mark.parametrize(("stored", "keys"), [("one", ["one"]), ("new,old, older\n", ["new", "old", "older"])])
def test_the_newest_key_comes_first(stored: str, keys: list[str]) -> None:
    with parameter_store(value(stored)) as (url, asked):
        assert read_secret_keys(NAME, "eu-west-1", url) == keys
    [(headers, body)] = asked
    assert json.loads(body) == {"Name": NAME, "WithDecryption": True}
    assert headers["X-Amz-Target"] == "AmazonSSM.GetParameter"
    assert "/eu-west-1/ssm/aws4_request" in headers["Authorization"]


def test_a_server_error_is_retried() -> None:
    with parameter_store((500, "{}"), (503, "{}"), value("key")) as (url, asked):
        assert read_secret_keys(NAME, "eu-west-1", url) == ["key"]
    assert len(asked) == 3


@pytest.mark.parametrize(
    "answer", [(400, '{"__type": "ThrottlingException", "message": "Rate exceeded"}'), (429, "{}")]
)
def test_throttling_is_retried(answer: tuple[int, str]) -> None:
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
        ((400, '{"__type": "com.amazonaws.ssm#ParameterNotFound", "message": "none"}'), "ParameterNotFound none."),
        ((400, '{"__type": "AccessDeniedException", "Message": "no"}'), "AccessDeniedException no."),
        ((500, "{}"), "500."),
        ((400, "[]"), "ssm did not respond: 400, not a JSON object"),
        ((200, "{}"), "the response has an unknown form."),
        ((200, '{"Parameter": {"Value": 1}}'), "the response has an unknown form."),
        ((200, "no JSON"), "ssm did not respond: 200, not JSON: "),
    ],
)
def test_error_messages_say_what_is_wrong(answer: tuple[int, str], said: str) -> None:
    with (
        parameter_store(answer) as (url, _),
        pytest.raises(ImproperlyConfigured, match=f"^The secret key {NAME} could not be read: {said}"),
    ):
        read_secret_keys(NAME, "eu-west-1", url)


def test_an_empty_parameter_is_an_error() -> None:
    with parameter_store(value(" , ")) as (url, _), pytest.raises(ImproperlyConfigured, match="contains no secret key"):
        read_secret_keys(NAME, "eu-west-1", url)


def test_an_unreachable_server_is_an_error() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"could not be read: ssm did not respond: .*refused"):
        read_secret_keys(NAME, "eu-west-1", f"http://127.0.0.1:{free_port()}")


def test_missing_credentials_are_an_error() -> None:
    nothing: Callable[[Any], None] = lambda session: None  # noqa: E731
    with (
        patch.dict(os.environ, {"PATH": os.environ["PATH"]}, clear=True),
        patch("eventsite.aws_calls.Session.get_credentials", nothing),
        pytest.raises(ImproperlyConfigured, match="could not be read: Unable to locate credentials"),
    ):
        read_secret_keys(NAME, "eu-west-1")


def run(arguments: list[str], url: str) -> str:
    environment = {**os.environ, "EVENTS_STAGE": "dev", "AWS_ENDPOINT_URL": url}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_site_reads_them_at_start() -> None:
    show = "import eventsite.wsgi as site; print(site.settings.SECRET_KEY, site.settings.SECRET_KEY_FALLBACKS)"
    with parameter_store(value("new,old")) as (url, asked):
        assert run(["-c", show], url) == "new ['old']\n"
    assert len(asked) == 1


@pytest.mark.parametrize("command", [["check"], ["stack", "synth", "dev"]])
def test_commands_do_not_read_them(command: list[str]) -> None:
    with parameter_store(value("key")) as (url, asked):
        run(["manage.py", *command], url)
    assert asked == []
