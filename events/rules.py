"""The rule of every field, written once: for the API, and whatever else takes an event in.

A rule takes a value of any type and returns it as it is, or raises ValueError with the end of a sentence that starts
with the field's name ("must not be empty").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from events.visible_text import trimmed

MAX_TEXT_BYTES = 1024
MAX_EVENT_ID_BYTES = 512
MAX_DESCRIPTION_CHARACTERS = 65_536
MAX_CAPACITY = 10**15

_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_CHARACTER_IN_PROSE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _text(value: Any, control_character: re.Pattern[str] = _CONTROL_CHARACTER) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"has half a surrogate pair (U+{ord(value[error.start]):04X})") from None
    if found := control_character.search(value):
        raise ValueError(f"has a control character (U+{ord(found[0]):04X})")
    return value


def _short_text(value: Any, max_bytes: int = MAX_TEXT_BYTES) -> str:
    text = _text(value)
    if not text.strip():
        raise ValueError("must not be empty")
    if len(text) > max_bytes or len(text.encode()) > max_bytes:
        raise ValueError(f"must be at most {max_bytes:,} bytes long in UTF-8")
    return text


def _event_id(value: Any) -> str:
    event_id = _short_text(value, MAX_EVENT_ID_BYTES)
    if "/" in event_id or event_id in (".", ".."):
        raise ValueError("must fit into an address: no '/', and not '.' or '..'")
    return event_id


def _description(value: Any) -> str:
    text = _text(value, _CONTROL_CHARACTER_IN_PROSE)
    if len(text) > MAX_DESCRIPTION_CHARACTERS:
        raise ValueError(f"must be at most {MAX_DESCRIPTION_CHARACTERS:,} characters long")
    return text


def _date(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text, a date as YYYY-MM-DD")
    if not _DATE.fullmatch(value):
        raise ValueError("must be a date as YYYY-MM-DD")
    try:
        date.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a day that exists") from None
    return value


def _capacity(value: Any) -> int:
    if isinstance(value, float) and abs(value) > MAX_CAPACITY:  # as which JSON's longest integers arrive
        raise ValueError("must not be negative" if value < 0 else f"must be at most {MAX_CAPACITY:,}")
    if type(value) is not int:  # bool is an int to isinstance
        raise ValueError("must be a whole number")
    if value < 0:
        raise ValueError("must not be negative")
    if value > MAX_CAPACITY:
        raise ValueError(f"must be at most {MAX_CAPACITY:,}")
    return value


RULES: dict[str, Callable[[Any], Any]] = {
    "eventId": _event_id,
    "title": _short_text,
    "description": _description,
    "date": _date,
    "location": _short_text,
    "capacity": _capacity,
    "organizer": _short_text,
    "status": _short_text,
}


# What people call the fields.
LABELS = {
    "eventId": "Event ID",
    "title": "Title",
    "description": "Description",
    "date": "Date",
    "location": "Location",
    "capacity": "Capacity",
    "organizer": "Organizer",
    "status": "Status",
}


# With spaces at their ends these look the same. A description is kept as typed: its spaces can be meant.
TRIMMED_FIELDS = frozenset({"eventId", "title", "location", "organizer", "status"})


def without_spaces(field: str, value: Any) -> Any:
    """What a person typed for this field, without spaces at its ends."""
    return trimmed(value) if field in TRIMMED_FIELDS else value


def trim_changes(typed: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """What a person typed, without spaces at its ends; a value that is exactly the stored one was not typed."""
    return {name: value if value == stored.get(name) else without_spaces(name, value) for name, value in typed.items()}


def allows(field: str, value: Any) -> bool:
    """Whether an event could have this value: if not, nothing needs to be looked up to know that none has."""
    try:
        RULES[field](value)
    except ValueError:
        return False
    return True
