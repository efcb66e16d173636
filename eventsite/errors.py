"""The table of errors: each exception's status, code and message. Here as JSON, in error_pages.py as a page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from json import JSONDecodeError
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from ninja.errors import HttpError, ValidationError

from events import domain
from events.api.access import (
    CredentialsInvalidError,
    KeyInvalidError,
    KeyRequiredError,
    KeyScopeError,
    OriginRefusedError,
)
from events.api.bodies import (
    ACCEPT_PATCH,
    MERGE_PATCH,
    UnsupportedCharsetError,
    UnsupportedEncodingError,
    UnsupportedPatchError,
)
from events.api.etags import ConditionUnsupportedError
from eventsite.accounts import errors as accounts

logger = logging.getLogger(__name__)

MAX_NAME_LENGTH = 100


class Error(NamedTuple):
    """What a client gets: programs `message`, people `for_people` if there is one. `errors` are those of a 422."""

    status: int
    code: str  # never changes: programs compare it
    message: str
    for_people: str = ""
    headers: Mapping[str, str] = MappingProxyType({})
    errors: Sequence[dict[str, str]] = ()


# Errors without an exception of their own.
BAD_REQUEST = Error(400, "bad_request", "The request could not be understood.")
FORBIDDEN = Error(
    403, "forbidden", "This is not allowed.", "Your role does not allow this. An admin can change your role."
)
CSRF_FAILED = FORBIDDEN._replace(
    code="csrf_failed",
    for_people="Nothing was saved: this page was open for too long, or you have signed in or out since. "
    "Go back, reload the page and send the form again.",
)
NOT_FOUND = Error(
    404, "not_found", "There is nothing at this address.", "This page does not exist. The address may be incomplete."
)
METHOD_NOT_ALLOWED = Error(
    405,
    "method_not_allowed",
    "This method is not allowed here; allowed: {}.",
    "This page cannot do that. Open it from the menu.",
)
HTTPS_REQUIRED = Error(
    403,
    "https_required",
    "Call this site over https. If you sent a key or a password, replace it: it was not encrypted.",
)
LENGTH_REQUIRED = Error(411, "length_required", "The body must have a Content-Length.")
RESPONSE_TOO_LARGE = Error(
    413,
    "response_too_large",
    "The response is larger than the limit of 6 MB. Ask for pages with ?limit=, or accept gzip.",
    "The result is larger than the limit of 6 MB. Narrow the filter, and export in several parts.",
)
INTERNAL_ERROR = Error(
    500,
    "internal_error",
    "Something went wrong on our side. The request may or may not have been completed.",
    "Something went wrong on our side. If you were saving, check whether it was saved before you try again.",
)
PASSKEY_REFUSED = Error(422, "passkey_refused", "This passkey was not accepted.")
STORAGE_UNAVAILABLE = Error(503, "storage_unavailable", "DynamoDB is not responding. Please try again in a moment.")
STORAGE_ERROR = INTERNAL_ERROR._replace(
    code="storage_error",
    for_people="The database is not responding. If you were saving, check whether it was saved before you try again.",
)


def body_too_large(limit: int) -> Error:
    """For a body of more bytes than this limit."""
    size = f"{limit // 1024**2} MiB" if limit >= 1024**2 else f"{limit // 1024} KiB"
    advice = " Import a larger file in several parts." if limit == settings.FILE_UPLOAD_MAX_MEMORY_SIZE else ""
    return Error(
        413,
        "body_too_large",
        f"The body is too large. The limit is {size}.",
        f"What you sent is too large. The limit is {size}.{advice}",
    )


def invalid(errors: list[domain.FieldError]) -> Error:
    shown = [{"field": _shortened(error.field), "message": error.message, "code": error.code} for error in errors]
    message = "; ".join(f"{error['field']} {error['message']}" for error in shown)
    return Error(422, "invalid_request", f"{message}.", errors=shown)


def _shortened(name: str) -> str:
    return name if len(name) <= MAX_NAME_LENGTH else name[:MAX_NAME_LENGTH] + "…"


def _field_error(error: dict[str, Any]) -> domain.FieldError:
    # ("query", the field), or ("body", the argument's name), or ("body", the argument's name, the field)
    location = error["loc"]
    name = "body" if location[0] == "body" and len(location) < 3 else str(location[-1])
    match error["type"]:
        case "missing" if name == "body":
            return domain.FieldError(name, "must be a JSON object; the body is empty", "required")
        case "missing":
            return domain.FieldError(name, "is required", "required")
        case "extra_forbidden" if location[1] == "chosen":
            return domain.FieldError(name, "is not a field of this body", "unknown_field")
        case "extra_forbidden":
            return domain.FieldError(name, "is not a field of an event", "unknown_field")
        case "value_error":
            broken = error["ctx"]["error"]
            return domain.FieldError(name, str(broken), getattr(broken, "code", "invalid"))
        case _:
            return domain.FieldError(name, "must be a JSON object", "not_an_object")


def _http_error(error: HttpError) -> Error:
    # django-ninja wraps what its parser raises.
    if isinstance(error.__cause__, JSONDecodeError):
        return invalid([domain.FieldError("body", f"is not valid JSON: {error.__cause__}", "invalid_json")])
    return report(error.__cause__) if error.__cause__ else error_of_status(error.status_code)


ERRORS: dict[type[Exception], Error | Callable[[Any], Error]] = {
    domain.InvalidRequestError: lambda error: invalid(list(error.errors)),
    domain.EventNotFoundError: Error(
        404,
        "event_not_found",
        "There is no event with this eventId.",
        "This event has never existed. The address may be incomplete.",
    ),
    domain.EventExistsError: Error(
        409, "event_exists", "An event with this eventId already exists. Nothing was changed."
    ),
    domain.RevisionMismatchError: Error(
        412,
        "revision_mismatch",
        "The current ETag does not meet If-Match or If-None-Match. Nothing was changed.",
        "Someone changed the event after you opened the page, so nothing was done. Go back, and reload the page.",
    ),
    ConditionUnsupportedError: Error(
        412,
        "condition_unsupported",
        "POST cannot check If-None-Match, or an ETag in If-Match. Nothing was created.",
    ),
    UnsupportedEncodingError: Error(
        415,
        "unsupported_encoding",
        "The body must not be compressed. Send it without Content-Encoding.",
        headers={"Accept-Encoding": "identity"},
    ),
    UnsupportedCharsetError: Error(
        415, "unsupported_charset", "The body must be in UTF-8. The Content-Type names another charset."
    ),
    UnsupportedPatchError: Error(
        415,
        "unsupported_patch",
        f"The body of a PATCH must be a JSON merge patch ({MERGE_PATCH}).",
        headers={"Accept-Patch": ACCEPT_PATCH},
    ),
    domain.ChangeSupersededError: Error(
        409, "change_superseded", "The event has changed since then. You can restore any version from its history."
    ),
    domain.VersionNotFoundError: Error(404, "version_not_found", "The history has no such version of this event."),
    domain.VersionOutOfReachError: Error(
        409,
        "version_out_of_reach",
        "The history since this version is too long to restore it in full. Nothing was changed. "
        "You can set the values that its entry in the history shows.",
    ),
    domain.BatchNotFoundError: Error(
        404,
        "batch_not_found",
        "This import or bulk change belongs to someone else, has expired, or was replaced by a newer one. "
        "Start again from the list or the import page.",
    ),
    domain.ExportTooLongError: RESPONSE_TOO_LARGE,
    domain.StorageBusyError: STORAGE_ERROR._replace(code="storage_busy", headers={"Retry-After": "1"}),
    domain.StorageError: STORAGE_ERROR,
    KeyRequiredError: Error(
        401,
        "key_required",
        "An API key is required. Send it as 'Authorization: Bearer <key>'.",
        headers={"WWW-Authenticate": "Bearer"},
    ),
    CredentialsInvalidError: Error(
        401,
        "credentials_invalid",
        "The Authorization header must be one API key: 'Authorization: Bearer <key>'.",
        headers={"WWW-Authenticate": "Bearer"},
    ),
    KeyInvalidError: Error(
        401,
        "key_invalid",
        "This API key is invalid. It was revoked, or it is incomplete.",
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    ),
    accounts.KeyExpiredError: Error(
        401,
        "key_expired",
        "This API key has expired, or was replaced by a new one. Ask an admin of the site for the new key.",
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    ),
    KeyScopeError: Error(
        403,
        "key_scope",
        "This API key may only read.",
        headers={"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="write"'},
    ),
    OriginRefusedError: Error(
        403,
        "origin_refused",
        "Pages from other origins may only read. The setting EVENTS_CORS_ORIGINS lists those that may also write.",
    ),
    accounts.StaffNotFoundError: Error(404, "account_not_found", "There is no account with this username."),
    accounts.StaffChangedError: Error(
        409, "account_changed", "Someone else has just changed this account. Please try again."
    ),
    accounts.OwnPasswordError: Error(
        403,
        "own_password",
        "You cannot reset your own password. Change it on My account: that needs your current password.",
    ),
    accounts.PasskeyRefusedError: lambda error: PASSKEY_REFUSED._replace(message=error.sentence),
    accounts.KeyNotFoundError: Error(404, "key_not_found", "This API key does not exist, or is already revoked."),
    ValidationError: lambda error: invalid([_field_error(found) for found in error.errors]),
    HttpError: _http_error,
    RequestDataTooBig: lambda _: body_too_large(settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
    UnreadablePostError: Error(400, "body_incomplete", "The body ended early."),
    SuspiciousOperation: BAD_REQUEST,
    Exception: INTERNAL_ERROR,
}

# Those that this project raises itself.
KNOWN = tuple(kind for kind in ERRORS if kind.__module__.startswith(("events.", "eventsite.")))

_BY_STATUS = {error.status: error for error in (BAD_REQUEST, FORBIDDEN, NOT_FOUND, INTERNAL_ERROR)}


def error_of_status(status: int) -> Error:
    """For an error response of Django's own."""
    return _BY_STATUS.get(status) or Error(status, "request_failed", f"The request failed with status {status}.")


def report(exception: Any) -> Error:
    """The table's entry for an exception. Logs what is not the client's mistake."""
    entry = next(ERRORS[kind] for kind in type(exception).__mro__ if kind in ERRORS)
    if not isinstance(entry, Error):
        return entry(exception)
    if entry.status >= 500:
        traceback = not isinstance(exception, domain.StorageBusyError)
        logger.error("Request failed (%s): %r", entry.code, exception, exc_info=exception if traceback else None)
    return entry


def json_response(error: Error) -> HttpResponse:
    content = {"detail": error.message, "code": error.code}
    body = orjson.dumps({**content, "errors": error.errors} if error.errors else content)
    return HttpResponse(
        body, "application/json", error.status, headers={"Content-Length": str(len(body)), **error.headers}
    )


def handle(request: HttpRequest, exception: Any) -> HttpResponse:
    """The response to an exception that an API operation raised."""
    return json_response(report(exception))
