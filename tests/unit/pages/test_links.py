"""Links in descriptions: which addresses become links, and that nothing else becomes HTML."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from events.pages.links import linked
from events.visible_text import visible

PARTS = ["http://", "https://", "HTTPS://", "mailto:", "javascript:", "data:", "a.example", "@", ":80", "/", "?x=1&y=2"]
PARTS += [
    "#",
    "<b>",
    "</a>",
    '"',
    "'",
    "&lt;",
    "&",
    "(",
    ")",
    ".",
    " ",
    "\n",
    "\\",
    "\u202e",
    "\u200b",
    "[U+202E]",
    "ä",
    "م",
]


class Reader(HTMLParser):
    """The text of the HTML, and the address of each link."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(str(linked(text)))  # Markup would escape what the parser adds to it
    reader.close()
    return reader


def links(text: str) -> list[str | None]:
    return [attributes["href"] for _, attributes in read(text).tags]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See https://choir.example/winter.", ["https://choir.example/winter"]),
        ("(http://a.example/b_(c)) and", ["http://a.example/b_(c)"]),
        ("https://a.example/?x=1&y=2#z!", ["https://a.example/?x=1&y=2#z"]),
        ("HTTP://A.EXAMPLE:8080/", ["HTTP://A.EXAMPLE:8080/"]),
        ("mailto:hall@a.example?subject=Hi, or", ["mailto:hall@a.example?subject=Hi"]),
        ("https://a.example\nhttps://b.example", ["https://a.example", "https://b.example"]),
        ("<https://a.example>", ["https://a.example"]),
        ("https://bücher.example/ä", ["https://bücher.example/ä"]),
        ("https://a.example/" + "x" * 1980, ["https://a.example/" + "x" * 1980]),
    ],
)
def test_an_address_is_a_link(text: str, expected: list[str]) -> None:
    assert links(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "javascript://a.example/%0aalert(1)",
        "data:text/html,<b>",
        "ftp://a.example",
        "//a.example",
        "www.a.example",
        "https://",
        "https://)",
        "https:///a",
        "https://?x",
        "https://bank.example@evil.example/",
        "https://bank.example:443@evil.example/",
        "https://bank.example\u2100.evil.example/",
        "http://[",
        "mailto://[@a.example",
        "https://a\u202e.example/",
        "mailto:",
        "mailto:nobody",
        "xhttps://a.example",
        "https://a.example/" + "x" * 3000,
    ],
)
def test_anything_else_is_text(text: str) -> None:
    assert links(text) == []


def test_links_pass_on_no_rank_and_no_window() -> None:
    assert read("https://a.example").tags == [("a", {"href": "https://a.example", "rel": "nofollow noopener"})]


@given(st.one_of(st.text(), st.lists(st.one_of(st.sampled_from(PARTS), st.text(max_size=5))).map("".join)))
@example("https://a.example/\"onmouseover='alert(1)'")
@example("http://[")
def test_any_text_is_shown_as_it_is_with_links_that_say_where_they_lead(text: str) -> None:
    reader = read(text)
    assert reader.text == visible(text)
    for tag, attributes in reader.tags:
        assert (tag, set(attributes)) == ("a", {"href", "rel"})
        address = attributes["href"] or ""
        assert urlsplit(address).scheme in ("http", "https", "mailto")
        assert address in visible(text)
