"""Errors as pages, with the messages of errors.py."""

from __future__ import annotations

from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import is_valid_path

from eventsite import errors, observed
from eventsite.errors import Error


def error_page(error: Error) -> HttpResponse:
    """Rendered without a request, because reading who is signed in needs storage, which may have failed."""
    from django.template.loader import render_to_string  # the API starts without it

    context = {
        "status": error.status,
        "phrase": HTTPStatus(error.status).phrase,
        "request_id": observed.current().request_id,
        "sentence": error.for_people or error.message,
    }
    return HttpResponse(render_to_string("error.html", context), status=error.status, headers=error.headers)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(errors.report(exception) if isinstance(exception, RequestDataTooBig) else errors.BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(errors.FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    path = f"{request.path_info}/"
    if request.method in ("GET", "HEAD") and path.startswith("/staff/") and is_valid_path(path):
        return HttpResponsePermanentRedirect(request.get_full_path(force_append_slash=True))
    return error_page(errors.NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    return error_page(errors.INTERNAL_ERROR)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_page(errors.CSRF_FAILED)
