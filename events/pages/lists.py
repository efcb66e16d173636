"""The list of events: filter, order, pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from events import cursors, services
from events.fields import allows
from events.listing import count_matches, list_page
from events.pages.forms import FilterForm
from events.pages.navigation import address_of_events
from events.pages.saved_views import saved_views


@require_safe
def list_events(request: HttpRequest) -> HttpResponse:
    """A page of the filtered list. htmx gets only the part that depends on the filter."""
    part = request.headers.get("HX-Target") == "results"
    statuses = services.statuses_in_use()
    form = FilterForm(request.GET, {"status": statuses, **services.values_in_use()})
    page = list_page(form.search, _cursor(request, "after"), _cursor(request, "before"))
    context = {
        "form": form,
        "page": page,
        "count": count_matches(form.search, page),
        "after": page.next and cursors.encode(page.next),
        "before": page.previous and cursors.encode(page.previous),
        "part": part,
        "statuses": statuses,
        "views": saved_views(request),
        "events_address": address_of_events(),
    }
    response = render(request, "events/list_results.html" if part else "events/list.html", context)
    patch_vary_headers(response, ["HX-Target"])
    return response


def _cursor(request: HttpRequest, name: str) -> str | None:
    """The sort key in a cursor. An invalid cursor shows the first page."""
    try:
        return cursors.decode(request.GET[name]) if allows("title", request.GET.get(name, "")) else None
    except ValueError:
        return None
