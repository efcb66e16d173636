"""Cursors: the place where a page of a list ended, as text for an address. They are not stored, so none expires."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from functools import partial

from events.fields import allows
from events.rules import RuleError

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


def encode(sort_key: str) -> str:
    return urlsafe_b64encode(sort_key.encode()).decode().rstrip("=")


def decode(cursor: str) -> str:
    """The sort key of an event. Raises RuleError if the cursor is invalid."""
    return _decode(cursor, partial(allows, "date"))


def decode_change(cursor: str) -> str:
    """The key of a change: its time and its event. Raises RuleError if the cursor is invalid."""
    return _decode(cursor, _MOMENT.fullmatch)


def _decode(cursor: str, is_valid_start: Callable[[str], object]) -> str:
    try:
        sort_key = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        sort_key = ""
    start, _, event_id = sort_key.partition("#")
    if not (is_valid_start(start) and allows("eventId", event_id) and encode(sort_key) == cursor):
        raise RuleError("invalid_cursor", "must be a cursor from a page of this list")
    return sort_key
