"""The fields of an event, one row each. All other lists of fields are derived from this table, or tested against it.

CONTRIBUTING.md, "Recipes", says how to add a field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from events import rules
from events.rules import MAX_CAPACITY, MAX_DESCRIPTION_CHARACTERS, MAX_EVENT_ID_BYTES, MAX_TEXT_BYTES
from events.visible_text import trimmed


class Field(NamedTuple):
    """`rule` returns a valid value unchanged, and raises ValueError for any other; `schema` is the same as JSON Schema.

    `width`: of the column in a workbook, in characters. `required`: forms and imports refuse an empty value.
    `in_summary`: rows of lists have it. `trimmed`: people's text is stored without spaces at its ends.
    """

    name: str
    label: str
    rule: Callable[[Any], Any]
    schema: dict[str, Any]
    example: str | int
    width: int
    kind: type[str | int] = str
    required: bool = True
    in_summary: bool = True
    trimmed: bool = False


# JSON Schema counts characters, the rules count bytes of UTF-8.
_CONTROL = r"\x00-\x1f\x7f-\x9f"
_SHORT_TEXT = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_TEXT_BYTES,
    "pattern": rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$",
    "description": f"At most {MAX_TEXT_BYTES} bytes of UTF-8, no control characters, not only white space.",
}
_EVENT_ID = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_EVENT_ID_BYTES,
    "pattern": rf"^(?!\.{{1,2}}$)[^/{_CONTROL}]*[^\s/{_CONTROL}][^/{_CONTROL}]*$",
    "description": f"At most {MAX_EVENT_ID_BYTES} bytes of UTF-8, no `/`, no control characters, not `.` or `..`.",
}
_PROSE = {
    "type": "string",
    "maxLength": MAX_DESCRIPTION_CHARACTERS,
    "pattern": r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$",
    "description": "No control characters except newline and tab.",
}
_DATE = {"type": "string", "format": "date", "description": "A day that exists, as YYYY-MM-DD."}
_CAPACITY = {
    "type": "integer",
    "format": "int64",
    "minimum": 0,
    "maximum": MAX_CAPACITY,
    "description": "Without a decimal point: `1338.0` is refused, although JSON Schema calls it an integer.",
}

FIELDS = (
    Field("eventId", "Event ID", rules.event_id, _EVENT_ID, "launch", width=20, required=False, trimmed=True),
    Field("title", "Title", rules.short_text, _SHORT_TEXT, "Launch night", width=36, trimmed=True),
    # Spaces at the ends of a description can be intended.
    Field(
        "description", "Description", rules.prose, _PROSE, "Doors at seven.", width=48, required=False, in_summary=False
    ),
    Field("date", "Date", rules.day, _DATE, "2026-12-01", width=12),
    Field("location", "Location", rules.short_text, _SHORT_TEXT, "Main hall", width=28, trimmed=True),
    Field("capacity", "Capacity", rules.capacity, _CAPACITY, 250, width=10, kind=int),
    Field("organizer", "Organizer", rules.short_text, _SHORT_TEXT, "Events team", width=24, trimmed=True),
    Field("status", "Status", rules.short_text, _SHORT_TEXT, "active", width=14, trimmed=True),
)

RULES = {field.name: field.rule for field in FIELDS}
LABELS = {field.name: field.label for field in FIELDS}
SUMMARY_NAMES = tuple(field.name for field in FIELDS if field.in_summary)
TRIMMED_FIELDS = frozenset(field.name for field in FIELDS if field.trimmed)


def without_spaces(field: str, value: Any) -> Any:
    """What a person typed into this field, without spaces at its ends."""
    return trimmed(value) if field in TRIMMED_FIELDS else value


def trim_changes(typed: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """What a person typed, without spaces at its ends; a value that equals the stored one stays as it is."""
    return {name: value if value == stored.get(name) else without_spaces(name, value) for name, value in typed.items()}


def allows(field: str, value: Any) -> bool:
    """Whether an event can have this value. If not, no query is needed to know that no event has it."""
    try:
        RULES[field](value)
    except ValueError:
        return False
    return True
