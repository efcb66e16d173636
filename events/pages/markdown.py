"""Markdown in the API's documentation as HTML: code in backticks, paragraphs and lists. Everything else is text."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_CODE = re.compile(r"`([^`]+)`")
_BETWEEN_BLOCKS = re.compile(r"\n\s*\n")
_BEFORE_AN_ITEM = re.compile(r"(?:^|\n)\s*[-*] ")


def inline(text: str) -> Markup:
    """One line of text, with code in backticks."""
    parts = enumerate(_CODE.split(text))  # every second part was in backticks
    return Markup("").join(Markup("<code>{}</code>").format(part) if at % 2 else escape(part) for at, part in parts)


def prose(text: str) -> Markup:
    """Paragraphs, and lists whose items start with `-` or `*`."""
    return Markup("").join(_block(block) for block in _BETWEEN_BLOCKS.split(text.strip()) if block)


def _block(text: str) -> Markup:
    before, *items = _BEFORE_AN_ITEM.split(text)
    paragraph = Markup("<p>{}</p>").format(inline(before)) if before else Markup("")
    rows = Markup("").join(Markup("<li>{}</li>").format(inline(item)) for item in items)
    return paragraph + (Markup("<ul>{}</ul>").format(rows) if rows else Markup(""))
