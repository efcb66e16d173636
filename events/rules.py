"""The rules of the fields. The API, the forms and the imports all use them, through events.fields.

A rule returns a valid value unchanged. For any other it raises ValueError; the message completes a sentence that
begins with the field's name ("must not be empty").
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

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


def short_text(value: Any, max_bytes: int = MAX_TEXT_BYTES) -> str:
    text = _text(value)
    if not text.strip():
        raise ValueError("must not be empty")
    if len(text) > max_bytes or len(text.encode()) > max_bytes:
        raise ValueError(f"must be at most {max_bytes:,} bytes long in UTF-8")
    return text


def event_id(value: Any) -> str:
    text = short_text(value, MAX_EVENT_ID_BYTES)
    if "/" in text or text in (".", ".."):
        raise ValueError("must not contain '/', and must not be '.' or '..'")
    return text


def prose(value: Any) -> str:
    text = _text(value, _CONTROL_CHARACTER_IN_PROSE)
    if len(text) > MAX_DESCRIPTION_CHARACTERS:
        raise ValueError(f"must be at most {MAX_DESCRIPTION_CHARACTERS:,} characters long")
    return text


def day(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text, a date as YYYY-MM-DD")
    if not _DATE.fullmatch(value):
        raise ValueError("must be a date as YYYY-MM-DD")
    try:
        date.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a day that exists") from None
    return value


def capacity(value: Any) -> int:
    if isinstance(value, float) and abs(value) > MAX_CAPACITY:  # the parser reads JSON's longest integers as floats
        raise ValueError("must not be negative" if value < 0 else f"must be at most {MAX_CAPACITY:,}")
    if type(value) is not int:  # isinstance would accept a bool
        raise ValueError("must be a whole number")
    if value < 0:
        raise ValueError("must not be negative")
    if value > MAX_CAPACITY:
        raise ValueError(f"must be at most {MAX_CAPACITY:,}")
    return value
