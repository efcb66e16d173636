"""Middleware: request IDs, limits of bodies, security headers, compression, and the form of errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any
from uuid import uuid4

import corsheaders.middleware
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.core.handlers.wsgi import LimitedStream
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

from events.api import etags
from events.api.access import READS, OriginRefusedError, may_only_read
from events.api.bodies import ACCEPT_PATCH, SECONDS_WITHOUT_A_BYTE, body_limit
from events.domain import RevisionMismatchError
from eventsite import errors, observed
from eventsite.error_pages import error_page
from eventsite.request_log import route_of

MAX_LENGTH_DIGITS = 20
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_UNTYPED = frozenset({"", "text/plain"})  # wsgiref adds "text/plain" if a client sends no Content-Type

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def observe(get_response: GetResponse) -> GetResponse:
    """Gives the request an ID, which is sent with the response and logged, and records what the log line needs."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        context = request.META.get("apig_wsgi.context")
        observation = observed.begin(context.aws_request_id if context else uuid4().hex)
        observation.method = request.method or ""
        observation.address = request.META.get("REMOTE_ADDR", "")
        observation.user_agent = request.META.get("HTTP_USER_AGENT", "")
        response = get_response(request)
        observation.route = route_of(request)
        if match := request.resolver_match:
            event_id = match.kwargs.get("eventId") or match.kwargs.get("event_id")  # of the API, of the pages
            observation.event_id = str(event_id or observation.event_id)
        observation.status = response.status_code
        response.headers["X-Request-Id"] = observation.request_id
        return response

    return middleware


def follow_http(get_response: GetResponse) -> GetResponse:
    """Responds to HEAD as to GET, without the body; says what caches may do; removes the length of 204 and 304.

    On Lambda, lambda_handler removes the body, because it first needs its length.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        head = request.method == "HEAD"
        if head:
            request.method = "GET"
        response = get_response(request)
        response.headers.setdefault("Cache-Control", _cache_control(request, response.status_code))
        if head:
            request.method = "HEAD"
        if head and "apig_wsgi.full_event" not in request.META:
            if isinstance(response, HttpResponse):
                response.content = b""
            else:
                response.streaming_content = ()  # type: ignore[attr-defined]
        if response.status_code in (204, 304):
            del response["Content-Length"]
        return response

    return middleware


def _cache_control(request: HttpRequest, status: int) -> str:
    """A client may keep what it has read, and asks each time whether it is still true. Nothing else is kept."""
    if request.path_info.startswith("/staff/"):
        return "private, no-store"
    return "private, no-cache" if request.method == "GET" and status in (200, 304) else "no-store"


class CorsMiddleware(corsheaders.middleware.CorsMiddleware):
    """Refuses a preflight request if the write itself would be refused."""

    def __call__(self, request: HttpRequest) -> Any:
        method = request.headers.get("Access-Control-Request-Method") if request.method == "OPTIONS" else None
        if method and method not in READS and self.is_enabled(request) and may_only_read(request):
            return errors.handle(request, OriginRefusedError())
        return super().__call__(request)


def require_https(get_response: GetResponse) -> GetResponse:
    """Where TLS is required, redirects plain HTTP to pages and refuses it to programs.

    A program that was redirected would go on to send its key unencrypted. A load balancer may ask for the health check.
    """
    if settings.ON_AWS or not settings.EVENTS_HTTPS:  # API Gateway has no plain HTTP
        raise MiddlewareNotUsed

    def middleware(request: HttpRequest) -> HttpResponseBase:
        path = f"{request.path_info}/"
        if request.is_secure() or path == "/healthz/":
            return get_response(request)
        if request.method == "GET" and not path.startswith(("/events/", "/changes/", "/openapi.json/")):
            return HttpResponsePermanentRedirect(f"https://{request.get_host()}{request.get_full_path()}")
        return _refuse(request, errors.HTTPS_REQUIRED)

    return middleware


def limit_bodies(get_response: GetResponse) -> GetResponse:
    """Refuses a body that is too long for its address, or has no length, before anything reads it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH", "")
        has_body = request.method in _WITH_BODY and request.META.get("CONTENT_TYPE", "") not in _UNTYPED
        if "HTTP_TRANSFER_ENCODING" in request.META or (has_body and not length):
            return _refuse(request, errors.LENGTH_REQUIRED)
        length = length or "0"
        if not (length.isascii() and length.isdecimal() and len(length) < MAX_LENGTH_DIGITS):
            return _refuse(request, errors.BAD_REQUEST)
        limit = body_limit(request.path_info)
        if int(length) > limit:
            return _refuse(request, errors.body_too_large(limit))
        if connection := request.META.get("gunicorn.socket"):  # otherwise gunicorn's thread waits forever
            connection.settimeout(SECONDS_WITHOUT_A_BYTE)
        return get_response(request)

    return middleware


def _refuse(request: HttpRequest, error: errors.Error) -> HttpResponseBase:
    """Responds without reading the body, and lets the server close the connection."""
    response = secure_pages(lambda _: _error_response(request, error))(request)
    del response.headers["Content-Length"]  # without one, the server closes the connection
    if isinstance(stream := request.META["wsgi.input"], LimitedStream):
        stream.limit = 0  # otherwise Django's own server reads all of it into memory
    return response


