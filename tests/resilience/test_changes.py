"""Readers of GET /changes never miss a change or see one out of order, in a storm of writers.

Clocks differ, calls fail, responses are lost, transactions arrive late, writers are killed, and the index lags.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from threading import Event, Thread
from typing import Any

import pytest
from rest_framework.test import APIClient

from events import services, undo
from events.domain import (
    ChangeSupersededError,
    EventExistsError,
    EventNotFoundError,
    StorageError,
    VersionNotFoundError,
)
from events.storage import changes as change_queries
from events.storage.changes import ChangeRow
from events.storage.connection import DynamoDB
from events.storage.models import HistoryItem
from tests.support.builders import ACTOR, make_fields, store
from tests.support.fault_proxy import FaultProxy, Hold
from tests.support.history import assert_history_replays, expected_changes
from tests.support.stored import get_history

WRITERS = 4
EVENTS = [f"e{number}" for number in range(8)]
REFUSALS = (StorageError, EventExistsError, EventNotFoundError, ChangeSupersededError, VersionNotFoundError)


class KilledError(BaseException):
    """The writer's process is killed. Its call may still arrive."""


class Clock(datetime):
    """Replaces the clock of writers and readers. Each thread has its own error, and a test can advance all clocks."""

    error: ContextVar[float] = ContextVar("error", default=0)
    advanced = 0.0

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + timedelta(seconds=cls.error.get() + cls.advanced)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.domain.datetime", Clock)
    monkeypatch.setattr(Clock, "advanced", 0.0)
    Clock.error.set(0)  # a reader of an earlier test may have changed it in this thread


@pytest.fixture
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """All times are shorter than in production, so that a change is returned after 6 seconds."""
    monkeypatch.setattr(DynamoDB, "timeouts", (0.3, 0.4))
    monkeypatch.setattr(DynamoDB, "pauses", (0.05, 0.1))
    seconds = {"SECONDS_TO_SEND": 0, "SECONDS_TO_COMMIT": 1.5, "SECONDS_OF_INDEX_LAG": 0.5}
    for name, value in {**seconds, "SECONDS_OF_CLOCK_ERROR": 0.5}.items():
        monkeypatch.setattr(change_queries, name, value)


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.usefixtures("short_times")
def test_a_change_that_is_written_late_is_missed_only_without_the_delay(
    api: APIClient, faults: FaultProxy, monkeypatch: pytest.MonkeyPatch, waits: bool
) -> None:
    """All attempts time out. A reader reads later changes, and then DynamoDB executes the transaction."""
    monkeypatch.setattr(change_queries, "SECONDS_OF_CLOCK_ERROR", 0)  # a reader whose clock is behind reads less
    if not waits:
        monkeypatch.setattr(change_queries, "seconds_to_wait", lambda: 0)
    reader = Reader(api, "from=start")
    hold = Hold()
    faults.set(hold, "TransactWriteItems", part=b'"late"')
    with pytest.raises(StorageError):
        store("late")
    store("early")
    reader.read()
    hold.released.set()
    faults.settle()
    monkeypatch.setattr(Clock, "advanced", change_queries.seconds_to_wait())
    reader.read()
    assert [change["eventId"] for change in expected_changes()] == ["late", "early"]
    assert [change["eventId"] for change in reader.changes] == (["late", "early"] if waits else ["early"])


@dataclass
class Storm:
    """What happens to calls on their way to DynamoDB, and when DynamoDB had done them."""

    chance: random.Random
    committed: dict[str, float]

    def __call__(self, handler: Any, body: bytes) -> None:
        kind = self.chance.random()
        if kind < 0.07:  # the call never arrives
            handler.reset()
            return
        if kind < 0.14:  # it arrives late, and perhaps nobody waits for it any more
            time.sleep(self.chance.uniform(0, 0.6 * change_queries.SECONDS_TO_COMMIT))
        status, content = handler.forward(body)
        for item in json.loads(body).get("TransactItems", ()):
            row = item.get("Put", {})
            if status == 200 and row.get("TableName") == HistoryItem.Meta.table_name:
                self.committed.setdefault(row["Item"]["atAndId"]["S"], time.monotonic())
        if kind > 0.93:  # the response is lost
            handler.reset()
        else:
            with suppress(ConnectionError):
                handler.answer(status, content)

    def is_in_index(self, row: ChangeRow) -> bool:
        """A simulation, because the index of DynamoDB Local never lags: each row appears at a random time."""
        lag = random.Random(row.key).uniform(0, change_queries.SECONDS_OF_INDEX_LAG)
        return row.key in self.committed and time.monotonic() > self.committed[row.key] + lag


class Writer(Thread):
    """Makes random changes. After each kill, it begins again with another clock."""

    def __init__(self, seed: int) -> None:
        super().__init__(daemon=True)
        self.chance = random.Random(seed)
        self.ended = Event()
        self.done = self.failed = self.killed = 0

    def run(self) -> None:
        while not self.ended.is_set():
            error = change_queries.SECONDS_OF_CLOCK_ERROR
            Clock.error.set(self.chance.choice([-error, error, self.chance.uniform(-error, error)]))
            try:
                for _ in range(self.chance.randrange(1, 40)):
                    if not self.ended.is_set():
                        self._change(self.chance.choice(EVENTS))
            except KilledError:
                self.killed += 1

    def _change(self, event_id: str) -> None:
        actions: list[Callable[[], Any]] = [
            lambda: services.create_event(make_fields(eventId=event_id, capacity=self.chance.randrange(10**9)), ACTOR),
            lambda: services.update_event(event_id, {"capacity": self.chance.randrange(10**9)}, ACTOR),
            lambda: services.update_event(event_id, {"title": f"Title {self.chance.randrange(10**9)}"}, ACTOR),
            lambda: services.delete_event(event_id, ACTOR),
            lambda: undo.undo_change(event_id, get_history(event_id, limit=1)[0].at, ACTOR),
        ]
        try:
            self.chance.choices(actions, [2, 4, 4, 1, 1])[0]()
            self.done += 1
        except (*REFUSALS, IndexError):
            self.failed += 1


