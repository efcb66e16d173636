"""Cursors: the place where a page of a list ended, as text for an address. They are not stored, so none expires."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from events.fields import allows
from events.rules import RuleError

MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_MARKS = re.compile(r"-?<?")


class Start(NamedTuple):
    """Where a page of a list starts: after this sort key in the list's order, or with `back`, before it.

    An empty key: at the first event, or with `back`, at the last.
    """

    key: str = ""
    latest_first: bool = False
    back: bool = False


def encode_start(start: Start) -> str:
    """Marks its order and direction, because the same key would start another page in another list.

    The first page has no cursor: "".
    """
    if not (start.key or start.back):
        return ""
    return encode(f"{'-' * start.latest_first}{'<' * start.back}{start.key}")


def decode_start(cursor: str) -> Start:
    """Raises RuleError if the cursor is invalid."""
    text = _text(cursor)
    marks = "".join(_MARKS.findall(text)[:1])
    start = Start(text[len(marks) :], "-" in marks, "<" in marks)
    if start.key or not start.back:
        _check(start.key, partial(allows, "date"))
    return start


def encode(sort_key: str) -> str:
    return urlsafe_b64encode(sort_key.encode()).decode().rstrip("=")


def decode(cursor: str) -> str:
    """The sort key of an event. Raises RuleError if the cursor is invalid."""
    return _decode(cursor, partial(allows, "date"))


def decode_change(cursor: str) -> str:
    """The key of a change: its time and its event. Raises RuleError if the cursor is invalid."""
    return _decode(cursor, MOMENT.fullmatch)


def _decode(cursor: str, is_valid_start: Callable[[str], object]) -> str:
    key = _text(cursor)
    _check(key, is_valid_start)
    return key


def _text(cursor: str) -> str:
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        raise _invalid() from None
    if encode(text) != cursor:
        raise _invalid()
    return text


def _check(key: str, is_valid_start: Callable[[str], object]) -> None:
    start, _, event_id = key.partition("#")
    if not (is_valid_start(start) and allows("eventId", event_id)):
        raise _invalid()


def _invalid() -> RuleError:
    return RuleError("invalid_cursor", "must be a cursor from a page of this list")
