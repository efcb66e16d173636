"""Addresses that are secrets: those of calendar feeds. They are kept out of logs and of Referer headers."""

from __future__ import annotations

import re

_FEEDS = "/staff/feed/"
# Also percent-encoded, as in `?next=`. The pattern of the URLs ("<str:token>.ics") is no secret.
_SECRET = re.compile(r"""((?:/|%2F)feed(?:/|%2F))(?!<)[^\s?&"'\\]+""", re.IGNORECASE)


def is_secret(path: str) -> bool:
    return path.startswith(_FEEDS)


def mask(text: str) -> str:
    """The text, with "…" in place of each secret."""
    return _SECRET.sub(r"\1…", text)
