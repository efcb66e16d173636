"""What the OpenAPI document says beyond the arguments of the endpoints: a row for each operation, and what rows share.

Nothing imports this module before somebody asks for the document.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from events.api.bodies import MERGE_PATCH
from events.api.openapi_components import BODIES, HEADERS, PARAMETERS, SCHEMAS, Schema, reference


class Error(NamedTuple):
    """An error that a call can get: its JSON as an example, when it is sent, and the headers that only it has."""

    status: int
    example: Schema
    meaning: str
    headers: tuple[str, ...]


class Operation(NamedTuple):
    """`scope`: of the key. The other texts are names, separated by spaces, of the tables below.

    `successes` has the body of each status, or an empty text. `headers`: of each success but 204. `sends`: the media
    type of the request.
    """

    scope: str
    successes: dict[int, str]
    errors: str
    headers: str = ""
    parameters: str = ""
    more: str = ""
    sends: str = "application/json"


_STRONG = "The response is strongly consistent: it shows every write that ended before the request."

_CONDITIONS = "EventNotFound PreconditionFailed"
_BODY = "LengthRequired BodyTooLarge UnsupportedMediaType InvalidRequest"
_WHEN_READING = "IfMatchForRead IfNoneMatchForRead"
_WHEN_WRITING = "IfMatchForWrite IfNoneMatchForWrite"

OPERATIONS = {
    "listEvents": Operation(
        "read",
        {200: "Events", 304: ""},
        "PreconditionFailed ResponseTooLarge InvalidRequest",
        headers="ETag Link",
        parameters=_WHEN_READING,
        more="Without parameters, the response is strongly consistent: it shows every write that ended before the "
        "request. A page or a filtered list finds its events in an index, which usually shows a write within "
        "milliseconds.",
    ),
    "createEvent": Operation(
        "write", {201: "Event"}, f"EventExists ConditionUnsupported {_BODY}", headers="ETag Location"
    ),
    "getEvent": Operation(
        "read", {200: "Event", 304: ""}, _CONDITIONS, headers="ETag", parameters=_WHEN_READING, more=_STRONG
    ),
    "updateEvent": Operation(
        "write", {200: "ChangedEvent"}, f"{_CONDITIONS} {_BODY}", headers="ETag", parameters=_WHEN_WRITING
    ),
    "patchEvent": Operation(
        "write",
        {200: "ChangedEvent"},
        f"{_CONDITIONS} {_BODY}",
        headers="ETag",
        parameters=_WHEN_WRITING,
        sends=MERGE_PATCH,
    ),
    "deleteEvent": Operation("write", {204: ""}, _CONDITIONS, parameters=_WHEN_WRITING),
    "listEventHistory": Operation(
        "read",
        {200: "History", 304: ""},
        f"{_CONDITIONS} InvalidRequest",
        headers="ETag Link",
        parameters=_WHEN_READING,
        more=_STRONG,
    ),
    "restoreEvent": Operation(
        "write",
        {200: "Event"},
        f"VersionNotFound VersionOutOfReach PreconditionFailed {_BODY}",
        headers="ETag",
        parameters=_WHEN_WRITING,
    ),
    "undoChange": Operation(
        "write",
        {200: "Event", 204: ""},
        f"VersionNotFound ChangeSuperseded PreconditionFailed {_BODY}",
        headers="ETag",
        parameters=_WHEN_WRITING,
    ),
    "listChanges": Operation(
        "read",
        {200: "Changes", 304: ""},
        "PreconditionFailed InvalidRequest",
        headers="ETag",
        parameters=_WHEN_READING,
        more="A change is listed about 60 seconds after it was made, so that none is missed or out of order.",
    ),
    "checkHealth": Operation("", {200: "Health"}, "ServiceUnavailable"),
}

_OF_THE_GATEWAY = "forbidden gateway_key_invalid missing_authentication_token request_blocked"
# Each response to an error has all codes that it can have. They have the same status.
ERRORS = {
    "BadRequest": "bad_request body_incomplete",
    "Unauthorized": "key_required key_invalid key_expired credentials_invalid",
    "MayNotRead": f"https_required {_OF_THE_GATEWAY}",
    "MayNotWrite": f"key_scope origin_refused https_required {_OF_THE_GATEWAY}",
    "EventNotFound": "event_not_found not_found",
    "MethodNotAllowed": "method_not_allowed",
    "EventExists": "event_exists",
    "LengthRequired": "length_required",
    "PreconditionFailed": "revision_mismatch",
    "ConditionUnsupported": "condition_unsupported",
    "VersionNotFound": "version_not_found event_not_found not_found",
    "VersionOutOfReach": "version_out_of_reach",
    "ChangeSuperseded": "change_superseded",
    "UnsupportedMediaType": "unsupported_charset unsupported_encoding unsupported_patch",
    "BodyTooLarge": "body_too_large",
    "ResponseTooLarge": "response_too_large",
    "InvalidRequest": "invalid_request",
    "TooManyRequests": "throttled quota_exceeded",
    "InternalServerError": "internal_error storage_busy storage_error",
    "ServiceUnavailable": "storage_unavailable",
    "GatewayTimeout": "gateway_timeout integration_failed",
}
_OF_EVERY_OPERATION = "BadRequest MethodNotAllowed TooManyRequests InternalServerError GatewayTimeout"
_OF_A_SCOPE = {"": "MayNotRead", "read": "Unauthorized MayNotRead", "write": "Unauthorized MayNotWrite"}

INFO = {"contact": {"name": "The Events contributors"}, "license": {"name": "MIT", "identifier": "MIT"}}
TAGS = {
    "events": "Create, read, list, change and delete events.",
    "history": "Read the changes of an event, and restore or undo them.",
    "changes": "Keep a copy of all events up to date.",
    "health": "For monitoring.",
}


def complete(document: Schema, prefix: str, errors: Mapping[str, Error]) -> None:
    """Completes what django-ninja has written. `prefix`: of the site's addresses. `errors`: by code."""
    document["info"] |= INFO
    document["servers"] = [{"url": prefix or "/", "description": "The site that serves this document."}]
    document["tags"] = [{"name": name, "description": description} for name, description in TAGS.items()]
    for methods in document["paths"].values():
        for operation in methods.values():
            _complete_operation(operation, OPERATIONS[operation["operationId"]], errors)
    document["components"] |= {
        "responses": {name: _response_to(codes, errors) for name, codes in ERRORS.items()},
        "headers": HEADERS,
        "parameters": PARAMETERS,
        "examples": {name: {"value": example} for name, (_, example) in BODIES.items()},
    }
    schemas = document["components"]["schemas"] | SCHEMAS
    used = json.dumps([document, SCHEMAS], default=str)
    document["components"]["schemas"] = {
        name: _without_titles(schema) for name, schema in schemas.items() if f'/schemas/{name}"' in used
    }


