"""The one table from what can go wrong to what the client is told: a status and a sentence, as JSON with `detail`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from json import JSONDecodeError
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from ninja.errors import HttpError, ValidationError

from events import domain
from events.api.access import KeyInvalidError, KeyRequiredError, KeyScopeError, OriginRefusedError
from eventsite.accounts import domain as accounts

logger = logging.getLogger(__name__)

MAX_NAME_LENGTH = 100


def size_of(limit: int) -> str:
    """A limit in bytes as people read it."""
    return f"{limit // 1024**2} MiB" if limit >= 1024**2 else f"{limit // 1024} KiB"


_TOO_LARGE = "The body is too large; at most {} is taken."

TOO_LONG_TO_SEND = (
    "What you asked for is longer than the 6 MB that can be sent. Narrow the filter, and take it in parts."
)
SENTENCES = {
    400: "The request could not be understood.",
    401: "An API key is needed: send it as 'Authorization: Bearer <key>'.",
    403: "This is not allowed.",
    404: "There is nothing at this address.",
    411: "The body must have a Content-Length.",
    413: _TOO_LARGE.format(size_of(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)),
    500: "Something went wrong on our side; the request may or may not have been done.",
    503: "DynamoDB does not answer; please try again in a moment.",
}


def too_large(limit: int) -> HttpResponse:
    """The response to a body of more bytes than this limit."""
    return answer(413, _TOO_LARGE.format(size_of(limit)))


def error_body(status: int, detail: str = "") -> bytes:
    return orjson.dumps({"detail": detail or SENTENCES.get(status, f"The request failed with status {status}.")})


def answer(status: int, detail: str = "", headers: dict[str, str] | None = None) -> HttpResponse:
    body = error_body(status, detail)
    return HttpResponse(body, "application/json", status, headers={"Content-Length": str(len(body)), **(headers or {})})


def _invalid(errors: list[domain.FieldError]) -> HttpResponse:
    faults = [{"field": _shown(error.field), "message": error.message} for error in errors]
    detail = "; ".join(f"{fault['field']} {fault['message']}" for fault in faults)
    return HttpResponse(orjson.dumps({"detail": f"{detail}.", "errors": faults}), "application/json", 422)


def _shown(name: str) -> str:
    return name if len(name) <= MAX_NAME_LENGTH else name[:MAX_NAME_LENGTH] + "…"


def _validation_error(error: ValidationError) -> HttpResponse:
    return _invalid([_field_error(fault) for fault in error.errors])


def _field_error(fault: dict[str, Any]) -> domain.FieldError:
    # ("query", the field), or ("body", the argument's name), or ("body", the argument's name, the field)
    location = fault["loc"]
    name = "body" if location[0] == "body" and len(location) < 3 else str(location[-1])
    match fault["type"]:
        case "missing" if name == "body":
            return domain.FieldError(name, "must be a JSON object; there is none")
        case "missing":
            return domain.FieldError(name, "is required")
        case "extra_forbidden":
            return domain.FieldError(name, "is not a field of an event")
        case "value_error":
            return domain.FieldError(name, fault["ctx"]["error"])
        case _:
            return domain.FieldError(name, "must be a JSON object")


def _http_error(error: HttpError) -> HttpResponse:
    # django-ninja wraps what its parser raises.
    if isinstance(error.__cause__, JSONDecodeError):
        return _invalid([domain.FieldError("body", f"is not valid JSON: {error.__cause__}")])
    return _answer(error.__cause__) if error.__cause__ else answer(error.status_code, str(error))


def _storage_error(error: domain.StorageError) -> HttpResponse:
    logger.error("Storage failed: %s", error, exc_info=error)
    return answer(500)


def _storage_busy(error: domain.StorageBusyError) -> HttpResponse:
    logger.error("Storage is busy: %s", error)
    return answer(500, headers={"Retry-After": "1"})


def _unhandled(error: Exception) -> HttpResponse:
    logger.error("Unhandled: %r", error, exc_info=error)
    return answer(500)


ANSWERS: dict[type[Exception], Callable[[Any], HttpResponse]] = {
    domain.InvalidRequestError: lambda error: _invalid(list(error.errors)),
    domain.EventNotFoundError: lambda _: answer(404, "There is no event with this eventId."),
    domain.EventExistsError: lambda _: answer(409, "There is an event with this eventId already; nothing was changed."),
    domain.RevisionMismatchError: lambda _: answer(
        412, "The event is not at a revision that If-Match names; nothing was changed."
    ),
    domain.ChangeSupersededError: lambda _: answer(
        409, "The event has been changed since; its history has every earlier version, to restore one."
    ),
    domain.VersionNotFoundError: lambda _: answer(404, "The history has no such version of this event."),
    domain.BatchNotFoundError: lambda _: answer(
        404, "This belongs to somebody else, was too long ago, or newer ones replaced it before it was confirmed."
    ),
    domain.ExportTooLongError: lambda _: answer(413, TOO_LONG_TO_SEND),
    domain.StorageBusyError: _storage_busy,
    domain.StorageError: _storage_error,
    KeyRequiredError: lambda _: answer(401, headers={"WWW-Authenticate": "Bearer"}),
    KeyInvalidError: lambda _: answer(
        401,
        "This API key is not valid: it was revoked, or not copied whole.",
        {"WWW-Authenticate": 'Bearer error="invalid_token"'},
    ),
    KeyScopeError: lambda _: answer(
        403,
        "This API key may only read.",
        {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="write"'},
    ),
    OriginRefusedError: lambda _: answer(
        403,
        "Pages of other origins may only read here; the setting EVENTS_CORS_ORIGINS lists those that may write, too.",
    ),
    accounts.StaffNotFoundError: lambda _: answer(404, "Nobody has this username."),
    accounts.StaffChangedError: lambda _: answer(409, "Someone else changed this account just now; please try again."),
    accounts.KeyNotFoundError: lambda _: answer(404, "There is no such API key, or it is revoked already."),
    ValidationError: _validation_error,
    HttpError: _http_error,
    RequestDataTooBig: lambda _: answer(413),
    UnreadablePostError: lambda _: answer(400, "The body broke off before its end."),
    SuspiciousOperation: lambda _: answer(400),
    Exception: _unhandled,
}

# Those that this project raises itself.
KNOWN = tuple(kind for kind in ANSWERS if kind.__module__.startswith(("events.", "eventsite.")))


def _answer(error: Any) -> HttpResponse:
    return next(ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS)(error)


def handle(request: HttpRequest, error: Any) -> HttpResponse:
    """The answer to whatever exception an API operation raised."""
    return _answer(error)
