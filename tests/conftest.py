"""A real DynamoDB Local in memory for the whole run, emptied after each test; the API through DRF's client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any

import pytest
import requests
from django.conf import settings as django_settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.servers.basehttp import WSGIRequestHandler
from django.test import Client
from pynamodb.models import Model
from rest_framework.test import APIClient

from events.storage.connection import connection
from events.storage.events import installation_id
from events.storage.lists import forget_statuses
from events.storage.models import TABLES, table_schema
from events.storage.tables import create_tables
from eventsite.accounts.models import Staff
from eventsite.engine.process import Engine, free_port
from eventsite.management.commands.runserver import PromptServer
from eventsite.wsgi import application
from tests.support.builders import make_staff
from tests.support.fault_proxy import FaultProxy


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what the long forms of tests measured: `record_property("writes acknowledged", 1234)`."""
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
def engine() -> Iterator[Engine]:
    directory, home = django_settings.DYNAMODB_LOCAL_DIRECTORY, django_settings.DYNAMODB_LOCAL_HOME
    with Engine(directory, free_port(), data=None, home=home) as engine:
        django_settings.DYNAMODB_ENDPOINT_URL = engine.url
        django_settings.DYNAMODB_EMBEDDED = False  # as on AWS; the tests of the embedded engine turn it on
        django_settings.DYNAMODB_LOCAL_CREDENTIALS = True
        django_settings.EVENTS_API_ACCESS = "open"
        django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick
        plain_names = "django.contrib.staticfiles.storage.StaticFilesStorage"  # nothing was collected
        django_settings.STORAGES = {"staticfiles": {"BACKEND": plain_names}}
        create_tables()
        yield engine


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were hashed since, each as often as it was."""
    passwords: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        passwords.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    return passwords


@pytest.fixture(autouse=True)
def emptied_tables(engine: Engine) -> Iterator[None]:
    yield
    django_settings.DYNAMODB_ENDPOINT_URL = engine.url
    empty_tables()


def empty_tables() -> None:
    forget_statuses()
    installation_id.cache_clear()
    for table in TABLES:
        keys = read_table(table, [key["AttributeName"] for key in table_schema(table)["key_schema"]])
        for start in range(0, len(keys), 25):
            connection().batch_write_item(table.Meta.table_name, delete_items=keys[start : start + 25])


def read_table(table: type[Model], attributes: list[str] | None = None) -> list[dict[str, Any]]:
    """Every item of a table, as DynamoDB has it."""
    items: list[dict[str, Any]] = []
    position = None
    while True:
        answer = connection().scan(
            table.Meta.table_name, attributes_to_get=attributes, exclusive_start_key=position, consistent_read=True
        )
        items += answer["Items"]
        position = answer.get("LastEvaluatedKey")
        if not position:
            return items


def client_of(staff: Staff) -> Client:
    """A browser in which someone is signed in."""
    client = Client(headers={"Accept": "text/html"})
    client.force_login(staff)
    return client


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


@dataclass
class Server:
    """The site behind a real socket."""

    url: str

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        return requests.request(method, self.url + path, timeout=60, **options)


class ThreadedServer(ThreadingMixIn, PromptServer):
    daemon_threads = True


class QuietRequestHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is the base class's
        pass


@pytest.fixture(scope="session")
def server(engine: Engine) -> Iterator[Server]:
    django_settings.ALLOWED_HOSTS.append("127.0.0.1")
    site = ThreadedServer(("127.0.0.1", 0), QuietRequestHandler)
    site.set_app(application)
    thread = Thread(target=site.serve_forever, daemon=True)
    thread.start()
    yield Server(f"http://127.0.0.1:{site.server_port}")
    site.shutdown()
    site.server_close()
    thread.join()


@pytest.fixture
def faults(engine: Engine) -> Iterator[FaultProxy]:
    """The site's way to the engine leads through this proxy, which can be told to break it."""
    with FaultProxy(engine.port) as proxy:
        django_settings.DYNAMODB_ENDPOINT_URL = proxy.url
        yield proxy
        django_settings.DYNAMODB_ENDPOINT_URL = engine.url
