"""The cost of reading changes: the same for any number of events, and limited for any history."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from events import services
from events.changes import MAX_READS
from events.domain import Event
from events.storage.events import installation_id
from tests.costs import desk
from tests.costs.desk import FEW, Desk
from tests.costs.test_history import HISTORIES
from tests.support.builders import ACTOR, make_fields, store

NOTHING = "Query events-history/by-time: nothing"  # AWS takes at least half a unit
RECENT = "Query events-history/by-time, BatchGetItem events: 10.5 RCU"
MOST_IN_SHORT = 200  # edits: two calls of BatchGetItem, and dozens of responses if the edits are long


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.storage.changes.seconds_to_wait", lambda: 0)


@pytest.mark.parametrize("size", [1_000, pytest.param(50_000, marks=pytest.mark.stress)])
def test_a_poll_costs_the_same_for_any_number_of_events(api: APIClient, own_desk: Desk, size: int) -> None:
    for events in (FEW, size):
        own_desk.grow(events)
        installation_id()  # each process reads it once
        token = api.get("/changes").json()["next"]
        with own_desk.measured() as cost:
            assert api.get("/changes", {"after": token}).json()["changes"] == []
        assert str(cost) == NOTHING
        for number in range(10):
            store(f"another-{events}-{number}")
        with own_desk.measured() as cost:
            assert len(api.get("/changes", {"after": token}).json()["changes"]) == 10
        assert str(cost) == RECENT
        services.update_event(f"another-{events}-0", {"capacity": 1}, ACTOR)
        with own_desk.measured() as cost:  # the event has changed since its first change
            assert len(api.get("/changes", {"after": token}).json()["changes"]) == 11
        assert cost.calls.total() == 3


@pytest.mark.parametrize(
    ("length", "most"), [(0, MOST_IN_SHORT), pytest.param(1, None, marks=pytest.mark.stress)], ids=["short", "long"]
)
def test_the_cost_of_a_response_is_limited_for_any_history(
    api: APIClient, own_desk: Desk, record_property: Any, length: int, most: int | None
) -> None:
    for edit, lengths in HISTORIES.items():
        edits, event_id = min(lengths[length], most or lengths[length]), edit.__name__
        query = {"after": api.get("/changes").json()["next"], "limit": "1000"}
        first = Event.new(make_fields(eventId=event_id, capacity=edits), ACTOR)
        versions = desk.fill_history(own_desk.engine.port, first, map(edit, range(edits)))
        seen: list[Any] = []
        calls, largest = [], 0
        while True:
            with own_desk.measured() as cost:
                response = api.get("/changes", query)
            page = response.json()
            if query["after"] == page["next"]:
                break
            seen += [change["event"] for change in page["changes"]]
            query["after"] = page["next"]
            calls.append(cost.calls.total())
            largest = max(largest, len(response.content))
        assert seen == [version.fields for version in versions]
        assert max(calls) <= MAX_READS + 11
        said = f"{len(calls)} responses, {sum(calls)} calls, at most {max(calls)} each, {largest:,} bytes"
        record_property(f"\n  {event_id}, {edits:,} edits", said)
