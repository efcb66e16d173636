"""From where a change was made: only admins see it, on any page, in any file and in any response of the API."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from events import batches, services
from events.domain import Actor
from events.tasks import Task
from eventsite.accounts import keys, people
from eventsite.accounts.domain import Role, Scope
from tests.support.builders import make_feed, make_fields, make_staff
from tests.support.clients import client_of
from tests.support.staff_pages import PAGES

ADDRESS = "198.51.100.23"
EVA = Actor("eva", ADDRESS)


@pytest.fixture
def paths(settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every address of a site on which everything was done from one network address. "x" is an event and a person."""
    monkeypatch.setattr("events.storage.changes.seconds_to_wait", lambda: 0)
    make_staff("eva", "admin")
    make_staff("x", "viewer")
    people.change_role("x", Role.EDITOR, EVA)
    created = services.create_event(make_fields(eventId="x"), EVA)
    services.update_event("x", {"title": "Changed", "description": "Long. " * 100}, EVA)
    services.create_event(make_fields(eventId="gone"), EVA)
    services.delete_event("gone", EVA)
    services.create_event(make_fields(eventId="many"), EVA)
    task = Task("update", "many", "T", services.get_event("many").revision, {"status": "done"})
    batch = batches.run(batches.prepare("status", [task], EVA, "done").id, EVA)
    _, token = keys.create_key("shop", Scope.READ, EVA)
    keys.check_token(token, ADDRESS)
    return [
        *(path for path, _ in PAGES.values() if "logout" not in path),
        *("/staff/event/gone/", "/staff/event/many/", f"/staff/batches/{batch.id}/", "/staff/activity/?person=eva"),
        f"/staff/event/x/change/{quote(created.updated_at)}/",
        *(f"/staff/export/?ended=on&format={kind}" for kind in ("csv", "xlsx")),
        *("/events", "/events/x", "/events/x/history", "/events/gone/history", "/changes", "/docs", "/openapi.json"),
        make_feed(people.get_staff("eva")),
    ]


def contents(client: Client, paths: list[str]) -> Iterator[tuple[str, str]]:
    """What is sent for each address: the headers and the content, unpacked."""
    for path in paths:
        response: Any = client.get(path)
        content = b"".join(response.streaming_content) if response.streaming else response.content
        if content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                content = b"".join(map(archive.read, archive.namelist()))
        response.close()
        yield path, f"{response.headers}{content.decode(errors='replace')}"


@pytest.mark.parametrize("role", ["nobody", "viewer", "editor"])
def test_others_see_no_network_address(paths: list[str], role: str) -> None:
    client = Client(headers={"Accept": "text/html"}) if role == "nobody" else client_of(make_staff("vera", role))
    assert [path for path, content in contents(client, paths) if ADDRESS in content] == []


def test_an_editor_who_comes_second_sees_none(paths: list[str]) -> None:
    """The page shows both versions, and who made the other one."""
    editor = client_of(make_staff("vera", "editor"))
    form = {**make_fields(eventId="x", title="Mine"), "revision": "an earlier one"}
    page = editor.post("/staff/event/x/edit/", form)
    assert page.status_code in (200, 409)
    assert "eva" in page.content.decode()
    assert ADDRESS not in page.content.decode()


def test_admins_see_it(paths: list[str]) -> None:
    """So the other tests would notice it."""
    seen = {path for path, content in contents(client_of(people.get_staff("eva")), paths) if ADDRESS in content}
    assert {"/staff/event/x/", "/staff/event/gone/", "/staff/keys/"} < seen
    assert any("/change/" in path for path in seen)
    assert not any(path.startswith(("/events", "/changes", "/staff/export/", "/staff/feed/")) for path in seen)
