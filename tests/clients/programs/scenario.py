"""What every Python client does, whichever program has generated it. Needs EVENTS_URL and EVENTS_KEY."""

from __future__ import annotations

import os
from typing import Any, NamedTuple, Protocol

URL, KEY = os.environ["EVENTS_URL"], os.environ["EVENTS_KEY"]
ODD_ID = "a bü?#"
CAPACITIES = (3_000_000_000, 10**15, 2)


class Result(NamedTuple):
    """`body`: the content of the response as JSON, None if there is none, or an error."""

    status: int
    body: Any
    headers: Any


class Client(Protocol):
    """Filters are written as the API writes them; `**{"from": "2026-12-01"}`."""

    def create(self, event: dict[str, Any]) -> Result: ...
    def read(self, event_id: str) -> Result: ...
    def list(self, **filters: Any) -> Result: ...
    def update(self, event_id: str, changes: dict[str, Any], tag: str) -> Result: ...
    def patch(self, event_id: str, changes: dict[str, Any], tag: str) -> Result: ...
    def history(self, event_id: str) -> Result: ...
    def restore(self, event_id: str, version: str, tag: str) -> Result: ...
    def undo(self, event_id: str, tag: str) -> Result:
        """Without a body: the tag names the change."""
        ...

    def delete(self, event_id: str) -> Result: ...
    def changes(self, **query: Any) -> Result:
        """Checks that each event has the client's own type, or is None."""
        ...


def follow(client: Client, **filters: Any) -> list[dict[str, Any]]:
    """All events of a list, a page at a time."""
    found: list[dict[str, Any]] = []
    while True:
        page = client.list(**filters, limit=1)
        assert len(page.body) <= 1
        found += page.body
        if 'rel="next"' not in page.headers.get("Link", ""):
            return found
        filters["cursor"] = page.headers["Link"].partition("cursor=")[2].partition(">")[0].partition("&")[0]


def follow_changes(client: Client, **query: Any) -> tuple[list[tuple[str, str, Any]], str]:
    """All changes with their events, a few at a time, and the last token."""
    found: list[tuple[str, str, Any]] = []
    while True:
        page = client.changes(**query, limit=3).body
        assert len(page["changes"]) <= 3
        found += [(change["eventId"], change["action"], change["event"]) for change in page["changes"]]
        if query.get("after") == page["next"]:
            return found, page["next"]
        query = {"after": page["next"]}


def run(client: Client) -> None:
    begin = client.changes()
    assert (begin.status, begin.body["changes"]) == (200, [])

    texts = {"title": "Fête <1>", "description": "", "location": "Köln", "organizer": "Ünal", "status": "on hold"}
    events = [
        {"eventId": event_id, **texts, "date": f"2026-12-0{day}", "capacity": capacity}
        for day, (event_id, capacity) in enumerate(zip((ODD_ID, "large", "small"), CAPACITIES, strict=True), start=1)
    ]
    for event in events:
        created = client.create(event)
        assert (created.status, created.body) == (201, event)
    again = client.create(events[0])
    assert (again.status, again.body["code"]) == (409, "event_exists")

    read = client.read(ODD_ID)
    assert (read.status, read.body) == (200, events[0])
    assert read.headers["X-Request-Id"]

    assert client.list().body == events
    assert follow(client) == events
    filters = {"status": ["active", "on hold"], "from": "2026-12-02", "to": "2026-12-03", "q": "fete unal"}
    assert client.list(**filters, order="-date").body == events[:0:-1]
    assert follow(client, **filters, order="-date") == events[:0:-1]
    assert client.list(status=["active"]).body == []

    larger = {**events[0], "capacity": CAPACITIES[1]}
    changed = client.update(ODD_ID, {"capacity": CAPACITIES[1]}, read.headers["ETag"])
    assert (changed.status, changed.body) == (200, larger)
    stale = client.update(ODD_ID, {"capacity": 1}, read.headers["ETag"])
    assert (stale.status, stale.body["code"]) == (412, "revision_mismatch")

    patched = client.patch(ODD_ID, {"title": "Été"}, changed.headers["ETag"])
    assert (patched.status, patched.body) == (200, {**larger, "title": "Été"})
    history = client.history(ODD_ID)
    assert [entry["action"] for entry in history.body] == ["update", "update", "create"]
    assert history.body[0]["changes"] == {"title": {"before": texts["title"], "after": "Été"}}
    assert history.body[2]["changes"]["capacity"] == {"before": None, "after": CAPACITIES[0]}
    undone = client.undo(ODD_ID, patched.headers["ETag"])
    assert (undone.status, undone.body) == (200, larger)
    late = client.undo(ODD_ID, changed.headers["ETag"])
    assert (late.status, late.body["code"]) == (412, "revision_mismatch")
    restored = client.restore(ODD_ID, history.body[2]["version"], undone.headers["ETag"])
    assert (restored.status, restored.body) == (200, events[0])

    assert client.delete(ODD_ID).status == 204
    absent = client.read(ODD_ID)
    assert (absent.status, absent.body["code"]) == (404, "event_not_found")

    odd = (("update", larger), ("update", patched.body), ("restore", larger), ("restore", events[0]), ("delete", None))
    expected = [(event["eventId"], "create", event) for event in events] + [(ODD_ID, *change) for change in odd]
    assert follow_changes(client, **{"from": "start"})[0] == expected
    changes, token = follow_changes(client, after=begin.body["next"])
    assert changes == expected
    assert client.changes(after=token).body == {"changes": [], "next": token}
