"""The OpenAPI documentation of each endpoint besides its arguments: every status with its body and headers."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, get_args

from events.api.bodies import MERGE_PATCH
from events.fields import FIELDS
from events.rules import Code

_Schema = dict[str, Any]

_TEXT: _Schema = {"type": "string"}
_FIELD_CODES = f"The kind of error. New kinds may be added. At present: {', '.join(get_args(Code))}."
_ETAG: _Schema = {"description": "The event's revision.", "schema": _TEXT}
_LIST_ETAG: _Schema = {"description": "Changes with the list.", "schema": _TEXT}
_LOCATION: _Schema = {"description": "The address of the event.", "schema": _TEXT}
_LINK: _Schema = {
    "description": 'Other pages, as `<address>; rel="next"`: `next` if more events may follow; with a cursor, '
    "`prev` if there may be events before, and `first`.",
    "schema": _TEXT,
}


def _object(title: str, description: str, properties: dict[str, _Schema], required: list[str] | None = None) -> _Schema:
    """`required`: the names of the properties that are always there (None: all)."""
    return {
        "description": description,
        "properties": {name: {**schema, "title": name.title()} for name, schema in properties.items()},
        "required": list(properties) if required is None else required,
        "title": title,
        "type": "object",
    }


def _text(description: str, **more: str) -> _Schema:
    return {**_TEXT, **more, "description": description}


def _or_null(schema: _Schema) -> _Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _before_and_after(title: str, schema: _Schema) -> _Schema:
    description = "A field before and after a change; null: the event did not exist, or was deleted."
    return _object(title, description, dict.fromkeys(("before", "after"), _or_null(schema)))


def _component(title: str) -> _Schema:
    return {"$ref": f"#/components/schemas/{title}"}


# Only this document needs schemas of the responses. As models, django-ninja would build one for each status of each
# operation, which took 3 % of a cold start.
COMPONENTS: dict[str, _Schema] = {
    "Event": _object(
        # Without the limits of texts, which another program may have exceeded.
        "Event",
        "A complete event.",
        {field.name: _TEXT if "maxLength" in field.schema else field.schema for field in FIELDS},
    ),
    "FieldError": _object(
        "FieldError",
        "What is wrong with one field: a sentence without its subject, and a code that does not change.",
        {"field": _TEXT, "message": _TEXT, "code": {**_TEXT, "description": _FIELD_CODES}},
    ),
    "Error": _object(
        "Error", "Why a request failed: a sentence, and a code that does not change.", {"detail": _TEXT, "code": _TEXT}
    ),
    "InvalidRequest": _object(
        "InvalidRequest",
        "Why the request is invalid, with all its errors.",
        {"detail": _TEXT, "code": _TEXT, "errors": {"items": _component("FieldError"), "type": "array"}},
    ),
    "HistoryEntry": _object(
        "HistoryEntry",
        "One change of an event, and the version that it made.",
        {
            "version": _text("Identifies the change, and the version that it made; opaque."),
            "at": _text("When, in UTC.", format="date-time"),
            "action": _text("`create`, `update`, `delete` or `restore` (also an undo)."),
            "actor": _text("Who made the change: a username, `key:` and the name of an API key, or `anonymous`."),
            "changes": _component("Changes"),
            "revision": _or_null(_text("The event's revision after the change: its `ETag` without quotes.")),
            "restored": _or_null(_text("The version that was restored.")),
            "batch": _or_null(_text("The import or bulk change that the change was part of.")),
        },
    ),
    "Changes": _object(
        "Changes",
        "The fields that changed. A field that stayed as it was is left out.",
        {
            field.name: _component("NumberChange" if field.kind is int else "TextChange")
            for field in FIELDS
            if field.name != "eventId"
        },
        required=[],
    ),
    "TextChange": _before_and_after("TextChange", _TEXT),
    "NumberChange": _before_and_after("NumberChange", {"type": "integer", "format": "int64"}),
}
_EVENT = _component("Event")
_EVENTS: _Schema = {"items": _EVENT, "title": "Response", "type": "array"}


def _header(name: str, description: str) -> _Schema:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": _TEXT}


# The conditions of reads, and of writes.
_IF_READ = [
    _header("If-Match", "412 unless the `ETag` is one of these."),
    _header("If-None-Match", "304 if the `ETag` is still one of these."),
]
_IF_WRITE = [
    _header("If-Match", "Only if the event is at one of these revisions (as in `ETag`), or 412."),
    _header("If-None-Match", "Only if the event is at none of these revisions, or 412."),
]


def _phrase(status: int) -> str:
    """The status as RFC 9110 calls it; Python 3.11 and 3.12 have older names for two."""
    return {413: "Content Too Large", 422: "Unprocessable Content"}.get(status) or HTTPStatus(status).phrase


def operation(
    name: str,
    successes: dict[int, _Schema | None],
    errors: list[int],
    headers: dict[str, _Schema] | None = None,
    **extra: Any,
) -> dict[str, Any]:
    """The arguments that describe an operation to django-ninja. A response without a schema has no body."""
    failures = {status: _component("InvalidRequest" if status == 422 else "Error") for status in errors}
    responses: dict[int, _Schema] = {
        status: {"description": _phrase(status)}
        | ({"content": {"application/json": {"schema": schema}}} if schema else {})
        for status, schema in {**successes, **failures}.items()
    }
    if headers:
        for status in successes.keys() - {204}:
            responses[status]["headers"] = headers
    return {
        "operation_id": name,
        "response": dict.fromkeys(responses),
        "openapi_extra": {**extra, "responses": responses},
    }


def _of_events(
    name: str,
    successes: dict[int, _Schema | None],
    errors: list[int],
    headers: dict[str, _Schema] | None = None,
    **extra: Any,
) -> dict[str, Any]:
    # `{}` in `security`: a key is optional, because EVENTS_API_ACCESS can be `open`.
    return operation(name, successes, [400, 401, *errors, 500], headers, security=[{}], **extra)


LIST = _of_events(
    "listEvents",
    {200: _EVENTS, 304: None},
    [412, 413, 422],
    {"ETag": _LIST_ETAG, "Link": _LINK},
    parameters=_IF_READ,
)
CREATE = _of_events(
    "createEvent", {201: _EVENT}, [403, 409, 411, 412, 413, 415, 422], {"ETag": _ETAG, "Location": _LOCATION}
)
GET = _of_events("getEvent", {200: _EVENT, 304: None}, [404, 412], {"ETag": _ETAG}, parameters=_IF_READ)
_UPDATES: dict[str, Any] = {
    "successes": {200: _EVENT},
    "errors": [403, 404, 411, 412, 413, 415, 422],
    "headers": {"ETag": _ETAG},
    "parameters": _IF_WRITE,
}
UPDATE = _of_events("updateEvent", **_UPDATES)
PATCH = _of_events(
    "patchEvent",
    **_UPDATES,
    requestBody={"content": {MERGE_PATCH: {"schema": _component("UpdateEvent")}}},
)
DELETE = _of_events("deleteEvent", {204: None}, [403, 404, 412], parameters=_IF_WRITE)
HISTORY = _of_events(
    "listEventHistory",
    {200: {"items": _component("HistoryEntry"), "title": "Response", "type": "array"}, 304: None},
    [404, 412, 422],
    {"ETag": _LIST_ETAG, "Link": _LINK},
    parameters=_IF_READ,
)
_OF_HISTORY = [403, 404, 409, 411, 412, 413, 415, 422]
RESTORE = _of_events("restoreEvent", {200: _EVENT}, _OF_HISTORY, {"ETag": _ETAG}, parameters=_IF_WRITE)
UNDO = _of_events("undoChange", {200: _EVENT, 204: None}, _OF_HISTORY, {"ETag": _ETAG}, parameters=_IF_WRITE)
