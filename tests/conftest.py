"""A real DynamoDB Local in memory, started with the first test that needs it and emptied after each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from rest_framework.test import APIClient

from events.storage.connection import DynamoDB
from events.storage.tables import create_tables
from eventsite.engine.process import Engine, free_port
from tests.support.builders import make_staff
from tests.support.clients import client_of
from tests.support.fault_proxy import FaultProxy
from tests.support.http_server import Server, running_server
from tests.support.tables import empty_tables


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the measurements of stress tests: `record_property("writes acknowledged", 1234)`."""
    if terminalreporter.config.option.markexpr != "stress":
        return
    measured = {
        report.nodeid: report.user_properties
        for report in terminalreporter.getreports("passed")
        if report.when == "call" and report.user_properties
    }
    if measured:
        terminalreporter.section("measured")
    for test, figures in sorted(measured.items()):
        terminalreporter.line(f"{test}: " + ", ".join(f"{name} {value}" for name, value in figures))


@pytest.fixture(scope="session", autouse=True)
def test_settings() -> None:
    django_settings.DYNAMODB_EMBEDDED = False  # as on AWS; tests of the embedded engine set it to True
    django_settings.DYNAMODB_LOCAL_CREDENTIALS = True
    django_settings.EVENTS_API_ACCESS = "open"
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast
    plain_names = "django.contrib.staticfiles.storage.StaticFilesStorage"  # collectstatic did not run
    django_settings.STORAGES = {"staticfiles": {"BACKEND": plain_names}}


@pytest.fixture(scope="session")
def engine(test_settings: None) -> Iterator[Engine]:
    directory, home = django_settings.DYNAMODB_LOCAL_DIRECTORY, django_settings.DYNAMODB_LOCAL_HOME
    with Engine(directory, free_port(), data=None, home=home) as engine:
        django_settings.DYNAMODB_ENDPOINT_URL = engine.url
        create_tables()
        yield engine


@pytest.fixture(autouse=True)
def database(engine: Engine) -> Iterator[None]:
    """Empty tables for every test; tests/unit replaces this fixture and starts no engine."""
    yield
    django_settings.DYNAMODB_ENDPOINT_URL = engine.url
    empty_tables()


@pytest.fixture
def faults(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """A proxy between the site and the engine. It can be told to break calls; their retries follow at once."""
    monkeypatch.setattr(DynamoDB, "pauses", (0.01,) * len(DynamoDB.pauses))
    with FaultProxy(engine.port) as proxy:
        django_settings.DYNAMODB_ENDPOINT_URL = proxy.url
        yield proxy
        django_settings.DYNAMODB_ENDPOINT_URL = engine.url


@pytest.fixture(scope="session")
def server(engine: Engine) -> Iterator[Server]:
    django_settings.ALLOWED_HOSTS.append("127.0.0.1")
    with running_server() as server:
        yield server


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that the site hashes during the test, in order."""
    passwords: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        passwords.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    return passwords


@pytest.fixture
def viewer() -> Client:
    return client_of(make_staff("vera", "viewer"))


@pytest.fixture
def editor() -> Client:
    return client_of(make_staff("edith", "editor"))


@pytest.fixture
def admin() -> Client:
    return client_of(make_staff("ada", "admin"))


@pytest.fixture
def api() -> APIClient:
    return APIClient()
