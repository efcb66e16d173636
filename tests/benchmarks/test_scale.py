"""docs/scale.md says what the simulation says, and the simulation takes of DynamoDB what the site does."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from events import services
from events.samples import generated_events, store
from events.storage.cached_queries import forget_cached
from tests.benchmarks.scale import ACCESS, EVENTS, HISTORY, operations
from tests.benchmarks.scale_partitions import END, MINUTES_TO_DOUBLE, MINUTES_TO_SPLIT, NEW_READS, Places, Store, zipf
from tests.benchmarks.scale_tables import TABLES
from tests.support.builders import ACTOR, make_body, make_fields
from tests.support.fault_proxy import FaultProxy

COUNT = 60


class Counter:
    """Asks DynamoDB Local with each call what it takes of each table and index, and adds it up."""

    def __init__(self, proxy: FaultProxy) -> None:
        self.units: dict[str, float] = defaultdict(float)
        proxy.set(self._pass_on)

    def _pass_on(self, handler: Any, body: bytes) -> None:
        body = json.dumps({**json.loads(body), "ReturnConsumedCapacity": "INDEXES"}).encode()
        handler.headers.replace_header("Content-Length", str(len(body)))
        status, content = handler.forward(body)
        consumed = json.loads(content).get("ConsumedCapacity", [])
        for table in consumed if isinstance(consumed, list) else [consumed]:
            self.units[table["TableName"]] += table["Table"]["CapacityUnits"]
            for index, taken in table.get("GlobalSecondaryIndexes", {}).items():
                self.units[f"{table['TableName']} {index}"] += taken["CapacityUnits"]
        handler.answer(status, content)


def test_the_document_says_what_the_simulation_says() -> None:
    document = (settings.BASE_DIR / "docs" / "scale.md").read_text()
    for table in TABLES:
        assert table() in document, f"{table.__name__} of `python -m tests.benchmarks.scale` is not in docs/scale.md"


def test_operations_take_what_the_simulation_has_them_take(viewer: Client, faults: FaultProxy) -> None:
    store(generated_events(COUNT))
    event: dict[str, Any] = {**make_body(), "eventId": "launch"}
    path = "/events/launch"
    services.create_event(make_fields(), ACTOR)
    services.delete_event("launch", ACTOR)  # DynamoDB Local takes less to remove what is not there
    calls: dict[str, Callable[[], Any]] = {
        "create": lambda: viewer.post("/events", event, content_type="application/json"),
        "update": lambda: viewer.put(path, {"capacity": 3}, content_type="application/json"),
        "set status": lambda: viewer.put(path, {"status": "draft"}, content_type="application/json"),
        "move": lambda: viewer.put(path, {"date": "2026-12-02"}, content_type="application/json"),
        "get": lambda: viewer.get(path),
        "event": lambda: viewer.get("/staff/event/launch/"),
        "delete": lambda: viewer.delete(path),
        "page": lambda: viewer.get("/events?limit=50"),
        "all": lambda: viewer.get("/events"),
        "list": lambda: viewer.get("/staff/events/?ended=on"),
        "search": lambda: viewer.get("/staff/events/?ended=on&q=no-such-text"),
    }
    for name, call in calls.items():
        units = Counter(faults).units
        forget_cached()
        assert call().status_code < 300, name
        expected = operations(COUNT)[name]
        for place in {*units, *expected.reads, *expected.writes}:
            # DynamoDB Local doubles a transaction's units twice; AWS once, and those of indexes not at all.
            too_much = 2 if place in (EVENTS, HISTORY, ACCESS) else 4
            wanted = expected.reads.get(place, 0) + expected.writes.get(place, 0) * too_much
            # An empty answer is free in DynamoDB Local, and a page may end within half a unit.
            assert units.get(place, 0) == pytest.approx(wanted, abs=1), (name, place)


def even(count: int) -> Places:
    return [((number + 0.5) / count, 1 / count) for number in range(count)]


def served_after(store: Store, minutes: int, reads: float = 0, writes: float = 0) -> float:
    return [1 - store.minute(reads, writes) for _ in range(minutes)][-1]


def test_heat_splits_what_is_spread() -> None:
    hot = Store([], even(100))
    assert served_after(hot, 1, writes=2000) == pytest.approx(0.5)
    assert served_after(hot, MINUTES_TO_SPLIT, writes=2000) == pytest.approx(1)


@pytest.mark.parametrize("places", [[(END, 1.0)], [(0.3, 1.0)]], ids=["the end of the order", "one key"])
def test_heat_does_not_split_one_place(places: Places) -> None:
    assert served_after(Store([], places), 500, writes=2000) == pytest.approx(0.5)


def test_a_table_doubles_in_half_an_hour() -> None:
    new = Store(even(100), [], [number / 16 for number in range(16)])
    assert served_after(new, 1, reads=24_000) == pytest.approx(NEW_READS / 24_000)
    assert served_after(new, MINUTES_TO_DOUBLE, reads=24_000) == pytest.approx(1)


def test_the_most_popular_comes_first_and_all_are_counted() -> None:
    shares = zipf(100_000)
    assert shares[0] == max(shares)
    assert sum(shares) == pytest.approx(1)
