"""What OpenAPI says of each endpoint beyond its arguments: every status, and the headers that matter."""

from __future__ import annotations

from typing import Any

from events.schemas import Error, Event, InvalidRequest

_Schema = dict[str, Any]

_ETAG: _Schema = {"description": "The event's revision.", "schema": {"type": "string"}}
_LOCATION: _Schema = {"description": "The address of the event.", "schema": {"type": "string"}}
_LINK: _Schema = {
    "description": 'The next page, as `<address>; rel="next"`, if there is one.',
    "schema": {"type": "string"},
}


def _header(name: str, description: str) -> _Schema:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": {"type": "string"}}


_IF_MATCH = _header("If-Match", "Only if the event is at one of these revisions (as in `ETag`), or 412.")
_IF_NONE_MATCH = _header("If-None-Match", "304 if the event still is at one of these revisions.")


def _operation(
    name: str, answers: dict[int, Any], errors: list[int], headers: dict[str, _Schema], parameters: list[_Schema]
) -> dict[str, Any]:
    documented = {status: InvalidRequest if status == 422 else Error for status in (400, 401, *errors, 500)}
    extra: _Schema = {"security": [{}]}  # or no key, where the site lets anyone in
    if headers:
        extra["responses"] = {status: {"headers": headers} for status in answers}
    if parameters:
        extra["parameters"] = parameters
    return {"operation_id": name, "response": {**answers, **documented}, "openapi_extra": extra}


LIST = _operation("listEvents", {200: list[Event]}, [413, 422], {"Link": _LINK}, [])
CREATE = _operation("createEvent", {201: Event}, [403, 409, 411, 413, 422], {"ETag": _ETAG, "Location": _LOCATION}, [])
GET = _operation("getEvent", {200: Event, 304: None}, [404], {"ETag": _ETAG}, [_IF_NONE_MATCH])
UPDATE = _operation("updateEvent", {200: Event}, [403, 404, 411, 412, 413, 422], {"ETag": _ETAG}, [_IF_MATCH])
DELETE = _operation("deleteEvent", {204: None}, [403, 404, 412], {}, [_IF_MATCH])
