"""Cursors: where a page of a list ended, as text that fits into an address. Nothing is kept, so none expires."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

from events.rules import allows


def encode(sort_key: str) -> str:
    return urlsafe_b64encode(sort_key.encode()).decode().rstrip("=")


def decode(cursor: str) -> str:
    """The sort key in a cursor. Raises ValueError if there is none."""
    try:
        sort_key = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        sort_key = ""
    date, _, event_id = sort_key.partition("#")
    if not (allows("date", date) and allows("eventId", event_id) and encode(sort_key) == cursor):
        raise ValueError("must be one that a page of this list gave")
    return sort_key
