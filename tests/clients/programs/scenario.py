"""What every Python client does, whichever program has generated it. Needs EVENTS_URL and EVENTS_KEY."""

from __future__ import annotations

import os
from typing import Any, NamedTuple, Protocol

URL, KEY = os.environ["EVENTS_URL"], os.environ["EVENTS_KEY"]
ODD_ID = "a bü?#"
CAPACITIES = (3_000_000_000, 10**15, 2)


class Result(NamedTuple):
    """`body`: an event or a list of events as JSON, None if there is none, or an error."""

    status: int
    body: Any
    headers: Any


class Client(Protocol):
    """Filters are written as the API writes them; `**{"from": "2026-12-01"}`."""

    def create(self, event: dict[str, Any]) -> Result: ...
    def read(self, event_id: str) -> Result: ...
    def list(self, **filters: Any) -> Result: ...
    def update(self, event_id: str, changes: dict[str, Any], tag: str) -> Result: ...
    def delete(self, event_id: str) -> Result: ...


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


def run(client: Client) -> None:
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

    changed = client.update(ODD_ID, {"capacity": CAPACITIES[1]}, read.headers["ETag"])
    assert (changed.status, changed.body) == (200, {**events[0], "capacity": CAPACITIES[1]})
    stale = client.update(ODD_ID, {"capacity": 1}, read.headers["ETag"])
    assert (stale.status, stale.body["code"]) == (412, "revision_mismatch")

    assert client.delete(ODD_ID).status == 204
    absent = client.read(ODD_ID)
    assert (absent.status, absent.body["code"]) == (404, "event_not_found")
