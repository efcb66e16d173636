"""What every answer passes on its way out: its request's id, HTTP's own rules, compression, and errors as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any
from uuid import uuid4

import corsheaders.middleware
from django.core.handlers.wsgi import LimitedStream
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

from events.api import etags
from events.api.access import READS, OriginRefusedError, may_only_read
from events.api.bodies import SECONDS_WITHOUT_A_BYTE, body_limit
from eventsite import observed
from eventsite.error_pages import error_page, page_of, too_large_page
from eventsite.errors import KNOWN, answer, handle, too_large
from eventsite.request_log import route_of

MAX_LENGTH_DIGITS = 20
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_UNTYPED = frozenset({"", "text/plain"})  # wsgiref writes the latter where a client sends no Content-Type

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def observe(get_response: GetResponse) -> GetResponse:
    """Gives the request an id, which its answer carries and whatever is logged about it, and notes what was asked."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        context = request.META.get("apig_wsgi.context")
        observation = observed.begin(context.aws_request_id if context else uuid4().hex)
        observation.method = request.method or ""
        response = get_response(request)
        observation.route = route_of(request)
        if match := request.resolver_match:
            named = match.kwargs.get("eventId") or match.kwargs.get("event_id")  # by the API, by the pages
            observation.event_id = str(named or observation.event_id)
        observation.status = response.status_code
        response.headers["X-Request-Id"] = observation.request_id
        return response

    return middleware


def keep_to_http(get_response: GetResponse) -> GetResponse:
    """HEAD is answered as GET would be, but without the body; 204 and 304 have no length."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        head = request.method == "HEAD"
        if head:
            request.method = "GET"
        response = get_response(request)
        if head:
            request.method = "HEAD"
            if isinstance(response, HttpResponse):
                response.content = b""
            else:
                response.streaming_content = ()  # type: ignore[attr-defined]
        if response.status_code in (204, 304):
            del response["Content-Length"]
        return response

    return middleware


class CorsMiddleware(corsheaders.middleware.CorsMiddleware):
    """Refuses a preflight for a write that would itself be refused."""

    def __call__(self, request: HttpRequest) -> Any:
        asked = request.headers.get("Access-Control-Request-Method") if request.method == "OPTIONS" else None
        if asked and asked not in READS and self.is_enabled(request) and may_only_read(request):
            return handle(request, OriginRefusedError())
        return super().__call__(request)


def limit_bodies(get_response: GetResponse) -> GetResponse:
    """Refuses a body that is too long for its address, or whose length is not known, before anything reads it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH", "")
        has_body = request.method in _WITH_BODY and request.META.get("CONTENT_TYPE", "") not in _UNTYPED
        if "HTTP_TRANSFER_ENCODING" in request.META or (has_body and not length):
            return _refuse(request, lambda: error_page(411), lambda: answer(411))
        length = length or "0"
        if not (length.isascii() and length.isdecimal() and len(length) < MAX_LENGTH_DIGITS):
            return _refuse(request, lambda: error_page(400), lambda: answer(400))
        limit = body_limit(request.path_info)
        if int(length) > limit:
            return _refuse(request, lambda: too_large_page(limit), lambda: too_large(limit))
        if connection := request.META.get("gunicorn.socket"):  # gunicorn's threads would wait for ever
            connection.settimeout(SECONDS_WITHOUT_A_BYTE)
        return get_response(request)

    return middleware


def _refuse(
    request: HttpRequest, page: Callable[[], HttpResponse], response: Callable[[], HttpResponse]
) -> HttpResponseBase:
    """A page or JSON, as the client wants it, after which the connection ends and what is left of the body with it."""
    refusal = secure_pages(lambda _: page())(request) if _wants_page(request) else response()
    del refusal.headers["Content-Length"]  # without one, the server ends the connection
    if isinstance(stream := request.META["wsgi.input"], LimitedStream):
        stream.limit = 0  # else Django's own server would read all of it into memory
    return refusal


class _ExactCompression(GZipMiddleware):
    max_random_bytes = 0


class CompressionMiddleware(GZipMiddleware):
    """Compresses for clients that accept it.

    What has an entity tag keeps it strong, as If-Match needs it, but one of its own, and is compressed to the same
    bytes every time (else Django adds some at random, so that secrets in pages cannot be guessed from lengths).
    """

    def __init__(self, get_response: GetResponse) -> None:
        super().__init__(get_response)
        self._exact = _ExactCompression(get_response)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if re.search(r"\bgzip\s*;\s*q=0(\.0*)?\s*(,|$)", request.META.get("HTTP_ACCEPT_ENCODING", "")):
            patch_vary_headers(response, ("Accept-Encoding",))
            return response
        tag = response.headers.get("ETag", "")
        if not etags.is_strong(tag):
            return super().process_response(request, response)
        response = self._exact.process_response(request, response)
        if response.has_header("Content-Encoding"):
            response["ETag"] = etags.compressed(tag)
        return response


def static_files(get_response: GetResponse) -> GetResponse:
    """WhiteNoise, made when a static file is first asked for: it then looks at each of some two hundred."""

    @cache
    def whitenoise() -> GetResponse:
        from whitenoise.middleware import WhiteNoiseMiddleware  # noqa: PLC0415  # which the API starts without

        made: GetResponse = WhiteNoiseMiddleware(get_response)
        return made

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return (whitenoise() if request.path_info.startswith("/static/") else get_response)(request)

    return middleware


def errors_as_json(get_response: GetResponse) -> GetResponse:
    """Gives every error a JSON body with `detail`: under /events always, elsewhere unless the client wants HTML."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.status_code < 400 or response.headers.get("Content-Type") == "application/json":
            return response
        if _wants_page(request):
            return _page_of_405(response) if response.status_code == 405 else response
        response.close()
        return _as_json(response)

    return middleware


# Nothing but what the site itself serves; pictures of form controls are data in Bootstrap's stylesheet.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_DOCS_POLICY = CONTENT_SECURITY_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")  # Swagger's own


def secure_pages(get_response: GetResponse) -> GetResponse:
    """What browsers are told about every page: where scripts may come from, no frames; and not to keep staff's."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.path_info.startswith("/staff/"):
            response.headers.setdefault("Cache-Control", "private, no-store")
        if response.headers.get("Content-Type", "").startswith("text/html"):
            policy = _DOCS_POLICY if request.path_info == "/docs" else CONTENT_SECURITY_POLICY
            response.headers.setdefault("Content-Security-Policy", policy)
            response.headers.setdefault("X-Frame-Options", "DENY")
            response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
        return response

    return middleware


class PageErrorsMiddleware:
    """Gives what errors.py knows a page; Django itself knows the rest, and with DEBUG shows it."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return page_of(request, exception) if isinstance(exception, KNOWN) else None


def _page_of_405(response: HttpResponseBase) -> HttpResponse:
    """Django's own has no body."""
    return error_page(405, headers={"Allow": response.headers.get("Allow", "")})


def _as_json(response: HttpResponseBase) -> HttpResponse:
    if "Allow" not in response.headers:
        kept = {name: response.headers[name] for name in ("Retry-After",) if name in response.headers}
        return answer(response.status_code, headers=kept)
    methods = set(response.headers["Allow"].split(", "))
    allowed = ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
    detail = f"This method is not allowed here; allowed: {allowed}."
    return answer(response.status_code, detail, {"Allow": allowed})


def _wants_page(request: HttpRequest) -> bool:
    is_api = f"{request.path_info}/".startswith("/events/")
    return not is_api and "text/html" in request.META.get("HTTP_ACCEPT", "")
