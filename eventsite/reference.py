"""The API reference at /docs: what its page shows of the OpenAPI document, and the table of error codes."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings

from events import domain
from eventsite import errors
from eventsite.accounts import domain as accounts

if TYPE_CHECKING:
    from ninja import NinjaAPI

_Schema = dict[str, Any]

# Errors of the staff pages, which no call of the API returns.
_OF_PAGES = (
    domain.BatchNotFoundError,
    accounts.KeyNotFoundError,
    accounts.StaffChangedError,
    accounts.StaffNotFoundError,
)
_WITHOUT_AN_EXCEPTION = (
    errors.FORBIDDEN,
    errors.NOT_FOUND,
    errors.METHOD_NOT_ALLOWED,
    errors.LENGTH_REQUIRED,
    errors.STORAGE_UNAVAILABLE,
    errors.body_too_large(settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
    errors.invalid([]),
)
# Where the sentence of the response depends on the request, or tells clients less than the code does.
_MEANINGS = {
    "invalid_request": "The request breaks a rule. `errors` has each field with what is wrong.",
    "method_not_allowed": "The address does not support this method. `Allow` lists the methods that it supports.",
    "storage_busy": "DynamoDB is busy. `Retry-After` says when to try again.",
    "storage_error": "DynamoDB failed. The request may or may not have been completed.",
}


class Kind(NamedTuple):
    """A type as people read it: `text`, followed by the name of an object of the document, or by nothing."""

    text: str
    object: str = ""


class Field(NamedTuple):
    """A parameter, a field of an object, or a header of a response. `place`: "path", "query", "header" or nothing."""

    name: str
    place: str
    required: bool
    kind: Kind
    limits: str
    description: str


class Object(NamedTuple):
    """A JSON object. `example` is JSON, or empty."""

    name: str
    description: str
    fields: list[Field]
    example: str


class Response(NamedTuple):
    status: int
    phrase: str
    kind: Kind | None
    headers: list[Field]
    codes: list[str]


class Operation(NamedTuple):
    id: str
    method: str
    path: str
    summary: str
    description: str
    needs_key: bool
    parameters: list[Field]
    body: Object | None
    responses: list[Response]


class Reference(NamedTuple):
    title: str
    version: str
    description: str
    key_description: str
    operations: dict[str, list[Operation]]  # by tag
    objects: list[Object]
    errors: list[errors.Error]


@cache
def reference_of(api: NinjaAPI, prefix: str) -> Reference:
    """Made once for each prefix of the site's addresses (API Gateway's stage), because the document never changes."""
    document = api.get_openapi_schema()
    info, components = document["info"], document["components"]
    objects = {name: _object(name, schema) for name, schema in components["schemas"].items()}
    api_errors = _errors()
    operations: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            made = _operation(method, path, operation, objects, api_errors)
            operations.setdefault(operation["tags"][0], []).append(made)
    [key] = components["securitySchemes"].values()
    returned = _returned([found for group in operations.values() for found in group], objects)
    return Reference(
        info["title"], info["version"], info["description"], key["description"], operations, returned, api_errors
    )


def _operation(
    method: str, path: str, operation: _Schema, objects: dict[str, Object], api_errors: list[errors.Error]
) -> Operation:
    body = operation.get("requestBody")
    return Operation(
        operation["operationId"],
        method.upper(),
        path,
        operation["summary"],
        operation["description"],
        "security" in operation,
        [_field(found["name"], found["schema"], found) for found in operation.get("parameters", ())],
        objects[_content(body).object] if body else None,
        [
            Response(
                int(status),
                response["description"],
                _content(response) if "content" in response else None,
                [_field(name, header["schema"], header) for name, header in response.get("headers", {}).items()],
                [error.code for error in api_errors if error.status == int(status)],
            )
            for status, response in operation["responses"].items()
        ],
    )


def _content(holder: _Schema) -> Kind:
    return _kind(holder["content"]["application/json"]["schema"])


def _object(name: str, schema: _Schema) -> Object:
    required = schema.get("required", ())
    fields = [_field(field, found, {"required": field in required}) for field, found in schema["properties"].items()]
    example = json.dumps(schema["examples"][0], indent=2) if "examples" in schema else ""
    return Object(name, schema["description"], fields, example)


def _field(name: str, schema: _Schema, more: _Schema) -> Field:
    rule = schema["anyOf"][0] if "anyOf" in schema else schema
    description = more.get("description") or rule.get("description", "")
    return Field(name, more.get("in", ""), more.get("required", True), _kind(schema), _limits(rule), description)


def _kind(schema: _Schema) -> Kind:
    if "$ref" in schema:
        return Kind("", schema["$ref"].rpartition("/")[2])
    if "allOf" in schema:  # a reference with a default
        return _kind(schema["allOf"][0])
    if "anyOf" in schema:
        return Kind(" or ".join(_kind(choice).text for choice in schema["anyOf"]))
    if "items" in schema:
        inner = _kind(schema["items"])
        return Kind(f"array of {inner.text}", inner.object)
    return Kind(f"{schema['type']} ({schema['format']})" if "format" in schema else schema["type"])


def _limits(schema: _Schema) -> str:
    """Without patterns: the description says in words what they allow."""
    if "enum" in schema:
        return f"{' or '.join(schema['enum'])}; default: {schema['default']}"
    if "maxItems" in schema:
        return f"{schema['minItems']} to {schema['maxItems']} values"
    if "maxLength" in schema:
        return f"{schema.get('minLength', 0):,} to {schema['maxLength']:,} characters"
    return f"{schema['minimum']:,} to {schema['maximum']:,}" if "maximum" in schema else ""


def _returned(operations: list[Operation], objects: dict[str, Object]) -> list[Object]:
    """The objects in responses, and those in them. The others are shown as the body of their operation."""
    names = {response.kind.object for found in operations for response in found.responses if response.kind} - {""}
    inner = names
    while inner:
        inner = {field.kind.object for name in inner for field in objects[name].fields} - {""} - names
        names |= inner
    return [found for name, found in objects.items() if name in names]


def _errors() -> list[errors.Error]:
    """The errors that a call of the API can return, in order of their status."""
    entries = [entry for kind, entry in errors.ERRORS.items() if kind not in _OF_PAGES]
    found = [entry for entry in (*entries, *_WITHOUT_AN_EXCEPTION) if isinstance(entry, errors.Error)]
    explained = {error.code: error._replace(message=_MEANINGS.get(error.code, error.message)) for error in found}
    return sorted(explained.values(), key=lambda error: error.status)