class _ExactCompression(GZipMiddleware):
    max_random_bytes = 0


class CompressionMiddleware(GZipMiddleware):
    """Compresses for clients that accept it.

    A response with an entity tag keeps a strong one, because If-Match needs it. So it is always compressed to the same
    bytes; to other responses Django adds random bytes, so that nobody can guess a page's secrets from its length.
    """

    def __init__(self, get_response: GetResponse) -> None:
        super().__init__(get_response)
        self._exact = _ExactCompression(get_response)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        refused = re.search(r"\bgzip\s*;\s*q=0(\.0*)?\s*(,|$)", request.META.get("HTTP_ACCEPT_ENCODING", ""))
        if refused or response.has_header("Content-Range"):  # which counts the bytes of the file as it is
            patch_vary_headers(response, ("Accept-Encoding",))
            return response
        tag = response.headers.get("ETag", "")
        if not etags.is_strong(tag):
            return super().process_response(request, response)
        response = self._exact.process_response(request, response)
        if response.has_header("Content-Encoding"):
            response["ETag"] = etags.compressed(tag)
        return response


def check_conditions_of_reads(get_response: GetResponse) -> GetResponse:
    """Compares the ETag of a JSON response to GET with If-Match (412) and If-None-Match (304), in this order."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        is_read = request.method == "GET" and response.status_code == 200
        is_json = response.headers.get("Content-Type") == "application/json"
        if not (is_read and is_json and isinstance(response, HttpResponse)):
            return response
        if "ETag" not in response.headers:
            response.headers["ETag"] = etags.etag_of_content(response)
        try:
            known = etags.known_etag(request, response.headers["ETag"])
        except RevisionMismatchError as error:
            return errors.handle(request, error)
        if known is None:
            return response
        kept = {name: response.headers[name] for name in ("Cache-Control", "Link") if name in response.headers}
        return HttpResponseNotModified(headers={**kept, "ETag": known, "Vary": "Accept-Encoding"})

    return middleware


def static_files(get_response: GetResponse) -> GetResponse:
    """WhiteNoise, created with the first request for a static file, because it then reads all of them."""

    @cache
    def whitenoise() -> GetResponse:
        from whitenoise.middleware import WhiteNoiseMiddleware  # noqa: PLC0415  # the API starts without it

        middleware: GetResponse = WhiteNoiseMiddleware(get_response)
        return middleware

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return (whitenoise() if request.path_info.startswith("/static/") else get_response)(request)

    return middleware


def errors_as_json(get_response: GetResponse) -> GetResponse:
    """Gives errors of Django's own a JSON body: in the API always, elsewhere unless the client wants HTML."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.status_code < 400 or response.headers.get("Content-Type") == "application/json":
            return response
        if response.status_code == 405:  # Django sends no body
            return _error_response(request, _method_not_allowed(response.headers.get("Allow", "")))
        if _wants_page(request):
            return response
        response.close()
        error = errors.error_of_status(response.status_code)
        kept = {name: response.headers[name] for name in ("Retry-After",) if name in response.headers}
        return errors.json_response(error._replace(headers=kept))

    return middleware


# Only what the site itself serves. Bootstrap's stylesheet has the images of form controls as `data:` URLs.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_DOCS_POLICY = CONTENT_SECURITY_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")  # for Swagger
# If a browser shows JSON, a calendar or a file as a document, it loads nothing.
_POLICY_OF_DATA = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"


def secure_pages(get_response: GetResponse) -> GetResponse:
    """Adds security headers: to pages, and a shorter policy to everything else."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            policy = _DOCS_POLICY if request.path_info == "/docs" else CONTENT_SECURITY_POLICY
            response.headers.setdefault("Content-Security-Policy", policy)
            response.headers.setdefault("X-Frame-Options", "DENY")
            response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
        else:
            response.headers.setdefault("Content-Security-Policy", _POLICY_OF_DATA)
        return response

    return middleware


class PageErrorsMiddleware:
    """Responds to exceptions that this project raises; Django handles the others, and with DEBUG shows them."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return _error_response(request, errors.report(exception)) if isinstance(exception, errors.KNOWN) else None


def _error_response(request: HttpRequest, error: errors.Error) -> HttpResponse:
    """A page or JSON, as the client wants it."""
    return error_page(error, request) if _wants_page(request) else errors.json_response(error)


def _method_not_allowed(allow: str) -> errors.Error:
    methods = set(allow.split(", "))
    allowed = ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
    error = errors.METHOD_NOT_ALLOWED
    headers = {"Allow": allowed, **({"Accept-Patch": ACCEPT_PATCH} if "PATCH" in methods else {})}
    return error._replace(message=error.message.format(allowed), headers=headers)


def _wants_page(request: HttpRequest) -> bool:
    is_api = f"{request.path_info}/".startswith(("/events/", "/changes/"))
    return not is_api and "text/html" in request.META.get("HTTP_ACCEPT", "")
