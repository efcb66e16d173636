"""The components of the OpenAPI document: schemas, headers, parameters and examples."""

from __future__ import annotations

from typing import Any, get_args

from events.fields import FIELDS
from events.rules import Code

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}


def _header(description: str, required: bool = False) -> Schema:
    return {"description": description, "schema": _TEXT} | ({"required": True} if required else {})


HEADERS = {
    "Accept-Encoding": _header("The content codings that a body may have."),
    "Accept-Patch": _header("The media types that a PATCH may have."),
    "Allow": _header("The methods that this address supports.", required=True),
    "ETag": _header(
        "Changes with the content: the revision of an event. For `If-Match` and `If-None-Match`.", required=True
    ),
    "Link": _header(
        'Other pages, as `<address>; rel="next"`: `next` if more may follow; with a cursor, `prev` if there may be '
        "some before, and `first`."
    ),
    "Location": _header("The address of the event.", required=True),
    "Retry-After": _header("In how many seconds to try again."),
    "WWW-Authenticate": _header(
        "How to authenticate. API Gateway sends it as `x-amzn-Remapped-WWW-Authenticate`. The body says the same."
    ),
    "X-Request-Id": _header("The ID of the request, to report a problem.", required=True),
}

_EVENT_ID = next(field.schema for field in FIELDS if field.name == "eventId")


def _parameter(name: str, place: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": place, "required": place == "path", "description": description, "schema": schema}


PARAMETERS = {
    "eventId": _parameter("eventId", "path", f"The event's ID, percent-encoded. {_EVENT_ID['description']}", _EVENT_ID),
    "IfMatchForRead": _parameter("If-Match", "header", "412 unless the `ETag` is one of these.", _TEXT),
    "IfNoneMatchForRead": _parameter("If-None-Match", "header", "304 if the `ETag` is still one of these.", _TEXT),
    "IfMatchForWrite": _parameter(
        "If-Match", "header", "Only if the event is at one of these revisions (as in `ETag`), or 412.", _TEXT
    ),
    "IfNoneMatchForWrite": _parameter(
        "If-None-Match", "header", "Only if the event is at none of these revisions, or 412.", _TEXT
    ),
}


def _object(description: str, properties: dict[str, Schema], required: list[str] | None = None) -> Schema:
    """`required`: the names of the properties that are always there (None: all)."""
    names = list(properties) if required is None else required
    return {"description": description, "properties": properties, "required": names, "type": "object"}


def _text(description: str, **more: str) -> Schema:
    return {**_TEXT, **more, "description": description}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _before_and_after(schema: Schema) -> Schema:
    description = "A field before and after a change; null: the event did not exist, or was deleted."
    return _object(description, dict.fromkeys(("before", "after"), _or_null(schema)))


def reference(kind: str, name: str) -> Schema:
    return {"$ref": f"#/components/{kind}/{name}"}


# As models, django-ninja would build one for each status of each operation, which took 3 % of a cold start.
SCHEMAS: dict[str, Schema] = {
    "Event": _object(
        # Without the limits of texts, which another program may have exceeded.
        "A complete event.",
        {field.name: _TEXT if "maxLength" in field.schema else field.schema for field in FIELDS},
    ),
    "FieldError": _object(
        "What is wrong with one field: a sentence without its subject, and a code that does not change.",
        {
            "field": _TEXT,
            "message": _TEXT,
            "code": _text(f"The kind of error. New kinds may be added. At present: {', '.join(get_args(Code))}."),
        },
    ),
    "Error": _object(
        "Why a request failed: a sentence, and a code that does not change.", {"detail": _TEXT, "code": _TEXT}
    ),
    "InvalidRequest": _object(
        "Why the request is invalid, with all its errors.",
        {
            "detail": _TEXT,
            "code": _TEXT,
            "errors": {"items": reference("schemas", "FieldError"), "type": "array"},
        },
    ),
    "HistoryEntry": _object(
        "One change of an event, and the version that it made.",
        {
            "version": _text("Identifies the change, and the version that it made; opaque."),
            "at": _text("When, in UTC.", format="date-time"),
            "action": _text("`create`, `update`, `delete` or `restore` (also an undo)."),
            "actor": _text("Who made the change: a username, `key:` and the name of an API key, or `anonymous`."),
            "changes": reference("schemas", "ChangedFields"),
            "revision": _or_null(_text("The event's revision after the change: its `ETag` without quotes.")),
            "restored": _or_null(_text("The version that was restored.")),
            "batch": _or_null(_text("The import or bulk change that the change was part of.")),
        },
    ),
    "ChangedFields": _object(
        "The fields that changed. A field that stayed as it was is left out.",
        {
            field.name: reference("schemas", "NumberChange" if field.kind is int else "TextChange")
            for field in FIELDS
            if field.name != "eventId"
        },
        required=[],
    ),
    "TextChange": _before_and_after(_TEXT),
    "NumberChange": _before_and_after({"type": "integer", "format": "int64"}),
    "Change": _object(
        "A change, and the event as the change left it.",
        {
            "eventId": _TEXT,
            "action": _text("`create`, `update`, `delete` or `restore`."),
            "at": _text("The time of the change, in UTC.", format="date-time"),
            "event": _or_null(reference("schemas", "Event")),
        },
    ),
    "Changes": _object(
        "Changes in order. If `next` is the token that was sent, nothing follows yet.",
        {"changes": {"items": reference("schemas", "Change"), "type": "array"}, "next": _TEXT},
    ),
    "Health": _object("The site can reach DynamoDB.", {"status": _TEXT}),
}

_EVENT = {field.name: field.example for field in FIELDS}
_ENTRY = {
    "version": "2026-11-22T19:55:56.204713Z",
    "at": "2026-11-22T19:55:56.204713Z",
    "action": "update",
    "actor": "anonymous",
    "changes": {"capacity": {"before": 250, "after": 300}},
    "revision": "669d602a0e81dfd2",
    "restored": None,
    "batch": None,
}
# The schema of each body of a success, and its example: the response to the example of the request.
BODIES: dict[str, tuple[Schema, Any]] = {
    "Event": (reference("schemas", "Event"), _EVENT),
    "ChangedEvent": (reference("schemas", "Event"), {**_EVENT, "capacity": 300}),
    "Events": ({"items": reference("schemas", "Event"), "type": "array"}, [_EVENT]),
    "History": ({"items": reference("schemas", "HistoryEntry"), "type": "array"}, [_ENTRY]),
    "Changes": (
        reference("schemas", "Changes"),
        {
            "changes": [
                {"eventId": "launch", "action": "create", "at": "2026-11-22T19:55:56.204713Z", "event": _EVENT},
            ],
            "next": "YR2EulsiMDEyMzQ1Njc4OWFiIiwiMjAyNi0xMS0yMlQxOTo1NTo1Ni4yMDQ3MTNaI2xhdW5jaCJd",
        },
    ),
    "Health": (reference("schemas", "Health"), {"status": "ok"}),
}
