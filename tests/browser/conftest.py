"""Chromium against the real site. A test fails on console errors and on violations of the Content-Security-Policy."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, sync_playwright

from events import services
from events.pages.today import today
from events.tasks import Batch
from tests.browser.full_desk import fill_desk
from tests.support import chromium
from tests.support.builders import ACTOR, PASSWORD, make_fields
from tests.support.http_server import Server

# Playwright keeps an event loop in this thread. Without this, Django refuses some calls of later tests.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Chromium also reports intended error responses on the console.
_EXPECTED = (
    *(f"status of {status}" for status in (403, 404, 409, 410, 422, 429)),
    "Response Status Error Code 409",  # htmx, for a request that a test makes fail
    "does not conform to the required format",  # an invalid date in an address
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=chromium.installed(), args=_FLAGS)
        except Error as error:
            pytest.fail(f"{chromium.NEEDED} ({error.message[:200]})")
        yield started
        started.close()


Open = Callable[..., Page]


@pytest.fixture
def open_browser(browser: Browser, server: Server, tmp_path: Path) -> Iterator[Open]:
    """Opens a new window in which nobody is signed in. The options are Playwright's."""
    contexts: list[BrowserContext] = []
    reported: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(expected in message.text for expected in _EXPECTED):
            reported.append(f"{message.location.get('url')}: {message.text}")

    def open_one(**options: Any) -> Page:
        # Without Bootstrap's transitions: during one, axe would measure colours between two.
        defaults: dict[str, Any] = {
            "base_url": server.url,
            "locale": "en-GB",
            "accept_downloads": True,
            "reduced_motion": "reduce",
        }
        context = browser.new_context(**{**defaults, **options})
        context.set_default_timeout(15_000)
        contexts.append(context)
        context.on("console", listen)
        context.on("weberror", lambda error: reported.append(str(error.error)))
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()
    assert reported == []


@pytest.fixture
def desk(open_browser: Open, admin: Client, server: Server) -> Page:
    """A window in which ada, an admin, is signed in, and the home page is shown."""
    page = open_browser(viewport={"width": 1280, "height": 800})
    for cookie in admin.cookies.values():
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": server.url}])
    page.goto("/staff/")
    return page


@pytest.fixture
def full_desk() -> dict[str, Batch]:
    return fill_desk()


def sign_in(page: Page, username: str, password: str = PASSWORD) -> None:
    page.goto("/staff/login/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/staff/")


def store(event_id: str = "launch", **overrides: Any) -> None:
    """Stores an event with the date of today."""
    services.create_event(make_fields(eventId=event_id, **{"date": today().isoformat(), **overrides}), ACTOR)


@pytest.fixture(autouse=True)
def real_cookies() -> None:
    """The site's cookies must work over http, as with `make run`."""
    assert not django_settings.SESSION_COOKIE_SECURE
