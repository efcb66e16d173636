"""Many clients write at the same moment. Each acknowledged change has one history row, and the rows form a chain."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any, NamedTuple

import pytest
from django.test import Client

from events import services
from events.storage.history import get_history
from tests.resilience.reports import DONE, go_on, said
from tests.support.builders import ACTOR, make_body, make_fields, make_staff
from tests.support.clients import client_of
from tests.support.history import Row, assert_history_replays, read_history
from tests.support.http_server import Server

IDS = ("x", "y", "z")
CLIENTS = 8


class Done(NamedTuple):
    """An acknowledged change: its revision (None: a delete), the event after it, and the revision that it required."""

    action: str
    event_id: str
    revision: str | None
    fields: dict[str, Any] | None
    wanted: str | None = None


class Racer(Thread):
    """Waits for the other writers before each request."""

    def __init__(self, server: Server, browser: Client, start: Barrier, rounds: int, seed: int) -> None:
        super().__init__(daemon=True)
        self.server, self.browser, self.start_line, self.rounds = server, browser, start, rounds
        self.random = random.Random(seed)
        self.tags: dict[str, str] = {}
        self.done: list[Done] = []
        self.pages: Counter[str] = Counter()
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            for _ in range(self.rounds):
                self.start_line.wait(120)
                self._act(self.random.choice(IDS))
        except BaseException as error:  # noqa: BLE001  # reported by the test
            self.error = error
            self.start_line.abort()

    def _act(self, event_id: str) -> None:
        path, body = f"/events/{event_id}", {"capacity": self.random.randrange(10**6)}
        wanted = self.tags.get(event_id)
        match self.random.randrange(8):
            case 0:
                self._api("create", event_id, "POST", "/events", json=make_body(eventId=event_id, **body))
            case 1 | 2 | 3:
                self._api("update", event_id, "PUT", path, json=body)
            case 4 if wanted:
                headers = {"If-Match": f'"{wanted}"'}
                self._api("update", event_id, "PUT", path, wanted, json=body, headers=headers)
            case 5:
                self._api("delete", event_id, "DELETE", path)
            case 6 if rows := get_history(event_id, limit=1):
                self._page("undo", f"/staff/event/{event_id}/undo/?at={rows[0].at}")
            case _:
                self._page_of_a_batch()

    def _api(self, action: str, event_id: str, method: str, path: str, wanted: str | None = None, **more: Any) -> None:
        answer = self.server.request(method, path, **more)
        assert answer.status_code in (200, 201, 204, 404, 409, 412), answer.text
        if answer.ok:
            revision = answer.headers["ETag"].strip('"').removesuffix("-gzip") if action != "delete" else None
            fields = answer.json() if action != "delete" else None
            self.done.append(Done(action, event_id, revision, fields, wanted))
            if revision:
                self.tags[event_id] = revision

    def _page(self, action: str, path: str) -> None:
        answer = self.browser.post(path)
        assert answer.status_code in (302, 409), answer.status_code
        self.pages[action] += answer.status_code == 302

    def _page_of_a_batch(self) -> None:
        form = {"event": list(IDS), "do": "status", "status": self.random.choice(["active", "draft", "full"])}
        answer: Any = self.browser.post("/staff/events/bulk/", form)
        if answer["Location"].startswith("/staff/batches/"):
            _, report = go_on(self.browser, answer["Location"])
            self.pages["batch"] += said(report, DONE)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("rounds", [8, pytest.param(300, marks=pytest.mark.stress)])
def test_concurrent_writers(server: Server, record_property: Callable[[str, object], None], rounds: int) -> None:
    seed = random.getrandbits(32)
    record_property("seed", seed)
    start = Barrier(CLIENTS)
    for event_id in IDS[:2]:
        services.create_event(make_fields(eventId=event_id), ACTOR)
    racers = [
        Racer(server, client_of(make_staff(f"racer{number}")), start, rounds, seed + number)
        for number in range(CLIENTS)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(600)
    for racer in racers:
        if racer.error:
            raise racer.error
    assert_history_replays()
    done = [one for racer in racers for one in racer.done]
    history = read_history()
    for event_id in IDS:
        assert_each_once(history.get(event_id, []), [one for one in done if one.event_id == event_id])
    pages = sum((racer.pages for racer in racers), Counter())
    rows = [row for rows in history.values() for row in rows]
    assert sum(row.batch is not None for row in rows) == pages["batch"]
    assert sum(row.actor.startswith("racer") and row.batch is None for row in rows) == pages["undo"]
    record_property("writes acknowledged", len(done) + pages.total())
    record_property("rows of the history", len(rows))


def assert_each_once(rows: list[Row], done: list[Done]) -> None:
    """In the order of the rows, each response shows the event after its own change."""
    states: dict[str, tuple[dict[str, Any], str | None]] = {}
    state: dict[str, Any] = {}
    before: str | None = None
    for row in rows:
        if row.revision is not None:
            state = {**(state if row.before is not None else {}), **(row.after or {})}
            states[row.revision] = (state, before)
        before = row.revision
    for one in done:
        if one.revision is not None:
            fields, revision_before = states[one.revision]
            assert fields == one.fields
            assert one.wanted in (None, revision_before, one.revision)  # its own, if it changed nothing
    by_api = [row for row in rows if row.actor == "anonymous"]
    for action in ("create", "delete"):
        assert sum(row.action == action for row in by_api) == sum(one.action == action for one in done)
    updated = {row.revision for row in by_api if row.action == "update"}
    assert updated <= {one.revision for one in done if one.action == "update"}
