"""Each response says what it is, and folders are not listed."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
from django.test import Client

from tests.support.builders import make_staff, store
from tests.support.clients import client_of
from tests.support.staff_pages import PAGES

API = ("/events", "/events/launch", "/events/absent", "/changes", "/healthz", "/openapi.json")
ELSEWHERE = ("/docs", "/nothing", "/static/site/site.css", "/static/site/site.js", "/static/site/icon.svg")


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_every_response_with_a_body_has_its_type_and_charset(accept: str) -> None:
    """JSON and SVG are in UTF-8 by their own standards."""
    store()
    client = client_of(make_staff("ada", "admin"))
    client.raise_request_exception = False
    without_charset = set()
    for address in (*API, *ELSEWHERE, *(address for address, _ in PAGES.values())):
        with closing(client.get(address, headers={"Accept": accept})) as response:
            content, kind = response.getvalue(), response.get("Content-Type", "")
        if not content:
            continue
        if kind == "application/json":
            json.loads(content)
        elif 'charset="utf-8"' not in kind and "charset=utf-8" not in kind:
            without_charset.add(kind)
    assert without_charset == {"image/svg+xml"}


@pytest.mark.parametrize("path", ["/static/", "/static/site/", "/static/site", "/staff/feed/", "/templates/"])
def test_folders_are_not_listed(path: str) -> None:
    response = client_of(make_staff("ada", "admin")).get(path)
    assert response.status_code == 404
    assert b"site.js" not in response.content.replace(b"/static/site/site.js", b"")
    assert Client().get(path).status_code == 404
