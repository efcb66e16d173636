"""The errors that a call of the API can get, as examples for the OpenAPI document."""

from __future__ import annotations

import json
from types import MappingProxyType

from django.conf import settings

from events.api import openapi
from events.domain import FieldError
from eventsite import errors
from eventsite.errors import Error

_WITHOUT_AN_EXCEPTION = (
    errors.METHOD_NOT_ALLOWED._replace(
        message=errors.METHOD_NOT_ALLOWED.message.format("GET, HEAD, POST"), headers={"Allow": "GET, HEAD, POST"}
    ),
    errors.NOT_FOUND,
    errors.HTTPS_REQUIRED,
    errors.LENGTH_REQUIRED,
    errors.STORAGE_UNAVAILABLE,
    errors.body_too_large(settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
    errors.invalid([FieldError("capacity", "must be a whole number", "not_an_integer")]),
)
_RETRY = MappingProxyType({"Retry-After": "1"})
# API Gateway sends these itself; eventsite/stack/gateway.py configures them.
GATEWAY_ERRORS = (
    errors.FORBIDDEN,
    Error(403, "gateway_key_invalid", "API Gateway requires a valid key of its own in the header x-api-key."),
    Error(
        403,
        "missing_authentication_token",
        "There is nothing at this address, or it does not support this method.",
    ),
    Error(403, "request_blocked", "A firewall refused the request."),
    Error(429, "throttled", "Too many requests. Please try again in a second.", headers=_RETRY),
    Error(429, "quota_exceeded", "This client has used up its quota of requests."),
    Error(504, "gateway_timeout", "The request took too long. It may or may not have been completed."),
    Error(504, "integration_failed", "The site did not respond. Please try again."),
)
# Where the sentence of the response depends on the request, or tells clients less than the code does.
_MEANINGS = {
    "body_too_large": f"The body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024**2} MiB.",
    "forbidden": "API Gateway does not allow this call.",
    "gateway_timeout": "API Gateway waited 29 seconds. The request may or may not have been completed.",
    "invalid_request": "The request breaks a rule. `errors` has each field with what is wrong.",
    "method_not_allowed": "The address does not support this method. `Allow` lists the methods that it supports.",
    "storage_busy": "DynamoDB is busy. `Retry-After` says when to try again.",
    "storage_error": "DynamoDB failed. The request may or may not have been completed.",
    "throttled": "The site gets more requests than it allows. `Retry-After` says when to try again.",
}


def api_errors() -> dict[str, openapi.Error]:
    """By code. Has those of the staff pages too, which no operation uses."""
    entries = (*errors.ERRORS.values(), *_WITHOUT_AN_EXCEPTION, *GATEWAY_ERRORS)
    return {
        entry.code: openapi.Error(
            entry.status,
            json.loads(errors.json_response(entry).content),
            _MEANINGS.get(entry.code, entry.message),
            tuple(entry.headers),
        )
        for entry in entries
        if isinstance(entry, Error)
    }
