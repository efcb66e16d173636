"""Errors for whoever uses a browser: the sentence that errors.py has for programs, on a page that leads on from it."""

from __future__ import annotations

from http import HTTPStatus

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import is_valid_path

from events.domain import EventNotFoundError, RevisionMismatchError, StorageBusyError, StorageError
from eventsite import errors, observed

_SENTENCES = {
    403: "Your role does not allow this. Someone with the admin role can change that.",
    404: "There is no such page. It may have been moved, or the address was not copied whole.",
    500: "Something went wrong on our side. If you were saving, look whether it was done before you try again.",
    405: "This address only takes what one of the pages sends. Go to the page, and use its buttons.",
}
_CSRF = (
    "This page was open for too long, or you have signed in or out since, so what you sent was not taken. "
    "Go back to it, and send it again."
)


_UNREACHABLE = (
    "The place where everything is kept does not answer just now. "
    "If you were saving, look whether it was done before you try again, in a moment."
)

# Where a person did something else than the program that the sentence is for.
_FOR_PEOPLE: dict[type[Exception], str] = {
    EventNotFoundError: "There is no such event, and there never was one. The address may not have been copied whole.",
    StorageError: _UNREACHABLE,
    StorageBusyError: _UNREACHABLE,
    RevisionMismatchError: "Somebody changed the event after you opened the page, so nothing was done. "
    "Go back, reload the page, and look again.",
}


def error_page(status: int, sentence: str = "", headers: dict[str, str] | None = None) -> HttpResponse:
    """Rendered without a request: who is signed in is not asked, as storage may be what failed."""
    from django.template.loader import render_to_string  # which the API starts without

    context = {
        "status": status,
        "phrase": HTTPStatus(status).phrase,
        "request_id": observed.current().request_id,
        "sentence": sentence or _SENTENCES.get(status) or errors.SENTENCES.get(status, ""),
    }
    return HttpResponse(render_to_string("error.html", context), status=status, headers=headers)


def too_large_page(limit: int) -> HttpResponse:
    """The page for a form of more bytes than this limit."""
    advice = " Import a larger file in several parts." if limit == settings.FILE_UPLOAD_MAX_MEMORY_SIZE else ""
    return error_page(413, f"What was sent is too large; a form may have {errors.size_of(limit)}.{advice}")


def page_of(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page for an exception that errors.py has an answer to."""
    answer = errors.handle(request, exception)
    headers = {name: answer[name] for name in ("Retry-After",) if name in answer}
    sentence = _FOR_PEOPLE.get(type(exception), "")
    if not sentence and answer.status_code < 500:
        sentence = orjson.loads(answer.content)["detail"]
    return error_page(answer.status_code, sentence, headers)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return too_large_page(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    return error_page(400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    path = f"{request.path_info}/"
    if request.method in ("GET", "HEAD") and path.startswith("/staff/") and is_valid_path(path):
        return HttpResponsePermanentRedirect(request.get_full_path(force_append_slash=True))
    return error_page(404)


def server_error(request: HttpRequest) -> HttpResponse:
    return error_page(500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_page(403, _CSRF)
