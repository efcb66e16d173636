"""What callers of the API and staff do, a step at a time: plain calls, for whatever schedules them.

Nothing of the project is imported here, as locust runs this in an environment that does not have it.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import time
import zlib
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, ClassVar
from urllib.parse import quote, urlencode, urlsplit

from tests.support.page_reader import fields

PASSWORD = "load-of-eight-users"
KEPT_EVENTS = 20  # how many of its own events an API caller keeps
CHANGES_OF_AN_EVENT = 20  # how often staff edit an event before they create another
SECONDS_TO_ANSWER = 60

# The name of the call, milliseconds, bytes, and the error.
Note = Callable[[str, float, int, Exception | None], None]


class CallFailedError(Exception):
    """The response was wrong or missing. It is already recorded."""


@dataclass(frozen=True)
class Answer:
    headers: dict[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()


class Browser:
    """A connection with cookies. Every call is recorded under its name."""

    def __init__(self, url: str, note: Note, headers: dict[str, str]) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS_TO_ANSWER)
        self._note = note
        self._headers = {"Accept-Encoding": "gzip", **headers}
        self._cookies: dict[str, str] = {}

    def call(
        self, name: str, method: str, path: str, expected: int, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """Raises CallFailedError."""
        sent = {**self._headers, **(headers or {}), "Cookie": "; ".join(f"{k}={v}" for k, v in self._cookies.items())}
        started = time.perf_counter()
        try:
            self._connection.request(method, path, body or None, sent)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._note(name, 1000 * (time.perf_counter() - started), 0, error)
            raise CallFailedError from error
        taken = 1000 * (time.perf_counter() - started)
        if response.status != expected:
            wrong = CallFailedError(f"{method} {path}: {response.status} {content[:200]!r}")
            self._note(name, taken, len(content), wrong)
            raise wrong
        self._note(name, taken, len(content), None)
        for cookie in response.headers.get_all("Set-Cookie", []):
            key, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[key] = value
        if response.headers.get("Content-Encoding") == "gzip":
            content = zlib.decompress(content, 31)
        return Answer(dict(response.headers.items()), content)

    def submit(self, name: str, page: Answer, path: str, **changes: str) -> str:
        """Sends the form of a page. Returns the address that it redirects to."""
        [token, *_] = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        form = {**fields(page), **changes, "csrfmiddlewaretoken": token}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.call(name, "POST", path, 302, urlencode(form).encode(), headers).headers["Location"]

    def close(self) -> None:
        self._connection.close()


class User:
    """A user who does one step after the other: first each step once, then by their weights."""

    WEIGHTS: ClassVar[dict[str, int]]
    HEADERS: ClassVar[dict[str, str]]

    def __init__(self, url: str, note: Note, number: int, **headers: str) -> None:
        self.browser = Browser(url, note, self.HEADERS | headers)
        self.number = number
        self.chance = random.Random(number)
        self._steps = self._plan()

    def _plan(self) -> Iterator[str]:
        yield "begin"
        yield from self.WEIGHTS
        while True:
            yield from self.chance.choices(list(self.WEIGHTS), list(self.WEIGHTS.values()))

    def step(self) -> None:
        """Does the next step. Errors are recorded and end the step."""
        with suppress(CallFailedError):
            getattr(self, next(self._steps))()

    @abstractmethod
    def begin(self) -> None:
        """Runs before the first step."""


class ApiCaller(User):
    """An application with a key. It changes and deletes only its own events."""

    WEIGHTS: ClassVar = {"list_all": 15, "get": 45, "list_status": 8, "create": 10, "update": 12, "delete": 10}
    HEADERS: ClassVar = {"Content-Type": "application/json"}

    def __init__(self, url: str, note: Note, number: int, token: str) -> None:
        super().__init__(url, note, number, Authorization=f"Bearer {token}")
        self._own: list[tuple[str, str]] = []  # paths and their last known ETags
        self._numbers = count()
        self._seen: list[str] = []

    def begin(self) -> None:
        self.list_all()

    def list_all(self) -> None:
        self._see(self.browser.call("API: page of 50", "GET", "/events?limit=50&from=" + self._day(), 200))

    def list_status(self) -> None:
        status = self.chance.choice(["active", "draft", "postponed"])
        self._see(self.browser.call("API: page of a status", "GET", f"/events?status={status}&limit=50", 200))

    def _see(self, answer: Answer) -> None:
        found = [event["eventId"] for event in json.loads(answer.content)]
        # Events of other callers may disappear at any moment.
        self._seen = [event_id for event_id in found if not event_id.startswith("load-")] or self._seen

    def get(self) -> None:
        if self._seen:
            path = f"/events/{quote(self.chance.choice(self._seen), safe='')}"
            self.browser.call("API: get", "GET", path, 200)

    def create(self) -> None:
        if len(self._own) >= KEPT_EVENTS:
            self.delete()
        event = {**self._event(), "eventId": f"load-{self.number}-{next(self._numbers)}"}
        answer = self.browser.call("API: create", "POST", "/events", 201, json.dumps(event).encode())
        self._own.append((answer.headers["Location"], answer.headers["ETag"]))

    def update(self) -> None:
        if not self._own:
            self.create()
        path, tag = self._own.pop(self.chance.randrange(len(self._own)))
        changes = {"capacity": self.chance.randrange(1000), "status": self.chance.choice(["active", "draft"])}
        body = json.dumps(changes).encode()
        answer = self.browser.call("API: update, If-Match", "PUT", path, 200, body, {"If-Match": tag})
        self._own.append((path, answer.headers["ETag"]))

    def delete(self) -> None:
        if not self._own:
            self.create()
        path, tag = self._own.pop(0)
        self.browser.call("API: delete", "DELETE", path, 204, headers={"If-Match": tag})

    def _event(self) -> dict[str, Any]:
        return {
            "title": f"Load {self.number}",
            "description": "Made to be changed and taken away. " * self.chance.randint(1, 20),
            "date": self._day(),
            "location": "Main hall",
            "capacity": 100,
            "organizer": "Events team",
            "status": "active",
        }

    def _day(self) -> str:
        return f"2026-{self.chance.randint(1, 12):02}-{self.chance.randint(1, 28):02}"


class Editor(User):
    """A signed-in staff member who edits only their own events."""

    WEIGHTS: ClassVar = {"home": 8, "events": 28, "search": 14, "calendar": 10, "event": 24, "edit": 15, "export": 1}
    HEADERS: ClassVar = {"Accept": "text/html"}

    def __init__(self, url: str, note: Note, number: int) -> None:
        super().__init__(url, note, number)
        self._edits = 0
        self._seen: list[str] = []

    def begin(self) -> None:
        page = self.browser.call("staff: sign-in page", "GET", "/staff/login/?next=/staff/", 200)
        for address in sorted(set(re.findall(r'"(/static/[^"]+\.(?:css|js))"', page.text))):
            self.browser.call("static file", "GET", address, 200)
        names = {"username": f"load-{self.number}", "password": PASSWORD, "next": "/staff/"}
        self.browser.submit("staff: sign in", page, "/staff/login/", **names)
        self._new()

    def _new(self) -> None:
        page = self.browser.call("staff: new event, form", "GET", "/staff/events/new/", 200)
        event = {"title": f"Desk {self.number}", "date": "2026-12-01", "location": "Cellar", "capacity": "30"}
        event |= {"organizer": "Choir", "status": "draft", "description": "As the form has it."}
        leads_to = self.browser.submit("staff: new event, save", page, "/staff/events/new/", **event)
        self._own = urlsplit(leads_to).path
        self.browser.call("staff: event", "GET", leads_to, 200)

    def home(self) -> None:
        self.browser.call("staff: home", "GET", "/staff/", 200)

    def events(self) -> None:
        page = self.browser.call("staff: list", "GET", "/staff/events/?ended=on", 200)
        self._seen = re.findall(r'<td class="title"[^>]*><a href="(/staff/event/(?!load-)[^"/]+/)', page.text)

    def search(self) -> None:
        text = self.chance.choice(["jazz", "library", "choir", "no such text"])
        self.browser.call("staff: search", "GET", f"/staff/events/?ended=on&q={quote(text)}", 200)

    def calendar(self) -> None:
        month = self.chance.randint(1, 12)
        self.browser.call("staff: calendar", "GET", f"/staff/calendar/?month=2026-{month:02}", 200)

    def event(self) -> None:
        path = self.chance.choice(self._seen or [self._own])
        self.browser.call("staff: event", "GET", path, 200)

    def edit(self) -> None:
        self._edits += 1
        if self._edits % CHANGES_OF_AN_EVENT == 0:
            self._new()
        page = self.browser.call("staff: edit, form", "GET", f"{self._own}edit/", 200)
        changes = {"capacity": str(self.chance.randrange(1000)), "status": self.chance.choice(["active", "draft"])}
        leads_to = self.browser.submit("staff: edit, save", page, f"{self._own}edit/", **changes)
        self.browser.call("staff: event", "GET", leads_to, 200)

    def export(self) -> None:
        page = self.browser.call("staff: export", "GET", "/staff/export/?ended=on", 200)
        assert page.text.count("\n") > 100
