"""Makes the addresses in a description clickable. Everything else is text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from events.visible_text import visible

# What may be an address, up to the next space. Only a whole match of `_ADDRESS` becomes a link.
_CANDIDATE = re.compile(r"\b(?:https?://|mailto:)[^\s<>\"'`\\]+", re.IGNORECASE)
# Without a name before the host: "https://bank.example@other.example" leads to the second one.
_ADDRESS = re.compile(r"https?://[^/?#@:]+(?::[0-9]+)?(?:[/?#].*)?|mailto:[^@?]+@[^@?]+(?:\?.*)?", re.IGNORECASE)
_MAX_LENGTH = 2000
_AFTER_AN_ADDRESS = ".,;:!?…"
_LINK = Markup('<a href="{0}" rel="nofollow noopener">{0}</a>')


def linked(text: str) -> Markup:
    """The visible text as HTML. Addresses with http, https or mailto are links."""
    return Markup("").join(_parts(visible(text)))


def _parts(text: str) -> Iterator[Markup]:
    end = 0
    for found in _CANDIDATE.finditer(text):
        address = _without_punctuation(found[0])
        if _may_be_a_link(address):
            yield escape(text[end : found.start()])
            yield _LINK.format(address)
            end = found.start() + len(address)
    yield escape(text[end:])


def _may_be_a_link(address: str) -> bool:
    # A hidden character, which `visible` has named, would make the link lead elsewhere than it says.
    if len(address) > _MAX_LENGTH or "[U+" in address or not _ADDRESS.fullmatch(address):
        return False
    try:
        urlsplit(address)
    except ValueError:  # a bracket in the host, or a character that browsers read as "/", "?", "#", "@" or ":"
        return False
    return True


def _without_punctuation(address: str) -> str:
    """Without the punctuation of the sentence around it: a closing bracket belongs to it only if it opens in it."""
    surplus = address.count(")") - address.count("(")
    end = len(address)
    while end and (address[end - 1] in _AFTER_AN_ADDRESS or (address[end - 1] == ")" and surplus > 0)):
        surplus -= address[end - 1] == ")"
        end -= 1
    return address[:end]
