"""Reads staff pages like a person: words, labels and links instead of markup."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the load test runs without Django
    from django.test import Client


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: dict[str, str] = {}
        self.fields: dict[str, list[str]] = {}
        self._link: str | None = None
        self._area: str | None = None
        self._in_one_word = False  # text in <bdi> continues the word before it

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self._in_one_word = self._in_one_word and tag == "bdi"
        if tag == "a":
            self._link = attributes.get("href", "")
        elif tag == "input" and "name" in attributes:
            if attributes.get("type") not in ("checkbox", "radio") or "checked" in attributes:
                self.fields.setdefault(attributes["name"], []).append(attributes.get("value", ""))
        elif tag == "textarea":
            self._area = attributes.get("name", "")
            self.fields[self._area] = [""]

    def handle_endtag(self, tag: str) -> None:
        self._in_one_word = self._in_one_word and tag == "bdi"
        if tag == "a":
            self._link = None
        elif tag == "textarea" and self._area is not None:
            # HTML ignores the first line break, so Django writes one.
            self.fields[self._area][0] = self.fields[self._area][0].removeprefix("\n")
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.fields[self._area][0] += data
            return
        if self._in_one_word:
            self.words[-1] += data
        else:
            self.words.append(data)
        self._in_one_word = True
        if self._link is not None and data.strip():
            self.links.setdefault(" ".join(data.split()), self._link)


def _read(response: Any) -> _Reader:
    reader = _Reader()
    reader.feed(response.content.decode())
    return reader


def text(response: Any) -> str:
    """The text of a page, in one line."""
    return " ".join(" ".join(_read(response).words).split())


def links(response: Any) -> dict[str, str]:
    """The address of each link, by its text."""
    return _read(response).links


def fields(response: Any) -> dict[str, str]:
    """The values of the form fields by name (the last of each name), without the CSRF token."""
    found = {name: values[-1] for name, values in _read(response).fields.items()}
    return {name: value for name, value in found.items() if name not in ("csrfmiddlewaretoken", "next")}


def batch_address(response: Any) -> str:
    """The address of the batch that a preview waits to have confirmed; empty if there is none."""
    found = re.findall(r'<form method="post" action="(/staff/batches/[^"?]+)', response.content.decode())
    return str(found[0]) if found else ""


def titles(response: Any) -> list[str]:
    """The titles in the list, in order."""
    found = re.findall(r'class="title"[^>]*><a [^>]*>([^<]*)<', response.content.decode())
    return [unescape(title) for title in found]


def submit(client: Client, path: str, **changes: Any) -> Any:
    """Opens a page with a form, changes some fields and sends the form."""
    return client.post(path, {**fields(client.get(path)), **changes})


def undo_address(response: Any) -> str:
    """The address of the Undo button in the message of a page."""
    found = re.search(
        r'<form method="post" action="([^"]*)"[^>]*>(?:(?!</form>).)*Undo', response.content.decode(), re.DOTALL
    )
    assert found, text(response)
    return unescape(found[1])
