"""The rules of the fields. The API, the forms and the imports all use them, through events.fields.

A rule returns a valid value unchanged. For any other it raises RuleError; the message completes a sentence that
begins with the field's name ("must not be empty").
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Literal

MAX_TEXT_BYTES = 1024
MAX_EVENT_ID_BYTES = 512
MAX_DESCRIPTION_CHARACTERS = 65_536
MAX_CAPACITY = 10**15

_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_CHARACTER_IN_PROSE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

# The kinds of errors in the API, which docs/api.md explains. Programs compare them, so none is removed or renamed.
Code = Literal[
    "contradiction",
    "empty",
    "id_mismatch",
    "idempotency_key_reused",
    "invalid",
    "invalid_characters",
    "invalid_cursor",
    "invalid_date",
    "invalid_id",
    "invalid_idempotency_key",
    "invalid_json",
    "invalid_token",
    "not_a_choice",
    "not_an_integer",
    "not_an_object",
    "not_text",
    "null",
    "out_of_range",
    "repeated",
    "required",
    "too_long",
    "too_many",
    "unknown_field",
    "unknown_parameter",
]


class RuleError(ValueError):
    """A value breaks a rule. The message is the one of the exception."""

    def __init__(self, code: Code, message: str) -> None:
        self.code = code
        super().__init__(message)


def _wrong_type(value: Any, code: Code, message: str) -> RuleError:
    return RuleError("null" if value is None else code, message)


def _text(value: Any, control_character: re.Pattern[str] = _CONTROL_CHARACTER) -> str:
    if not isinstance(value, str):
        raise _wrong_type(value, "not_text", "must be text")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            message = f"has half a surrogate pair (U+{ord(value[error.start]):04X})"
            raise RuleError("invalid_characters", message) from None
    if found := control_character.search(value):
        raise RuleError("invalid_characters", f"has a control character (U+{ord(found[0]):04X})")
    return value


def short_text(value: Any, max_bytes: int = MAX_TEXT_BYTES) -> str:
    text = _text(value)
    if not text.strip():
        raise RuleError("empty", "must not be empty")
    if len(text) > max_bytes or len(text.encode()) > max_bytes:
        raise RuleError("too_long", f"must be at most {max_bytes:,} bytes long in UTF-8")
    return text


def event_id(value: Any) -> str:
    text = short_text(value, MAX_EVENT_ID_BYTES)
    if "/" in text or text in (".", ".."):
        raise RuleError("invalid_id", "must not contain '/', and must not be '.' or '..'")
    return text


def prose(value: Any) -> str:
    text = _text(value, _CONTROL_CHARACTER_IN_PROSE)
    if len(text) > MAX_DESCRIPTION_CHARACTERS:
        raise RuleError("too_long", f"must be at most {MAX_DESCRIPTION_CHARACTERS:,} characters long")
    return text


def day(value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong_type(value, "not_text", "must be text, a date as YYYY-MM-DD")
    if not _DATE.fullmatch(value):
        raise RuleError("invalid_date", "must be a date as YYYY-MM-DD")
    try:
        date.fromisoformat(value)
    except ValueError:
        raise RuleError("invalid_date", "must be a day that exists") from None
    return value


def capacity(value: Any) -> int:
    if isinstance(value, float) and abs(value) > MAX_CAPACITY:  # the parser reads JSON's longest integers as floats
        raise RuleError("out_of_range", "must not be negative" if value < 0 else f"must be at most {MAX_CAPACITY:,}")
    if type(value) is not int:  # isinstance would accept a bool
        raise _wrong_type(value, "not_an_integer", "must be a whole number")
    if value < 0:
        raise RuleError("out_of_range", "must not be negative")
    if value > MAX_CAPACITY:
        raise RuleError("out_of_range", f"must be at most {MAX_CAPACITY:,}")
    return value
