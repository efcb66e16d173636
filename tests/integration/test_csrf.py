"""The CSRF token in the forms of a page."""

from __future__ import annotations

import re

from django.conf import settings
from django.test import Client

from tests.support.builders import make_staff
from tests.support.clients import client_of

THEME = "/staff/theme/"


def tokens(client: Client) -> set[str]:
    found = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get("/staff/").content.decode())
    assert len(found) > 1
    return set(found)


def test_the_forms_of_a_page_share_a_mask_and_other_pages_have_another() -> None:
    client = client_of(make_staff("vera", "viewer"))
    client.handler.enforce_csrf_checks = True
    [first], [second] = tokens(client), tokens(client)
    assert first != second
    assert client.cookies[settings.CSRF_COOKIE_NAME].value not in (first, second)
    for token, status in ((first, 302), (second, 302), ("x" * 64, 403), ("", 403)):
        assert client.post(THEME, {"csrfmiddlewaretoken": token}).status_code == status
