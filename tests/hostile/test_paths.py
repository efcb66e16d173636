"""Addresses in unusual spellings: each event has exactly one, and files outside the site have none."""

from __future__ import annotations

import json
from itertools import product

import pytest
from django.test import Client
from rest_framework.test import APIClient

from events import cursors, services
from events.storage.models import EventItem
from tests.support.api_calls import send
from tests.support.builders import ACTOR, make_fields
from tests.support.hostile_texts import mostly_at_length
from tests.support.http_server import Server
from tests.support.tables import read_table

IDS = ("a", "%FF", "%2e%2e", "a%2Fb", "caf\u00e9", "\ufffd", "a.", "A")


@pytest.fixture
def events() -> None:
    for event_id in IDS:
        services.create_event(make_fields(eventId=event_id, title=event_id), ACTOR)


@pytest.mark.parametrize(
    "written",
    [
        *(
            "%00",
            "a%00",
            "%00a",
            "a%0A",
            "a%0D%0A",
            "a%09",
            "a%20",
            "%20a",
            "a+",
            "a..",
            "a;x=1",
            "a%3Fb",
            "a%23",
            "%61%2e%2e",
        ),
        *(
            "%2e",
            "%2e%2e",
            ".",
            "..",
            "%252e%252e",
            "%2E%2E%2Fa",
            "..%2fa",
            "..%5ca",
            "a%5c",
            "\\a",
            "%c0%ae%c0%ae",
            "%c0%af",
        ),
        *(
            "cafe%CC%81",
            "%EF%BC%A1",
            "%E2%80%8Ba",
            "a%E2%80%8B",
            "%F0%9D%90%9A",
            "%u0061",
            "&#97;",
            "%ED%A0%80%ED%B0%80",
        ),
    ],
)
def test_other_spellings_of_an_id_return_404(events: None, api: APIClient, written: str) -> None:
    """The site does not trim, fold, normalize or decode an ID a second time."""
    found = send(api, "GET", f"/events/{written}")
    if found.status_code == 200:
        assert written == "%252e%252e"
        assert json.loads(found.content)["eventId"] == "%2e%2e"
    else:
        assert found.status_code == 404
    page = Client().get(f"/staff/event/{written}/", headers={"Accept": "text/html"})
    assert page.status_code in (301, 302, 404)


@pytest.mark.parametrize(
    "written", ["a/", "/a", "a/b", "a%2Fb", "a%2F", "%2Fa", "a//", "./a", "x/../a", "a/.", "a/edit"]
)
def test_ids_with_a_slash_return_404(events: None, api: APIClient, written: str) -> None:
    before = read_table(EventItem)
    for method in ("GET", "PUT", "DELETE", "POST"):
        assert send(api, method, f"/events/{written}", {"title": "x"}).status_code == 404
    assert read_table(EventItem) == before


@pytest.mark.parametrize("written", ["%FF", "caf%E9", "%ED%A0%80", "%C3", "a%80"])
def test_paths_that_are_not_utf_8_return_404(events: None, server: Server, written: str) -> None:
    """Otherwise "%FF" and "%25FF" would be two addresses of one event."""
    before = read_table(EventItem)
    for method in ("GET", "PUT", "DELETE"):
        answer = server.request(method, f"/events/{written}", json={"title": "x"})
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/json")
    for address in (
        f"/{written}",
        f"/events{written}",
        f"/staff/event/{written}/",
        f"/staff/feed/{written}.ics",
        f"/static/{written}",
    ):
        answer = server.request("GET", address, headers={"Accept": "text/html"})
        assert (answer.status_code, answer.headers["Content-Type"][:9]) in ((404, "text/html"), (404, "applicati")), (
            address
        )
    assert read_table(EventItem) == before


OUTSIDE = ("manage.py", "eventsite/settings.py", "zappa_settings.json", ".git/config", "etc/passwd")
UPWARDS = ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "....//", "..;/", "%c0%ae%c0%ae/", "..%00/", "/", "%2f")


@pytest.mark.parametrize("upwards", mostly_at_length(UPWARDS, 4))
def test_files_outside_the_site_are_not_served(server: Server, upwards: str) -> None:
    for file, depth, start in product(OUTSIDE, (1, 3), ("/static/", "/static/site/", "/")):
        answer = server.request("GET", f"{start}{upwards * depth}{file}", allow_redirects=False)
        assert answer.status_code in (400, 404), answer.url
        assert b"SECRET" not in answer.content
        assert b"root:" not in answer.content


NUMBERS = (
    "0",
    "-1",
    "1001",
    "99999999999999999999",
    "1e3",
    "0x10",
    "1.0",
    " 1",
    "\u0661",
    "1;2",
    "",
    "null",
    "NaN",
    "1" * 5000,
)


def test_invalid_limits_return_422(api: APIClient) -> None:
    for limit in NUMBERS:
        answer = api.get("/events", {"limit": limit})
        assert answer.status_code == 422, limit
        assert json.loads(answer.content)["detail"] == "limit must be a whole number from 1 to 1,000."


def tampered() -> list[str]:
    good = cursors.encode("2026-12-01#a")
    return [
        "",
        good[:-1],
        good + "=",
        good + "A",
        good.swapcase(),
        f" {good}",
        f"{good}%00",
        "A" * 50_000,
        "!" * 10,
        "\u00e9",
        *(
            cursors.encode(text)
            for text in ("", "#", "a#b", "2026-12-01", "2026-12-01#", "2026-02-30#a", "0#a", "2026-12-01#a/b")
        ),
        *(
            cursors.encode(text)
            for text in ("2026-12-01#\0", "2026-12-01#" + "x" * 513, "9999-99-99#\uffff", "../../etc#a")
        ),
        "MjAyNi0xMi0wMSNhYQ\n",
        "eyJldmVudElkIjp7IlMiOiJhIn19",  # a key as DynamoDB encodes it
    ]


@pytest.mark.parametrize("number", mostly_at_length(range(len(tampered())), 5))
def test_invalid_cursors_return_422_or_show_the_first_page(
    events: None, api: APIClient, editor: Client, number: int
) -> None:
    cursor = tampered()[number]
    answer = api.get("/events", {"cursor": cursor, "limit": 2})
    assert answer.status_code == 422
    assert json.loads(answer.content)["errors"] == [
        {"field": "cursor", "message": "must be a cursor from a page of this list", "code": "invalid_cursor"}
    ]
    first = editor.get("/staff/events/", {"ended": "on"}).content.count(b'<td class="title"')
    for page in ("/staff/events/?ended=on&", "/staff/activity/?", "/staff/event/a/?"):
        for name in ("after", "before", "cursor", "page", "limit"):
            response = editor.get(page, {"ended": "on", name: cursor})
            assert response.status_code == 200
            if "events" in page:
                assert response.content.count(b'<td class="title"') == first


@pytest.mark.parametrize("page", ["0", "-1", "999999999999999999999", "1e9", "x", ""])
def test_page_numbers_are_ignored(events: None, editor: Client, page: str) -> None:
    for address in ("/staff/events/", "/staff/activity/", "/staff/calendar/", "/staff/people/"):
        query = {"page": page, "limit": page, "offset": page, "month": f"{page}-{page}"}
        assert editor.get(address, query).status_code in (200, 403)
