"""The bodies and queries that the API accepts. OpenAPI shows them; the fields come from events.fields."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationInfo, WithJsonSchema
from pydantic.config import JsonDict

from events import cursors
from events.change_tokens import Token
from events.fields import FIELDS, RULES
from events.rules import Code, RuleError, short_text
from events.search_text import MAX_SEARCH_CHARACTERS, search_words

MAX_PAGE_SIZE = 1000
DEFAULT_PAGE_SIZE = 100
MAX_KEY_LENGTH = 255
MAX_STATUSES = 10  # each is a query of its own
ORDERS = ("date", "-date")

_KEY_PATTERN = rf"[ -~]{{1,{MAX_KEY_LENGTH}}}"
_SCHEMAS = {field.name: field.schema for field in FIELDS}
_ANNOTATIONS: dict[str, Any] = {
    field.name: Annotated[field.kind, PlainValidator(field.rule), WithJsonSchema(field.schema)]
    for field in FIELDS
    if field.name != "eventId"
}
_EXAMPLE: JsonDict = {field.name: field.example for field in FIELDS if field.name in _ANNOTATIONS}


def _event_id_or_none(value: Any) -> str | None:
    return None if value is None else RULES["eventId"](value)


class CreateEvent(BaseModel):
    """An event to create. Without an `eventId`, the API generates a UUID."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    eventId: Annotated[
        str | None,
        PlainValidator(_event_id_or_none),
        WithJsonSchema({"anyOf": [_SCHEMAS["eventId"], {"type": "null"}]}),
    ] = None
    __annotations__ |= _ANNOTATIONS


def _own_event_id(value: Any, info: ValidationInfo) -> Any:
    if info.context is None or value != info.context["request"].resolver_match.kwargs["eventId"]:
        raise RuleError("id_mismatch", "must be the ID in the address, or be left out")
    return value


def _not_null(value: Any) -> Any:
    # In a JSON merge patch, null removes a field.
    if value is None:
        raise RuleError("null", "must not be null, because a field cannot be removed")
    return value


