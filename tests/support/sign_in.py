"""Signs in with the form, and reads the stored sessions and lockouts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django.http import HttpResponse
from django.test import Client

from events.storage.connection import connection
from events.storage.models import AccessItem
from tests.support.builders import PASSWORD
from tests.support.tables import read_table

LOGIN = "/staff/login/"
ACCOUNT = "/staff/account/"


def browser(address: str = "192.0.2.1") -> Client:
    return Client(headers={"Accept": "text/html"}, REMOTE_ADDR=address)


def sign_in(client: Client, username: str = "anna", password: str = PASSWORD, next_page: str = "") -> HttpResponse:
    form = {"username": username, "password": password, "next": next_page}
    return cast(HttpResponse, client.post(LOGIN, form))


def is_in(client: Client) -> bool:
    return client.get(ACCOUNT).status_code == 200


def rows(kind: str) -> list[dict[str, Any]]:
    return [row for row in read_table(AccessItem) if row["key"]["S"].startswith(f"{kind}#")]


def move_end(kind: str, end: timedelta) -> None:
    """Sets the expiry of all rows of a kind, relative to now."""
    for row in rows(kind):
        actions = [AccessItem.expiresAt.set(datetime.now(UTC) + end)]
        connection().update_item(AccessItem.Meta.table_name, row["key"]["S"], actions=actions)
