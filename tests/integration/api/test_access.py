"""What the Authorization header must be: one API key with the scheme Bearer, on every access setting."""

from __future__ import annotations

import json
from http.client import HTTPConnection

import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from events.storage.models import EventItem
from eventsite.accounts import keys
from eventsite.accounts.domain import Scope
from tests.support.api_calls import LAUNCH, assert_error, create, send
from tests.support.builders import ACTOR
from tests.support.http_server import Server
from tests.support.tables import read_table

REFUSED = "The Authorization header must be one API key: 'Authorization: Bearer <key>'."


@pytest.fixture
def token() -> str:
    return keys.create_key("importer", Scope.WRITE, ACTOR)[1]


@pytest.mark.parametrize("access", ["open", "read-open", "keyed"])
@pytest.mark.parametrize(
    "form",
    [
        "",
        " ",
        "{}",
        "Token {}",
        "Basic {}",
        "Bearer: {}",
        "Bearer\t{}",
        " Bearer {}",
        "Bearer {0},Bearer {0}",
        "Bearer {0}, {0}",
        "Basic eDp5, Bearer {}",
    ],
)
def test_other_credentials_are_refused(
    api: APIClient, token: str, access: str, form: str, caplog: pytest.LogCaptureFixture
) -> None:
    create(api)
    before = read_table(EventItem)
    sent = form.format(token)
    with override_settings(EVENTS_API_ACCESS=access):
        calls = [("GET", "/events"), ("HEAD", "/events"), ("GET", "/events/launch"), ("GET", "/events/absent")]
        for method, path in [*calls, ("POST", "/events"), ("PUT", "/events/launch"), ("DELETE", "/events/launch")]:
            response = send(api, method, path, {**LAUNCH, "eventId": "new"}, Authorization=sent)
            assert response.status_code == 401
            assert response["WWW-Authenticate"] == "Bearer"
            if method != "HEAD":
                assert_error(response, 401, REFUSED, code="credentials_invalid")
            assert token.split("_")[2] not in f"{response.serialize()!r}{caplog.text}"
    assert read_table(EventItem) == before


def test_a_repeated_header_is_refused_by_a_real_server(server: Server, token: str) -> None:
    connection = HTTPConnection(server.url.removeprefix("http://"))
    connection.putrequest("GET", "/events")
    for _ in range(2):
        connection.putheader("Authorization", f"Bearer {token}")
    connection.endheaders()
    response = connection.getresponse()
    assert (response.status, json.load(response)["code"]) == (401, "credentials_invalid")
    connection.close()


def test_the_key_itself_works(api: APIClient, token: str) -> None:
    with override_settings(EVENTS_API_ACCESS="keyed"):
        assert send(api, "GET", "/events", Authorization=f"Bearer {token}").status_code == 200


def test_pages_and_the_health_check_ignore_the_header(api: APIClient) -> None:
    """A proxy in front of the site may ask for a password of its own."""
    for path in ("/healthz", "/docs", "/openapi.json", "/staff/login/"):
        assert send(api, "GET", path, Authorization="Basic eDp5").status_code == 200