class UpdateEvent(BaseModel):
    """The fields to change; the others stay as they are."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"capacity": 300}]})

    # JSON Schema cannot express "the ID in the address". `readOnly` is for what may be sent, but not changed.
    eventId: Annotated[
        str,
        PlainValidator(_own_event_id),
        WithJsonSchema(
            {
                **_SCHEMAS["eventId"],
                "readOnly": True,
                "description": "May repeat the ID in the address. Another ID is refused.",
            }
        ),
    ] = Field(default_factory=str, exclude=True)
    # The endpoint never reads the defaults: a field that was not sent is not changed.
    __annotations__ |= {
        name: Annotated[annotation, BeforeValidator(_not_null), Field(default_factory=str)]
        for name, annotation in _ANNOTATIONS.items()
    }


def _page_size(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
        value = int(value)
    if not isinstance(value, int) or not 1 <= value <= MAX_PAGE_SIZE:
        code: Code = "out_of_range" if isinstance(value, int) else "not_an_integer"
        raise RuleError(code, f"must be a whole number from 1 to {MAX_PAGE_SIZE:,}")
    return value


def _idempotency_key(value: Any) -> str:
    if not (isinstance(value, str) and re.fullmatch(_KEY_PATTERN, value)):
        raise RuleError("invalid_idempotency_key", f"must be 1 to {MAX_KEY_LENGTH} printable ASCII characters")
    return value


IdempotencyKey = Annotated[
    str | None,
    PlainValidator(_idempotency_key),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{_KEY_PATTERN}$",
            "description": f"A name for this create, of 1 to {MAX_KEY_LENGTH} printable ASCII characters. The same "
            "name and body within 24 hours get the same response.",
        }
    ),
]


def _statuses(values: list[str]) -> list[str]:
    if "" in values:
        raise RuleError("empty", "must not be empty")
    if len(values) > MAX_STATUSES:
        raise RuleError("too_many", f"must have at most {MAX_STATUSES} values")
    return list(dict.fromkeys(values))


def _last_date(value: Any, info: ValidationInfo) -> str:
    day: str = RULES["date"](value)
    if day < (info.data.get("first_date") or ""):
        raise RuleError("out_of_range", "must not be before 'from'")
    return day


def _search(value: Any) -> str:
    if len(value) > MAX_SEARCH_CHARACTERS:
        raise RuleError("too_long", f"must be at most {MAX_SEARCH_CHARACTERS} characters long")
    if not search_words(value):
        raise RuleError("empty", "must have a word to search for")
    return str(value)


def _order(value: Any) -> str:
    if value not in ORDERS:
        raise RuleError("not_a_choice", f"must be {' or '.join(ORDERS)}")
    return str(value)


def _start(value: Any, info: ValidationInfo) -> cursors.Start:
    start = cursors.decode_start(value)
    if "order" in info.data and start.latest_first != (info.data["order"] == "-date"):
        raise RuleError("invalid_cursor", "must be a cursor from a page in the same order")
    return start


def _day(description: str) -> WithJsonSchema:
    return WithJsonSchema({**_SCHEMAS["date"], "description": f"{description} {_SCHEMAS['date']['description']}"})


_PAGE_SIZE_SCHEMA: JsonDict = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE}
_PageSize = Annotated[int | None, PlainValidator(_page_size), WithJsonSchema(_PAGE_SIZE_SCHEMA)]
_CURSOR_SCHEMA: JsonDict = {"type": "string", "description": "From the `Link` header of another page; opaque."}


class ListQuery(BaseModel):
    """Which events to list. All given conditions apply."""

    # Factories, because an empty default in the document would let generated clients send an empty value.

    statuses: Annotated[
        list[str],
        PlainValidator(_statuses),
        WithJsonSchema(
            {
                "type": "array",
                "items": {"type": "string", "minLength": 1},
                "minItems": 1,
                "maxItems": MAX_STATUSES,
                "description": "Events with this status, or if it is repeated, with any of these.",
            }
        ),
    ] = Field(default_factory=list, alias="status")
    first_date: Annotated[str | None, PlainValidator(RULES["date"]), _day("Events on this day or later.")] = Field(
        default=None, alias="from"
    )
    # Not before `from`, which JSON Schema cannot express.
    last_date: Annotated[str | None, PlainValidator(_last_date), _day("Events on this day or earlier.")] = Field(
        default=None, alias="to"
    )
    q: Annotated[
        str,
        PlainValidator(_search),
        WithJsonSchema(
            {
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_SEARCH_CHARACTERS,
                "description": "Events that have all these words in title, location, organizer or eventId, in any "
                "order; words in quotes stay together. Case and accents make no difference.",
            }
        ),
    ] = Field(default_factory=str)
    order: Annotated[
        str,
        PlainValidator(_order),
        WithJsonSchema(
            {
                "type": "string",
                "enum": ORDERS,
                "x-enum-varnames": ("earliest_first", "latest_first"),  # generators would name them Date and Date2
                "default": "date",
                "description": "`-date`: latest first.",
            }
        ),
    ] = "date"
    limit: Annotated[
        _PageSize,
        WithJsonSchema(
            {
                **_PAGE_SIZE_SCHEMA,
                "description": "Events on a page. Without it, the response has all events, or "
                f"{DEFAULT_PAGE_SIZE} with `q` or `cursor`.",
            }
        ),
    ] = None
    cursor: Annotated[
        Any,  # django-ninja would read a tuple as a repeated parameter
        PlainValidator(_start),
        WithJsonSchema(_CURSOR_SCHEMA),
    ] = None


def _time_of_cursor(value: Any, info: ValidationInfo) -> str:
    at, _, event_id = cursors.decode_change(value).partition("#")
    if info.context is None or event_id != info.context["request"].resolver_match.kwargs["eventId"]:
        raise RuleError("invalid_cursor", "must be a cursor from the history of this event")
    return at


class HistoryQuery(BaseModel):
    """Which page of an event's history to read."""

    limit: Annotated[
        _PageSize,
        WithJsonSchema({**_PAGE_SIZE_SCHEMA, "default": DEFAULT_PAGE_SIZE, "description": "Entries on a page."}),
    ] = None
    before: Annotated[str | None, PlainValidator(_time_of_cursor), WithJsonSchema(_CURSOR_SCHEMA)] = Field(
        default=None, alias="cursor"
    )


_Version = Annotated[
    str,
    PlainValidator(short_text),
    WithJsonSchema({**_SCHEMAS["title"], "description": "The `version` of an entry in the event's history; opaque."}),
]
_VERSION_EXAMPLE: JsonDict = {"version": "2026-11-22T19:55:56.204713Z"}


class VersionToRestore(BaseModel):
    """The version whose fields the event gets again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_VERSION_EXAMPLE]})

    version: _Version


class ChangeToUndo(BaseModel):
    """The change to undo. It may be left out if `If-Match` names the revision that the change made."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_VERSION_EXAMPLE]})

    version: _Version = Field(default_factory=str)


def _from_start(value: Any, info: ValidationInfo) -> str:
    if value != "start":
        raise RuleError("not_a_choice", "must be start")
    if info.data.get("after"):
        raise RuleError("contradiction", "must not be sent together with 'after'")
    return str(value)


class ChangesQuery(BaseModel):
    """Which changes to list: those after a token, or all."""

    after: Annotated[
        Any,  # django-ninja would read a tuple as a repeated parameter
        PlainValidator(Token.read),
        WithJsonSchema({"type": "string", "description": "`next` of the previous response; opaque."}),
    ] = None
    start: Annotated[
        str | None,
        PlainValidator(_from_start),
        WithJsonSchema({"type": "string", "enum": ["start"], "description": "`start`: from the first change on."}),
    ] = Field(default=None, alias="from")
    limit: Annotated[
        _PageSize,
        WithJsonSchema(
            {**_PAGE_SIZE_SCHEMA, "default": DEFAULT_PAGE_SIZE, "description": "The maximum number of changes."}
        ),
    ] = None
