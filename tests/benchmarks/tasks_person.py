"""A person at a browser: every click, key and page is counted.

A field costs a click, unless it has the focus already, and a key for each character. One key selects the text in it.
A list of choices costs two clicks: open, choose. Scrolling, reading and moving the mouse cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, Request

_KEYS_OF_A_DATE = 8  # the browser's own field of a date takes its digits only


@dataclass
class Steps:
    """What one task takes. `pages`: documents that were loaded; `parts`: requests of htmx, which replace a part."""

    clicks: int = 0
    keys: int = 0
    pages: int = 0
    parts: int = 0
    times: int = 1
    note: str = ""

    def __str__(self) -> str:
        return ", ".join(f"{number * self.times:,}" for number in (self.clicks, self.keys, self.pages))


class Person:
    def __init__(self, browser: Browser, home: str) -> None:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", reduced_motion="reduce")
        context.set_default_timeout(15_000)
        self.page: Page = context.new_page()
        self.steps = Steps()
        self._home = home
        self.page.on("domcontentloaded", self._count_page)
        self.page.on("request", self._count_part)

    def _count_page(self, _: Page) -> None:
        self.steps.pages += 1

    def _count_part(self, request: Request) -> None:
        self.steps.parts += "hx-request" in request.headers

    def start(self) -> None:
        """Opens the site's home page, and counts from there."""
        self.page.emulate_media(media="screen")
        self.page.goto(self._home)
        self.steps = Steps()

    def click(self, target: Locator, with_shift: bool = False) -> None:
        target.click(modifiers=["Shift"] if with_shift else [])
        self.steps.clicks += 1
        self.steps.keys += with_shift

    def open(self, target: Locator) -> None:
        """A click that leads to another page."""
        with self.page.expect_event("domcontentloaded"):
            self.click(target)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.steps.keys += 1

    def type(self, target: Locator, text: str) -> None:
        if not target.evaluate("field => field === document.activeElement"):
            self.click(target)
        if target.get_attribute("type") == "date":
            target.fill(text)
            self.steps.keys += _KEYS_OF_A_DATE
            return
        if target.input_value():
            self.press("Control+a")
        self.page.keyboard.type(text)
        self.steps.keys += len(text)

    def choose(self, target: Locator, value: str) -> None:
        target.select_option(value)
        self.steps.clicks += 2

    def choose_file(self, target: Locator, file: Path) -> None:
        """The dialog of the system counts as one key."""
        with self.page.expect_file_chooser() as chooser:
            self.click(target)
        chooser.value.set_files(file)
        self.steps.keys += 1