class Reader:
    """A copy of the events, kept by polling. The site that responds has another clock each time."""

    def __init__(self, api: APIClient, query: str = "") -> None:
        self.api, self.query = api, query
        self.copy: dict[str, Any] = {}
        self.changes: list[dict[str, Any]] = []

    def start_now(self) -> None:
        """Begins with a list of the events, not with the first change."""
        self.query = f"after={self._get('/changes')['next']}"
        self.copy = {event["eventId"]: event for event in self._get("/events")}

    def read(self) -> None:
        """Reads until nothing follows."""
        while self.read_page(100):
            pass

    def read_page(self, limit: int) -> bool:
        """Whether more may follow."""
        page = self._get(f"/changes?{self.query}&limit={limit}")
        for change in page["changes"]:
            self.changes.append(change)
            self.copy[change["eventId"]] = change["event"]
        before, self.query = self.query, f"after={page['next']}"
        return self.query != before

    def _get(self, address: str) -> Any:
        """Sends the request again after an error."""
        while True:
            error = change_queries.SECONDS_OF_CLOCK_ERROR
            Clock.error.set(random.uniform(-error, error))
            response = self.api.get(address)
            if response.status_code == 200:
                return response.json()
            assert response.status_code == 500, response.content

    @property
    def events(self) -> dict[str, Any]:
        return {event_id: event for event_id, event in self.copy.items() if event}


@contextmanager
def kills(monkeypatch: pytest.MonkeyPatch, chance: random.Random) -> Iterator[None]:
    """Some writers die while a transaction is on its way."""
    send = DynamoDB._send  # noqa: SLF001  # a process that is killed has no public name

    def send_or_die(self: DynamoDB, operation: str, body: bytes) -> dict[str, Any]:
        if operation == "TransactWriteItems" and chance.random() < 0.03:

            def alone() -> None:
                with suppress(Exception):
                    send(self, operation, body)

            Thread(target=alone, daemon=True).start()
            raise KilledError
        return send(self, operation, body)

    with monkeypatch.context() as patched:
        patched.setattr(DynamoDB, "_send", send_or_die)
        yield


def run_storm(
    api: APIClient, faults: FaultProxy, monkeypatch: pytest.MonkeyPatch, seconds: float, measured: Callable[..., None]
) -> None:
    seed = random.getrandbits(32)
    print("seed", seed)  # noqa: T201  # pytest prints it if the test fails
    storm = Storm(random.Random(seed), {})
    query = change_queries.query_changes
    monkeypatch.setattr("events.changes.query_changes", lambda *of: [*filter(storm.is_in_index, query(*of))])
    writers = [Writer(seed + number) for number in range(WRITERS)]
    complete, late = Reader(api, "from=start"), Reader(api)
    faults.set(storm)
    with kills(monkeypatch, random.Random(seed)):
        for writer in writers:
            writer.start()
        begun = time.monotonic()
        while time.monotonic() < begun + seconds:
            complete.read_page(storm.chance.choice([1, 5, 100, 100]))
            if late.query:
                late.read_page(100)
            elif time.monotonic() > begun + 0.8 * seconds:
                late.start_now()
        seen = len(complete.changes)
        for writer in writers:
            writer.ended.set()
        for writer in writers:
            writer.join(60)
            assert not writer.is_alive()
    time.sleep(sum(DynamoDB.timeouts))  # for the calls of killed writers
    faults.set(None)
    faults.settle()
    time.sleep(change_queries.SECONDS_OF_INDEX_LAG)
    monkeypatch.setattr(Clock, "advanced", change_queries.seconds_to_wait() + 2 * change_queries.SECONDS_OF_CLOCK_ERROR)
    complete.read()
    late.read()
    expected = expected_changes()
    assert complete.changes == expected
    assert late.changes == expected[len(expected) - len(late.changes) :]
    assert complete.events == late.events == assert_history_replays()
    measured("changes", len(expected))
    measured("of these read during the storm", seen)
    measured("of these read by the reader that began late", len(late.changes))
    measured("writers", f"{sum(w.done for w in writers)} done, {sum(w.failed for w in writers)} failed")
    measured("kills", sum(w.killed for w in writers))
    assert 0 < seen < len(expected)


@pytest.mark.usefixtures("short_times")
def test_copies_equal_the_table_after_a_storm(
    api: APIClient, faults: FaultProxy, monkeypatch: pytest.MonkeyPatch, record_property: Callable[..., None]
) -> None:
    run_storm(api, faults, monkeypatch, 9, record_property)


@pytest.mark.stress
@pytest.mark.timeout(600)
def test_copies_equal_the_table_after_a_long_storm_with_the_times_of_production(
    api: APIClient, faults: FaultProxy, monkeypatch: pytest.MonkeyPatch, record_property: Callable[..., None]
) -> None:
    """Clocks are wrong by up to 5 seconds, and a change is returned after a minute."""
    assert change_queries.SECONDS_OF_CLOCK_ERROR == 5
    run_storm(api, faults, monkeypatch, 180, record_property)
