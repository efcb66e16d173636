"""Whether a site does what it is for: seven looks at it from outside, which leave their lines in the history.

(And for a day, that the event of theirs was deleted.)
"""

from __future__ import annotations

import http.client
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin, urlsplit

from events import services
from events.domain import Actor, EventNotFoundError
from eventsite.accounts import keys
from eventsite.accounts.domain import Scope
from eventsite.deployment import DeploymentError
from eventsite.deployment.visitor import Answer, Visitor

_ACTOR = Actor("manage.py")
_NAME = "deploy-check"
_DATE = "9999-12-31"  # after all that anyone looks at
# A gateway that is minutes old does not always find its function at once.
SECONDS_TO_COME_UP = 45
SECONDS_TO_SHOW_IN_LISTS = 15
_MAX_PAGES = 50
_STATIC = re.compile(r'(?:href|src)="([^"]*/static/[^"]+\.(?:css|js))"')

Say = Callable[[str], None]


class FailedError(Exception):
    """What was got instead of what a check wants."""


def run_smoke_test(visitor: Visitor, prefix: str, say: Say) -> None:
    """Says a line for each check. Raises DeploymentError at the first that fails, with what was got."""
    with _access() as (token, event_id):
        test = SmokeTest(visitor, prefix, token, event_id)
        for name, check in test.checks.items():
            start = time.monotonic()
            try:
                check()
            except (FailedError, OSError, http.client.HTTPException) as error:
                raise DeploymentError(f"The smoke test failed at '{name}': {error}") from error
            say(f"{name:14}{(time.monotonic() - start) * 1000:6.0f} ms")


@contextmanager
def _access() -> Iterator[tuple[str, str]]:
    """A key and an id for an event, neither of which is there any more afterwards, whatever happens."""
    mark = secrets.token_hex(4)
    key, token = keys.create_key(f"{_NAME}-{mark}", Scope.WRITE, _ACTOR)
    event_id = f"{_NAME}-{mark}"
    try:
        yield token, event_id
    finally:
        try:
            services.delete_event(event_id, _ACTOR)  # not over HTTP, which may be what does not work
        except EventNotFoundError:
            pass
        finally:
            keys.discard_key(key)


class SmokeTest:
    """The checks; each raises FailedError, OSError or HTTPException."""

    def __init__(self, visitor: Visitor, prefix: str, token: str, event_id: str) -> None:
        self.visitor = visitor
        self.prefix = prefix
        self.authorization = f"Bearer {token}"
        self.event = {
            "eventId": event_id,
            "title": "Check of a deployment, deleted at once",
            "description": "Grüße von `manage.py smoke_test` 🎪",
            "date": _DATE,
            "location": "Nowhere",
            "capacity": 0,
            "organizer": "manage.py smoke_test",
            "status": "deploy-check",
        }
        self.sign_in_page = ""
        self.checks: dict[str, Callable[[], None]] = {
            "health": self.health,
            "create": self.create,
            "read": self.read,
            "list": self.list,
            "delete": self.delete,
            "sign-in page": self.sign_in,
            "static file": self.static_file,
        }

    def health(self) -> None:
        deadline = time.monotonic() + SECONDS_TO_COME_UP
        while True:
            try:
                answer = self.visitor.call("GET", "/healthz")
                if answer.status == 200:
                    return
                # Of these, what is wrong with the site itself does not pass.
                patient = answer.status in (403, 429, 500, 502, 503, 504)
                failure: Exception = FailedError(f"wanted 200, got {answer}.")
            except OSError as error:
                patient, failure = True, error
            if not patient or time.monotonic() > deadline:
                raise failure
            time.sleep(2)

    def create(self) -> None:
        answer = self._call("POST", "/events", 201, self.event)
        self._expect(answer, answer.json() == self.event, "the event")
        location = answer.headers.get("Location", "")
        self._expect(
            answer, location == f"{self.prefix}/events/{self.event['eventId']}", f"its address, not {location!r}"
        )

    def read(self) -> None:
        answer = self._call("GET", self._path, 200)
        self._expect(answer, answer.json() == self.event, "the event")
        self._expect(answer, bool(answer.headers.get("ETag")), "an ETag")

    def list(self) -> None:
        """In pages of one: whoever else has events on that last of days, the links lead past them."""
        deadline = time.monotonic() + SECONDS_TO_SHOW_IN_LISTS
        while not self._is_listed():
            if time.monotonic() > deadline:
                raise FailedError("the event that was created is not in the list.")
            time.sleep(1)

    def delete(self) -> None:
        self._call("DELETE", self._path, 204)
        self._call("GET", self._path, 404)

    def sign_in(self) -> None:
        home = self.visitor.call("GET", "/staff/", Accept="text/html")
        self._expect(home, home.status in (302, 303), "a way to the sign-in page")
        target = urlsplit(urljoin(self._full("/staff/"), home.headers.get("Location", "")))
        self._expect(
            home, target.path.startswith(f"{self.prefix}/staff/"), f"an address of this site, not {target.path!r}"
        )
        path = target.path.removeprefix(self.prefix) + (f"?{target.query}" if target.query else "")
        page = self.visitor.call("GET", path, Accept="text/html")
        self._expect(page, page.status == 200 and 'name="password"' in page.text, "the sign-in page")
        cookies = page.cookies()
        self._expect(page, bool(cookies), "a cookie for the form")
        for cookie in cookies.values():
            expected = self.prefix or "/"
            self._expect(page, cookie["path"] == expected, f"cookies for {expected!r}, not {cookie['path']!r}")
        self.sign_in_page = page.text

    def static_file(self) -> None:
        names = _STATIC.findall(self.sign_in_page)
        if not names or not all(name.startswith(f"{self.prefix}/static/") for name in names):
            raise FailedError(f"the sign-in page should name files under {self.prefix}/static/, and names {names}.")
        for name in names:
            answer = self.visitor.call("GET", name.removeprefix(self.prefix), Accept_Encoding="gzip")
            self._expect(answer, answer.status == 200 and bool(answer.body), name)
            kind = answer.headers.get_content_type()
            self._expect(answer, kind in ("text/css", "text/javascript"), f"a stylesheet or script, not {kind}")

    @property
    def _path(self) -> str:
        return f"/events/{self.event['eventId']}"

    def _is_listed(self) -> bool:
        path: str | None = f"/events?from={_DATE}&limit=1"
        for _ in range(_MAX_PAGES):
            if path is None:
                return False
            answer = self._call("GET", path, 200)
            rows = answer.json()
            self._expect(answer, isinstance(rows, list), "a list")
            if self.event in rows:
                return True
            path = self._next(answer)
        raise FailedError(f"the list has more than {_MAX_PAGES} events on {_DATE}.")

    def _next(self, answer: Answer) -> str | None:
        link = re.fullmatch(r'<([^>]*)>; rel="next"', answer.headers.get("Link", ""))
        if link is None:
            return None
        address = urlsplit(link[1])
        self._expect(answer, address.path == f"{self.prefix}/events", f"a link back to this list, not to {link[1]!r}")
        return f"/events?{address.query}"

    def _full(self, path: str) -> str:
        return self.prefix + path

    def _call(self, method: str, path: str, status: int, body: Any = None) -> Answer:
        answer = self.visitor.call(method, path, body, Authorization=self.authorization)
        self._expect(answer, answer.status == status, str(status))
        return answer

    @staticmethod
    def _expect(answer: Answer, holds: bool, wanted: str) -> None:
        if not holds:
            raise FailedError(f"wanted {wanted}, got {answer}.")
