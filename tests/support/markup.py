"""Finds the mistakes in HTML that `vnu` found on these pages, without `vnu`."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_WITH_PLACEHOLDER = {"email", "number", "password", "search", "tel", "text", "url"}
_WITHOUT_NAME = {"div", "span", "p"}  # unless they have a role
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TOO_PRECISE = re.compile(r"\.\d{4}")


class _Checker(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.mistakes: list[str] = []
        self._ids: set[str] = set()
        self._level = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "input" and "placeholder" in given and given.get("type", "text") not in _WITH_PLACEHOLDER:
            self._add(f"<input type={given['type']}> has a placeholder")
        if tag in _WITHOUT_NAME and "aria-label" in given and "role" not in given:
            self._add(f"<{tag}> has an aria-label but no role")
        if tag == "label" and "aria-live" in given:
            self._add("<label> has aria-live")
        if given.get("type") == "date" and given.get("value") and not _DATE.fullmatch(given["value"]):
            self._add(f"<input type=date> has the value {given['value']}")
        if tag == "time" and _TOO_PRECISE.search(given.get("datetime", "")):
            self._add(f"<time datetime={given['datetime']}> has more than three digits of a second")
        if "id" in given:
            if given["id"] in self._ids:
                self._add(f"two elements have the id {given['id']}")
            self._ids.add(given["id"])
        if re.fullmatch("h[1-6]", tag):
            if int(tag[1]) > self._level + 1:
                self._add(f"<{tag}> follows <h{self._level}>")
            self._level = int(tag[1])

    def _add(self, mistake: str) -> None:
        self.mistakes.append(f"line {self.getpos()[0]}: {mistake}")


def mistakes_in(html: str) -> list[str]:
    """Each mistake with its line."""
    checker = _Checker()
    checker.feed(html)
    return checker.mistakes
