"""The rule of every field, at and beyond its limits."""

from __future__ import annotations

from typing import Any

import pytest

from events import rules
from events.fields import FIELDS, RULES, allows
from events.rules import RuleError

SHORT_TEXTS = [field.name for field in FIELDS if field.rule is rules.short_text]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            (field, value)
            for field in SHORT_TEXTS
            for value in ("x", " x ", "x" * 1024, "é" * 512, "🎪" * 256, "\u200b")
        ),
        ("eventId", "x" * 512),
        ("eventId", "é" * 256),
        ("eventId", "..."),
        ("eventId", "a?b#c%2F+ é"),
        ("description", ""),
        ("description", " \n\t "),
        ("description", "🎪" * 65_536),
        ("date", "0001-01-01"),
        ("date", "9999-12-31"),
        ("date", "2028-02-29"),
        ("capacity", 0),
        ("capacity", 10**15),
    ],
)
def test_rules_return_valid_values_unchanged(field: str, value: Any) -> None:
    assert RULES[field](value) is value


CODES = {
    "must not be empty": "empty",
    "must be text": "not_text",
    "has ": "invalid_characters",
    "must not contain": "invalid_id",
    "must be a da": "invalid_date",
    "must be a whole": "not_an_integer",
    "must be at most 1,000,000": "out_of_range",
    "must not be negative": "out_of_range",
    "must be at most": "too_long",
}
CONTROL = "has a control character (U+{})"
TOO_LONG = "must be at most 1,024 bytes long in UTF-8"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        *((field, "", "must not be empty") for field in [*SHORT_TEXTS, "eventId"]),
        *((field, " \u2003\u00a0", "must not be empty") for field in [*SHORT_TEXTS, "eventId"]),
        *((field, "x" * 1025, TOO_LONG) for field in SHORT_TEXTS),
        *((field, "é" * 513, TOO_LONG) for field in SHORT_TEXTS),
        *((field, 5, "must be text") for field in [*SHORT_TEXTS, "eventId", "description"]),
        *((field, None, "must be text") for field in [*SHORT_TEXTS, "eventId", "description"]),
        *((field, "a\nb", CONTROL.format("000A")) for field in [*SHORT_TEXTS, "eventId"]),
        *((field, "a\x00", CONTROL.format("0000")) for field in [*SHORT_TEXTS, "eventId", "description"]),
        *((field, "\x85", CONTROL.format("0085")) for field in [*SHORT_TEXTS, "eventId", "description"]),
        *(
            (field, "\ud800", "has half a surrogate pair (U+D800)")
            for field in [*SHORT_TEXTS, "eventId", "description"]
        ),
        ("description", "a\r\nb", CONTROL.format("000D")),
        ("description", "x" * 65_537, "must be at most 65,536 characters long"),
        ("eventId", "x" * 513, "must be at most 512 bytes long in UTF-8"),
        ("eventId", "a/b", "must not contain '/', and must not be '.' or '..'"),
        ("eventId", ".", "must not contain '/', and must not be '.' or '..'"),
        ("eventId", "..", "must not contain '/', and must not be '.' or '..'"),
        ("date", "2026-02-30", "must be a day that exists"),
        ("date", "0000-01-01", "must be a day that exists"),
        ("date", "20261201", "must be a date as YYYY-MM-DD"),
        ("date", "2026-12-01T00:00:00", "must be a date as YYYY-MM-DD"),
        ("date", "\u0662\u0660\u0662\u0666-12-01", "must be a date as YYYY-MM-DD"),
        ("date", "2026-12-01\n", "must be a date as YYYY-MM-DD"),
        ("date", 20261201, "must be text, a date as YYYY-MM-DD"),
        ("capacity", -1, "must not be negative"),
        ("capacity", 10**15 + 1, "must be at most 1,000,000,000,000,000"),
        *(("capacity", value, "must be a whole number") for value in ("5", 5.0, True, False, None, [5])),
    ],
)
def test_rules_say_what_is_wrong(field: str, value: Any, message: str) -> None:
    with pytest.raises(RuleError) as raised:
        RULES[field](value)
    assert str(raised.value) == message
    expected = next(code for beginning, code in CODES.items() if message.startswith(beginning))
    assert raised.value.code == ("null" if value is None else expected)
    assert not allows(field, value)
