"""Clients that write without a pause and remember each acknowledged write."""

from __future__ import annotations

from collections import Counter
from random import Random
from threading import Event, Thread
from typing import Any, NamedTuple

import requests

from tests.support.builders import make_body

SHARED = ("shared-0", "shared-1")
State = dict[str, Any] | None


class Promise(NamedTuple):
    """An acknowledged write, with the new revision of the event (None: it was deleted)."""

    event_id: str
    revision: str | None


class Writer(Thread):
    """Has its own events, whose state it knows, and shares some events with the others.

    What failed may have been done or not: then the event has two states, and is left alone from there on.
    """

    def __init__(self, name: str, url: str, seed: int, site_is_up: Event) -> None:
        super().__init__(daemon=True)
        self.name, self.url = name, f"{url}/events"
        self.random = Random(seed)
        self.site_is_up, self.ended = site_is_up, Event()
        self.session = requests.Session()
        self.promises: list[Promise] = []
        self.states: dict[str, State] = {}
        self.doubtful: dict[str, tuple[State, State]] = {}
        self.tags: dict[str, str] = {}
        self.statuses: Counter[int] = Counter()
        self.failed = 0

    def run(self) -> None:
        number = 0
        while not self.ended.is_set():
            alive = [event_id for event_id, state in self.states.items() if state is not None]
            choice = self.random.random()
            if choice < 0.3 or not alive:
                number += 1
                self._write("POST", f"{self.name}-{number}", make_body(eventId=f"{self.name}-{number}"))
            elif choice < 0.5:
                self._update_shared()
            elif choice < 0.6:
                self._write("DELETE", self.random.choice(alive))
            else:
                event_id = self.random.choice(alive)
                body = {self.random.choice(["title", "description"]): "x" * self.random.randrange(1, 900)}
                headers = {"If-Match": self.tags[event_id]} if choice < 0.8 else {}
                self._write("PUT", event_id, body | {"capacity": self.random.randrange(10**9)}, headers)

    def _write(self, method: str, event_id: str, body: Any = None, headers: Any = None) -> None:
        before = self.states.get(event_id)
        after: State = None if method == "DELETE" else {**(before or {}), **body}
        answer = self._send(method, "" if method == "POST" else f"/{event_id}", body, headers)
        if answer is None:
            self.states.pop(event_id, None)
            self.doubtful[event_id] = (before, after)
            return
        if method != "DELETE":
            assert answer.json() == after
            self.tags[event_id] = answer.headers["ETag"]
        self._promised(event_id, None if method == "DELETE" else answer.headers["ETag"])
        self.states[event_id] = after

    def _update_shared(self) -> None:
        event_id = self.random.choice(SHARED)
        answer = self._send("PUT", f"/{event_id}", {"capacity": self.random.randrange(10**15)})
        if answer is not None:
            self._promised(event_id, answer.headers["ETag"])

    def _promised(self, event_id: str, tag: str | None) -> None:
        self.promises.append(Promise(event_id, tag and tag.strip('"').removesuffix("-gzip")))

    def _send(self, method: str, path: str, body: Any = None, headers: Any = None) -> requests.Response | None:
        """The response, if it acknowledges the write."""
        try:
            answer = self.session.request(method, self.url + path, json=body, headers=headers, timeout=120)
        except requests.RequestException:
            self.session.close()  # the site was killed, possibly during the write
            self.failed += 1
            self.site_is_up.wait()
            return None
        self.statuses[answer.status_code] += 1
        if answer.ok:
            return answer
        # Mostly 500. AWS keeps the tokens of transactions for ten minutes, but DynamoDB Local loses them when it is
        # killed. A retry after its restart then finds its own write and gets 404, 409 or 412.
        assert answer.status_code in (404, 409, 412, 500), answer.text
        self.failed += 1
        self.site_is_up.wait()
        return None


class Load:
    """A context manager that runs several writers at the same time."""

    def __init__(self, url: str, writers: int, seed: int) -> None:
        self.site_is_up = Event()
        self.site_is_up.set()
        self.writers = [Writer(f"w{number}", url, seed + number, self.site_is_up) for number in range(writers)]

    @property
    def promises(self) -> list[Promise]:
        return [promise for writer in self.writers for promise in list(writer.promises)]

    @property
    def failed(self) -> int:
        return sum(writer.failed for writer in self.writers)

    def __enter__(self) -> Load:
        for writer in self.writers:
            writer.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.site_is_up.set()
        for writer in self.writers:
            writer.ended.set()
        for writer in self.writers:
            writer.join(180)
            assert not writer.is_alive()
