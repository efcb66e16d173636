"""The responses of the endpoints."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path

from events.api.etags import etag_of
from events.domain import Event


def json_response(content: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(orjson.dumps(content), status=status, content_type="application/json")


def event_response(event: Event, status: int = 200) -> HttpResponse:
    response = json_response(event.fields, status)
    response["ETag"] = etag_of(event)
    return response


def empty_response(status: int) -> HttpResponse:
    response = HttpResponse(status=status)
    del response["Content-Type"]
    return response


def link_pages(response: HttpResponse, request: HttpRequest, limit: int | None, pages: dict[str, str]) -> None:
    """Adds the `Link` to other pages of the list: their relations, such as "next", and cursors ("" for the first)."""
    address = request.build_absolute_uri(escape_uri_path(request.path))
    links = []
    for relation, cursor in pages.items():
        parameters: dict[str, Any] = {**dict(request.GET.lists()), "limit": limit, "cursor": cursor}
        if not cursor:
            del parameters["cursor"]
        links.append(f'<{address}?{urlencode(parameters, doseq=True)}>; rel="{relation}"')
    if links:
        response["Link"] = ", ".join(links)
