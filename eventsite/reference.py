"""The API reference at /docs: what its page shows of the OpenAPI document."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ninja import NinjaAPI

_Schema = dict[str, Any]

# The page mentions this header once, instead of at each response.
_ON_EVERY_RESPONSE = "X-Request-Id"


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
    errors: list[Error]


class Error(NamedTuple):
    status: int
    code: str
    meaning: str


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
    errors: list[Error]


@cache
def reference_of(api: NinjaAPI, prefix: str) -> Reference:
    """Made once for each prefix of the site's addresses (API Gateway's stage), which is all that can change."""
    document = api.get_openapi_schema()
    info, components = document["info"], document["components"]
    [server] = document["servers"]
    objects = {name: _object(name, schema) for name, schema in components["schemas"].items()}
    operations: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            made = _operation(method, server["url"].rstrip("/") + path, operation, objects, components)
            operations.setdefault(operation["tags"][0], []).append(made)
    [key] = components["securitySchemes"].values()
    found = [operation for group in operations.values() for operation in group]
    errors = {error.code: error for operation in found for response in operation.responses for error in response.errors}
    return Reference(
        info["title"],
        info["version"],
        info["description"],
        key["description"],
        operations,
        _returned(found, objects),
        sorted(errors.values(), key=lambda error: error.status),
    )


def _operation(
    method: str, path: str, operation: _Schema, objects: dict[str, Object], components: _Schema
) -> Operation:
    body = operation.get("requestBody")
    parameters = [_resolved(found, components) for found in operation["parameters"]]
    return Operation(
        operation["operationId"],
        method.upper(),
        path,
        operation["summary"],
        operation["description"],
        bool(operation["security"]),
        [_field(found["name"], found["schema"], found) for found in parameters],
        objects[_content(body).object] if body else None,
        [
            _response(int(status), _resolved(response, components), components)
            for status, response in operation["responses"].items()
        ],
    )


def _resolved(part: _Schema, components: _Schema) -> _Schema:
    """The component that a part of the document refers to, or the part itself."""
    if "$ref" not in part:
        return part
    _, _, kind, name = part["$ref"].split("/")
    component: _Schema = components[kind][name]
    return component


def _response(status: int, response: _Schema, components: _Schema) -> Response:
    headers = {name: _resolved(header, components) for name, header in response["headers"].items()}
    examples = response["content"]["application/json"]["examples"] if "content" in response else {}
    return Response(
        status,
        response["description"],
        _content(response) if "content" in response else None,
        [_field(name, header["schema"], header) for name, header in headers.items() if name != _ON_EVERY_RESPONSE],
        [Error(status, code, example["summary"]) for code, example in examples.items() if "summary" in example],
    )


def _content(holder: _Schema) -> Kind:
    [content] = holder["content"].values()
    return _kind(content["schema"])


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
    if "anyOf" in schema:
        kinds = sorted(map(_kind, schema["anyOf"]), key=lambda kind: kind.object)  # an object is last
        return Kind(" or ".join(kind.text for kind in kinds), kinds[-1].object)
    if "items" in schema:
        inner = _kind(schema["items"])
        return Kind(f"array of {inner.text}", inner.object)
    return Kind(f"{schema['type']} ({schema['format']})" if "format" in schema else schema["type"])


def _limits(schema: _Schema) -> str:
    """Without patterns: the description says in words what they allow."""
    limits = []
    if "enum" in schema:
        limits.append(" or ".join(schema["enum"]))
    if "maxItems" in schema:
        limits.append(f"{schema['minItems']} to {schema['maxItems']} values")
    if "maxLength" in schema:
        limits.append(f"{schema.get('minLength', 0):,} to {schema['maxLength']:,} characters")
    if "maximum" in schema:
        limits.append(f"{schema['minimum']:,} to {schema['maximum']:,}")
    if "default" in schema:
        limits.append(f"default: {schema['default']}")
    return "; ".join(limits)


def _returned(operations: list[Operation], objects: dict[str, Object]) -> list[Object]:
    """The objects in responses, and those in them. The others are shown as the body of their operation."""
    names = {response.kind.object for found in operations for response in found.responses if response.kind} - {""}
    inner = names
    while inner:
        inner = {field.kind.object for name in inner for field in objects[name].fields} - {""} - names
        names |= inner
    return [found for name, found in objects.items() if name in names]
