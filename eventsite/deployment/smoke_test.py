"""Seven checks that a deployed site works: over HTTP, or by invoking a version of its function.

They leave two lines in the history, and for a day the record that their event was deleted.
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
from events.fields import FIELDS
from eventsite.accounts import keys
from eventsite.accounts.domain import Scope
from eventsite.deployment import DeploymentError
from eventsite.deployment.http_client import Client, Response
from eventsite.deployment.invocation import Invocation
from eventsite.stack import Say

_ACTOR = Actor("manage.py")
_NAME = "deploy-check"
_DATE = "9999-12-31"  # after all real events
# A new API Gateway does not always find its function at once.
SECONDS_TO_START = 45
SECONDS_TO_LIST = 15
_MAX_PAGES = 50
_STATIC = re.compile(r'(?:href|src)="([^"]*/static/[^"]+\.(?:css|js))"')


class FailedError(Exception):
    """What a check expected, and the response that it got."""


def run_smoke_test(client: Client | Invocation, prefix: str, say: Say) -> None:
    """Says a line for each check. Raises DeploymentError at the first that fails."""
    with _access() as (token, event_id):
        test = SmokeTest(client, prefix, token, event_id)
        for name, check in test.checks.items():
            start = time.monotonic()
            try:
                check()
            except (FailedError, OSError, http.client.HTTPException) as error:
                raise DeploymentError(f"The smoke test failed at '{name}': {error}") from error
            say(f"{name:14}{(time.monotonic() - start) * 1000:6.0f} ms")


@contextmanager
def _access() -> Iterator[tuple[str, str]]:
    """A new API key and an eventId. Afterwards the key and the event are deleted, even if a check failed."""
    event_id = f"{_NAME}-{secrets.token_hex(4)}"
    key, token = keys.create_key(event_id, Scope.WRITE, _ACTOR)
    try:
        yield token, event_id
    finally:
        try:
            services.delete_event(event_id, _ACTOR)  # not over HTTP, which may not work
        except EventNotFoundError:
            pass
        finally:
            keys.discard_key(key)


class SmokeTest:
    """The checks. Each raises FailedError, OSError or HTTPException if it fails."""

    def __init__(self, client: Client | Invocation, prefix: str, token: str, event_id: str) -> None:
        self.client = client
        self.prefix = prefix
        self.authorization = f"Bearer {token}"
        self.event = {
            **{field.name: field.example for field in FIELDS},
            "eventId": event_id,
            "title": "Deployment check, deleted at once",
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
        deadline = time.monotonic() + (SECONDS_TO_START if isinstance(self.client, Client) else 0)
        while True:
            try:
                response = self.client.call("GET", "/healthz")
                if response.status == 200:
                    return
                # A new gateway may respond with these for a while. Others are errors of the site itself.
                retry = response.status in (403, 429, 500, 502, 503, 504)
                failure: Exception = FailedError(f"expected 200, got {response}.")
            except OSError as error:
                retry, failure = True, error
            if not retry or time.monotonic() > deadline:
                raise failure
            time.sleep(2)

    def create(self) -> None:
        response = self._call("POST", "/events", 201, self.event)
        self._expect(response, response.json() == self.event, "the event")
        location = response.headers.get("Location", "")
        self._expect(
            response, location == f"{self.prefix}/events/{self.event['eventId']}", f"its address, not {location!r}"
        )

    def read(self) -> None:
        response = self._call("GET", self._path, 200)
        self._expect(response, response.json() == self.event, "the event")
        self._expect(response, bool(response.headers.get("ETag")), "an ETag")

    def list(self) -> None:
        """Follows the links from page to page, since other events may have the same date."""
        deadline = time.monotonic() + SECONDS_TO_LIST
        while not self._is_listed():
            if time.monotonic() > deadline:
                raise FailedError("the created event is not in the list.")
            time.sleep(1)

    def delete(self) -> None:
        self._call("DELETE", self._path, 204)
        self._call("GET", self._path, 404)

    def sign_in(self) -> None:
        home = self.client.call("GET", "/staff/", Accept="text/html")
        self._expect(home, home.status in (302, 303), "a redirect to the sign-in page")
        target = urlsplit(urljoin(f"{self.prefix}/staff/", home.headers.get("Location", "")))
        self._expect(
            home, target.path.startswith(f"{self.prefix}/staff/"), f"an address of this site, not {target.path!r}"
        )
        path = target.path.removeprefix(self.prefix) + (f"?{target.query}" if target.query else "")
        page = self.client.call("GET", path, Accept="text/html")
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
            raise FailedError(f"the sign-in page must use files under {self.prefix}/static/, but uses {names}.")
        for name in names:
            response = self.client.call("GET", name.removeprefix(self.prefix), Accept_Encoding="gzip")
            self._expect(response, response.status == 200 and bool(response.body), name)
            kind = response.headers.get_content_type()
            self._expect(response, kind in ("text/css", "text/javascript"), f"a stylesheet or script, not {kind}")

    @property
    def _path(self) -> str:
        return f"/events/{self.event['eventId']}"

    def _is_listed(self) -> bool:
        path: str | None = f"/events?from={_DATE}&limit=1"
        for _ in range(_MAX_PAGES):
            if path is None:
                return False
            response = self._call("GET", path, 200)
            rows = response.json()
            self._expect(response, isinstance(rows, list), "a list")
            if self.event in rows:
                return True
            path = self._next(response)
        raise FailedError(f"the list has more than {_MAX_PAGES} events on {_DATE}.")

    def _next(self, response: Response) -> str | None:
        link = re.match(r'<([^>]*)>; rel="next"', response.headers.get("Link", ""))
        if link is None:
            return None
        address = urlsplit(link[1])
        self._expect(response, address.path == f"{self.prefix}/events", f"a link to this list, not to {link[1]!r}")
        return f"/events?{address.query}"

    def _call(self, method: str, path: str, status: int, body: Any = None) -> Response:
        response = self.client.call(method, path, body, Authorization=self.authorization)
        self._expect(response, response.status == status, str(status))
        return response

    @staticmethod
    def _expect(response: Response, holds: bool, expected: str) -> None:
        if not holds:
            raise FailedError(f"expected {expected}, got {response}.")
