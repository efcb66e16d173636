"""Links back to the filtered list: the pages behind it carry its filter in a parameter of their own address."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import get_script_prefix, reverse

PARAMETER = "list"
CALENDAR = "calendar"  # the same for the calendar's view and month

# The menu's entry for each page that is not in the menu itself. All other pages about events belong to the list.
_SECTIONS = {
    **dict.fromkeys(("accounts:add_person", "accounts:person", "accounts:deactivate"), "accounts:people"),
    **dict.fromkeys(("accounts:reactivate", "accounts:reset_password", "accounts:person_sessions"), "accounts:people"),
    "accounts:remove_factors": "accounts:people",
    **dict.fromkeys(("accounts:add_key", "accounts:revoke_key"), "accounts:keys"),
    "pages:import_columns": "pages:import_events",
}
_MENU = {"home", "events", "calendar", "activity", "deleted", "import_events"}


def section(request: HttpRequest) -> str:
    """The entry of the menu that this page belongs to, as the name of its view."""
    match = request.resolver_match
    if match is None:
        return ""
    if match.namespace == "pages" and match.view_name not in _SECTIONS:
        return match.view_name if match.url_name in _MENU else "pages:events"
    return _SECTIONS.get(match.view_name, match.view_name)


def filter_of(request: HttpRequest) -> str:
    """The list's filter as a query string: on the list its own query, on other pages that in the parameter."""
    on_list = request.resolver_match is not None and request.resolver_match.view_name == "pages:events"
    return request.GET.urlencode() if on_list else request.GET.get(PARAMETER, "")


def address(request: HttpRequest, name: str, *arguments: Any, **query: str) -> str:
    """A page's address, with the filter of the list or calendar in its parameter."""
    query = {**query, PARAMETER: filter_of(request), CALENDAR: request.GET.get(CALENDAR, "")}
    query_string = urlencode({name: value for name, value in query.items() if value})
    return reverse(name, args=arguments) + (f"?{query_string}" if query_string else "")


def address_of_events() -> str:
    """What the addresses of all events' pages begin with: for a long list, `reverse` is slow."""
    return _address_of_events(get_script_prefix())


@cache
def _address_of_events(prefix: str) -> str:
    return reverse("pages:event", args=["x"]).removesuffix("x/")


def list_address(request: HttpRequest) -> str:
    """The address of the list, with its filter."""
    query = filter_of(request)
    return reverse("pages:events") + (f"?{query}" if query else "")


def calendar_address(request: HttpRequest) -> str:
    """The address of the calendar that led to this page, with its view and month; empty if it was another page."""
    query = request.GET.get(CALENDAR)
    return "" if query is None else reverse("pages:calendar") + (f"?{query}" if query else "")
