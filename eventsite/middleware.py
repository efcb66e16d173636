"""What every answer passes on its way out: HEAD, compression, and errors as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

from events.api import COMPRESSED
from eventsite.errors import answer

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def answer_head_as_get(get_response: GetResponse) -> GetResponse:
    """HEAD is answered as GET would be, then loses its body: not every server in front of this one takes it off."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.method != "HEAD":
            return get_response(request)
        request.method = "GET"
        response = get_response(request)
        request.method = "HEAD"
        if response.streaming:
            response.streaming_content = ()  # type: ignore[attr-defined]
        else:
            cast(HttpResponse, response).content = b""
        return response

    return middleware


class CompressionMiddleware(GZipMiddleware):
    """Compresses for clients that accept it, and marks the entity tag so that it stays strong: If-Match needs it so."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response = super().process_response(request, response)
        tag = response.headers.get("ETag", "")
        if tag.startswith('W/"') and response.has_header("Content-Encoding"):
            response["ETag"] = f'{tag.removeprefix("W/")[:-1]}{COMPRESSED}"'
        return response


def errors_as_json(get_response: GetResponse) -> GetResponse:
    """Gives every error a JSON body with `detail`: under /events always, elsewhere unless the client wants HTML."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.status_code < 400 or response.headers.get("Content-Type") == "application/json":
            return response
        if not _is_api(request.path_info) and "text/html" in request.META.get("HTTP_ACCEPT", ""):
            return response
        response.close()
        return _as_json(response)

    return middleware


def _as_json(response: HttpResponseBase) -> HttpResponse:
    headers: dict[str, str] = {}
    detail = ""
    if "Allow" in response.headers:
        methods = set(response.headers["Allow"].split(", "))
        headers["Allow"] = ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
        detail = f"This method is not allowed here; allowed: {headers['Allow']}."
    return answer(response.status_code, detail, headers)


def _is_api(path: str) -> bool:
    return path == "/events" or path.startswith("/events/")
