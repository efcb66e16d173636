"""Errors as pages, with the messages of errors.py."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import is_valid_path

from eventsite import errors, observed
from eventsite.errors import Error
from eventsite.secret_addresses import is_secret

# Errors after which the database may be asked who is signed in. After others, it may be what failed.
_CLIENT_ERRORS = frozenset({403, 404, 405, 409, 410})
# The phrases of HTTP, such as "Precondition Failed", say little to people.
_HEADINGS = {
    400: "Invalid request",
    403: "Not allowed",
    404: "Not found",
    405: "Not allowed",
    409: "Nothing was changed",
    412: "Nothing was changed",
    413: "Too large",
    422: "Invalid input",
}


def error_page(error: Error, request: HttpRequest | None = None) -> HttpResponse:
    """A page with the menu if the request's user is known.

    It is rendered without context processors, because those read from the database, which may have failed.
    """
    # The API starts without these.
    from django.middleware.csrf import CsrfViewMiddleware
    from django.template.backends.utils import csrf_input_lazy
    from django.template.loader import render_to_string

    from eventsite.accounts.roles import find_staff
    from eventsite.theme import theme

    # The address must not reach the site's own addresses as Referer. With "no-referrer", forms fail: no menu, no forms.
    headers = dict(error.headers)
    if request and is_secret(request.path_info):
        request, headers["Referrer-Policy"] = None, "no-referrer"
    context: dict[str, Any] = {
        "status": error.status,
        "heading": _heading(error.status),
        "request_id": observed.current().request_id,
        "sentence": error.for_people or error.message,
    }
    if request:
        context |= {
            "user": find_staff(request, may_read=error.status in _CLIENT_ERRORS),
            "request": request,
            "csrf_input": csrf_input_lazy(request),
            **theme(request),
        }
    page = HttpResponse(render_to_string("error.html", context), status=error.status, headers=headers)
    if request:
        CsrfViewMiddleware(lambda _: page).process_response(request, page)  # the cookie for the forms in the menu
    return page


def _heading(status: int) -> str:
    return _HEADINGS.get(status) or ("Server error" if status >= 500 else "The request failed")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    error = errors.report(exception) if isinstance(exception, RequestDataTooBig) else errors.BAD_REQUEST
    return error_page(error, request)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(errors.FORBIDDEN, request)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    path = f"{request.path_info}/"
    if request.method in ("GET", "HEAD") and path.startswith("/staff/") and is_valid_path(path):
        return HttpResponsePermanentRedirect(request.get_full_path(force_append_slash=True))
    return error_page(errors.NOT_FOUND, request)


def server_error(request: HttpRequest) -> HttpResponse:
    return error_page(errors.INTERNAL_ERROR, request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_page(errors.CSRF_FAILED, request)
