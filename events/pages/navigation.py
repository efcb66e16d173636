"""The way back: pages that the list leads to carry its filter in their addresses, and so do their forms."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

PARAMETER = "list"


def filter_of(request: HttpRequest) -> str:
    """The list's own query, on the list; elsewhere the one that was carried along."""
    on_list = request.resolver_match is not None and request.resolver_match.view_name == "pages:events"
    return request.GET.urlencode() if on_list else request.GET.get(PARAMETER, "")


def address(request: HttpRequest, name: str, *arguments: Any, **query: str) -> str:
    """A page's address, with the list's filter carried along."""
    query = {**query, PARAMETER: filter_of(request)}
    written = urlencode({name: value for name, value in query.items() if value})
    return reverse(name, args=arguments) + (f"?{written}" if written else "")


def list_address(request: HttpRequest) -> str:
    """The list, filtered as it was."""
    query = filter_of(request)
    return reverse("pages:events") + (f"?{query}" if query else "")
