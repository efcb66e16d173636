"""Pages of other origins in a browser: with open access, all may read, and only listed ones may write."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from events import services
from events.storage.models import EventItem
from eventsite.accounts import keys
from eventsite.accounts.domain import Scope
from tests.support.api_calls import LAUNCH, assert_error, send
from tests.support.builders import ACTOR, make_fields
from tests.support.http_server import Server
from tests.support.tables import read_table

REFUSED = "Pages from other origins may only read. The setting EVENTS_CORS_ORIGINS lists those that may also write."
ELSEWHERE = {
    "another site": {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    "an older browser": {"Origin": "https://evil.example"},
    "another port": {"Origin": "http://testserver:8080", "Sec-Fetch-Site": "same-site"},
    "another port, an older browser": {"Origin": "http://testserver:8080"},
    "a frame or a file": {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    "a frame or a file, an older browser": {"Origin": "null"},
    "no origin": {"Sec-Fetch-Site": "cross-site"},
    "another subdomain": {"Sec-Fetch-Site": "same-site"},
    "a name that begins alike": {"Origin": "http://testserver.evil.example"},
    "a name that ends alike": {"Origin": "http://eviltestserver"},
    "no URL": {"Origin": "http://[testserver"},
    "an origin that begins as a listed one": {"Origin": "https://app.example.evil.example"},
}
SAME = {
    "the docs page": {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"},
    "an older browser": {"Origin": "http://testserver"},
    "behind a proxy that ends TLS": {"Origin": "https://testserver", "Sec-Fetch-Site": "same-origin"},
    "a program": {},
    "somebody": {"Sec-Fetch-Site": "none"},
    "a listed origin": {"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"},
    "another listed origin": {"Origin": "http://localhost:3000"},
}


@pytest.fixture(autouse=True)
def launch(settings: Any) -> None:
    settings.EVENTS_CORS_ORIGINS = ["https://app.example", "http://localhost:3000"]
    services.create_event(make_fields(), ACTOR)


def writes(api: APIClient, headers: dict[str, str]) -> list[Any]:
    """Sends each kind of write, and a create as text/plain, which needs no preflight."""
    body = json.dumps({**LAUNCH, "eventId": "simple"})
    return [
        send(api, "POST", "/events", {**LAUNCH, "eventId": "new"}, **headers),
        api.generic("POST", "/events", body, content_type="text/plain", headers=headers),
        send(api, "PUT", "/events/launch", {"title": "Changed"}, **headers),
        send(api, "DELETE", "/events/launch", **headers),
    ]


@pytest.mark.parametrize("page", ELSEWHERE)
def test_open_access_lets_other_origins_only_read(api: APIClient, page: str) -> None:
    before = read_table(EventItem)
    for response in writes(api, ELSEWHERE[page]):
        assert_error(response, 403, REFUSED, code="origin_refused")
    assert read_table(EventItem) == before
    for path in ("/events", "/events/launch"):
        for method in ("GET", "HEAD"):
            response = send(api, method, path, **ELSEWHERE[page])
            assert response.status_code == 200
            assert response.get("Access-Control-Allow-Origin", "*") == "*"


@pytest.mark.parametrize("page", SAME)
def test_open_access_lets_own_pages_programs_and_listed_origins_write(api: APIClient, page: str) -> None:
    assert [response.status_code for response in writes(api, SAME[page])] == [201, 201, 200, 204]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("origin", "status"), [("https://evil.example", 403), ("null", 403), ("https://app.example", 200)]
)
def test_a_preflight_for_a_write_allows_only_listed_origins(
    api: APIClient, method: str, origin: str, status: int
) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type",
    }
    for path in ("/events", "/events/launch"):
        response = send(api, "OPTIONS", path, **asked)
        assert response.status_code == status
        assert response.has_header("Access-Control-Allow-Origin") == (status == 200)
        assert response.has_header("Access-Control-Allow-Methods") == (status == 200)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_preflight_for_a_read_allows_every_origin(api: APIClient, method: str) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": method}
    response = send(api, "OPTIONS", "/events", **asked)
    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (200, "*")


@pytest.mark.parametrize("access", ["read-open", "keyed"])
@pytest.mark.parametrize("page", ELSEWHERE)
def test_a_required_key_replaces_the_origin_check(api: APIClient, access: str, page: str, settings: Any) -> None:
    settings.EVENTS_API_ACCESS = access
    before = read_table(EventItem)
    assert {response.status_code for response in writes(api, ELSEWHERE[page])} == {401}
    assert read_table(EventItem) == before
    _, token = keys.create_key("shop", Scope.WRITE, ACTOR)
    keyed = {**ELSEWHERE[page], "Authorization": f"Bearer {token}"}
    assert [response.status_code for response in writes(api, keyed)] == [201, 201, 200, 204]
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"}
    assert send(api, "OPTIONS", "/events/launch", **asked)["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "0.0.0.0", "192.0.2.1"]
)
def test_dns_rebinding_returns_400(server: Server, host: str, settings: Any) -> None:
    """With DNS rebinding, a hostile page has the same origin as the site. Only its Host header differs."""
    settings.DEBUG, settings.ALLOWED_HOSTS = True, []
    headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    for method, path in (("GET", "/events"), ("POST", "/events"), ("DELETE", "/events/launch")):
        response = server.request(method, path, json={**LAUNCH, "eventId": "new"}, headers=headers)
        assert response.status_code == 400
        assert "launch" not in response.text
    assert len(read_table(EventItem)) == 1
