"""Cursors: where a page of a list ended, as text that fits into an address. Nothing is kept, so none expires."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from functools import partial

from events.fields import allows

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


def encode(sort_key: str) -> str:
    return urlsafe_b64encode(sort_key.encode()).decode().rstrip("=")


def decode(cursor: str) -> str:
    """The sort key of an event in a cursor. Raises ValueError if there is none."""
    return _decode(cursor, partial(allows, "date"))


def decode_change(cursor: str) -> str:
    """The key of a change in a cursor: its time, and its event. Raises ValueError if there is none."""
    return _decode(cursor, _MOMENT.fullmatch)


def _decode(cursor: str, begins_well: Callable[[str], object]) -> str:
    try:
        sort_key = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        sort_key = ""
    beginning, _, event_id = sort_key.partition("#")
    if not (begins_well(beginning) and allows("eventId", event_id) and encode(sort_key) == cursor):
        raise ValueError("must be one that a page of this list gave")
    return sort_key
