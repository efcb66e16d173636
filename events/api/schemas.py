"""What the API takes in, as OpenAPI shows it; the rules themselves are in events.rules."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationInfo, WithJsonSchema
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema

from events import cursors
from events.rules import MAX_CAPACITY, MAX_DESCRIPTION_CHARACTERS, MAX_EVENT_ID_BYTES, MAX_TEXT_BYTES, RULES

MAX_PAGE_SIZE = 1000
DEFAULT_PAGE_SIZE = 100
MAX_KEY_LENGTH = 255

# The rules as far as JSON Schema can say them. It counts characters where the rules count bytes of UTF-8.
_KEY_PATTERN = rf"[ -~]{{1,{MAX_KEY_LENGTH}}}"
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
_DESCRIPTION = {
    "type": "string",
    "maxLength": MAX_DESCRIPTION_CHARACTERS,
    "pattern": r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$",
    "description": "No control characters but newline and tab.",
}
DATE = {"type": "string", "format": "date", "description": "A day that exists, as YYYY-MM-DD."}
CAPACITY = {"type": "integer", "minimum": 0, "maximum": MAX_CAPACITY}

Title = Annotated[str, PlainValidator(RULES["title"]), WithJsonSchema(_SHORT_TEXT)]
Description = Annotated[str, PlainValidator(RULES["description"]), WithJsonSchema(_DESCRIPTION)]
Date = Annotated[str, PlainValidator(RULES["date"]), WithJsonSchema(DATE)]
Location = Annotated[str, PlainValidator(RULES["location"]), WithJsonSchema(_SHORT_TEXT)]
Capacity = Annotated[int, PlainValidator(RULES["capacity"]), WithJsonSchema(CAPACITY)]
Organizer = Annotated[str, PlainValidator(RULES["organizer"]), WithJsonSchema(_SHORT_TEXT)]
Status = Annotated[str, PlainValidator(RULES["status"]), WithJsonSchema(_SHORT_TEXT)]


_EXAMPLE: JsonDict = {
    "title": "Launch night",
    "description": "Doors at seven.",
    "date": "2026-12-01",
    "location": "Main hall",
    "capacity": 250,
    "organizer": "Events team",
    "status": "active",
}


def _event_id_or_none(value: Any) -> str | None:
    return None if value is None else RULES["eventId"](value)


class CreateEvent(BaseModel):
    """An event to store; without an `eventId` it gets a UUID."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    eventId: Annotated[
        str | None,
        PlainValidator(_event_id_or_none),
        WithJsonSchema({"anyOf": [_EVENT_ID, {"type": "null"}]}),
    ] = None
    title: Title
    description: Description
    date: Date
    location: Location
    capacity: Capacity
    organizer: Organizer
    status: Status


def _own_event_id(value: Any, info: ValidationInfo) -> Any:
    if info.context is None or value != info.context["request"].resolver_match.kwargs["eventId"]:
        raise ValueError("must be the one in the address, or be left out")
    return value


class UpdateEvent(BaseModel):
    """The fields to change; the others stay as they are. The event's own `eventId` may be repeated."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"capacity": 300}]})

    # JSON Schema has no way to say "the one in the address", so that one is not in it.
    eventId: Annotated[SkipJsonSchema[str], PlainValidator(_own_event_id)] = Field(default_factory=str, exclude=True)
    # The defaults are never read: what was not sent is not changed.
    title: Title = Field(default_factory=str)
    description: Description = Field(default_factory=str)
    date: Date = Field(default_factory=str)
    location: Location = Field(default_factory=str)
    capacity: Capacity = Field(default_factory=int)
    organizer: Organizer = Field(default_factory=str)
    status: Status = Field(default_factory=str)


def _page_size(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
        value = int(value)
    if not isinstance(value, int) or not 1 <= value <= MAX_PAGE_SIZE:
        raise ValueError(f"must be a whole number from 1 to {MAX_PAGE_SIZE:,}")
    return value


def _idempotency_key(value: Any) -> str:
    if not (isinstance(value, str) and re.fullmatch(_KEY_PATTERN, value)):
        raise ValueError(f"must be 1 to {MAX_KEY_LENGTH} printable ASCII characters")
    return value


IdempotencyKey = Annotated[
    str | None,
    PlainValidator(_idempotency_key),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{_KEY_PATTERN}$",
            "description": "A name for this create. The same name and body within 24 hours give the same answer.",
        }
    ),
]


class ListQuery(BaseModel):
    """Which events to list; everything that is given applies."""

    status: Annotated[str | None, WithJsonSchema({"type": "string"})] = None
    first_date: Annotated[Date | None, WithJsonSchema(DATE)] = Field(default=None, alias="from")
    last_date: Annotated[Date | None, WithJsonSchema(DATE)] = Field(default=None, alias="to")
    limit: Annotated[
        int | None,
        PlainValidator(_page_size),
        WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE}),
    ] = None
    cursor: Annotated[
        str | None,
        PlainValidator(cursors.decode),
        WithJsonSchema({"type": "string", "description": "From the `Link` of the page before; opaque."}),
    ] = None