def _complete_operation(operation: Schema, row: Operation, errors: Mapping[str, Error]) -> None:
    access = f"Needs a key with the scope `{row.scope}`, unless the site's settings allow calls without a key."
    texts = [operation["description"], row.more, access if row.scope else ""]
    operation["description"] = "\n\n".join(text for text in texts if text)
    # `{}`: a key is optional, because EVENTS_API_ACCESS can be `open`.
    operation["security"] = [{"ApiKeyAuth": []}, {}] if row.scope else []
    operation["parameters"] = [
        reference("parameters", found["name"]) if found["name"] in PARAMETERS else _without_titles(found)
        for found in operation["parameters"]
    ] + [reference("parameters", name) for name in row.parameters.split()]
    if content := operation.get("requestBody", {}).get("content"):
        schema = content.pop("application/json")["schema"]
        [schema] = schema.get("allOf", [schema])  # pydantic wraps a reference with a default
        content[row.sends] = {"schema": schema}
    responses = {status: _success(status, body, row.headers) for status, body in row.successes.items()}
    for name in " ".join((row.errors, _OF_EVERY_OPERATION, _OF_A_SCOPE[row.scope])).split():
        responses[errors[ERRORS[name].split()[0]].status] = reference("responses", name)
    operation["responses"] = {str(status): responses[status] for status in sorted(responses)}


def _success(status: int, body: str, headers: str) -> Schema:
    named = [] if status == 204 else headers.split()
    response: Schema = {"description": HTTPStatus(status).phrase, "headers": _headers(named)}
    if body:
        content = {"schema": BODIES[body][0], "examples": {body: reference("examples", body)}}
        response["content"] = {"application/json": content}
    return response


def _response_to(codes: str, errors: Mapping[str, Error]) -> Schema:
    """The response to errors of the same status."""
    found = {code: errors[code] for code in codes.split()}
    [status] = {error.status for error in found.values()}
    content = {
        "schema": reference("schemas", "InvalidRequest" if status == 422 else "Error"),
        "examples": {code: {"summary": error.meaning, "value": error.example} for code, error in found.items()},
    }
    return {
        "description": _phrase(status),
        "headers": _headers([name for error in found.values() for name in error.headers]),
        "content": {"application/json": content},
    }


def _headers(names: list[str]) -> Schema:
    return {name: reference("headers", name) for name in sorted({*names, "X-Request-Id"})}


def _phrase(status: int) -> str:
    """The status as RFC 9110 calls it; Python 3.11 and 3.12 have older names for two."""
    return {413: "Content Too Large", 422: "Unprocessable Content"}.get(status) or HTTPStatus(status).phrase


def _without_titles(schema: Schema) -> Schema:
    """Without pydantic's titles, which repeat the names."""
    return {
        name: _without_titles(value) if isinstance(value, dict) else value
        for name, value in schema.items()
        if name != "title" or isinstance(value, dict)
    }
