"""Links back to the filtered list: the pages behind it carry its filter in a parameter of their own address."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

PARAMETER = "list"


def filter_of(request: HttpRequest) -> str:
    """The list's filter as a query string: on the list its own query, on other pages that in the parameter."""
    on_list = request.resolver_match is not None and request.resolver_match.view_name == "pages:events"
    return request.GET.urlencode() if on_list else request.GET.get(PARAMETER, "")


def address(request: HttpRequest, name: str, *arguments: Any, **query: str) -> str:
    """A page's address, with the list's filter in its parameter."""
    query = {**query, PARAMETER: filter_of(request)}
    query_string = urlencode({name: value for name, value in query.items() if value})
    return reverse(name, args=arguments) + (f"?{query_string}" if query_string else "")


def list_address(request: HttpRequest) -> str:
    """The address of the list, with its filter."""
    query = filter_of(request)
    return reverse("pages:events") + (f"?{query}" if query else "")
