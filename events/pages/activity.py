"""The most recent changes of all events: by staff, through the API, and by imports."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from events import cursors
from events.activity import list_activity


@require_safe
def show_activity(request: HttpRequest) -> HttpResponse:
    """The latest changes, or those before a cursor. An invalid cursor shows the latest changes."""
    try:
        before = cursors.decode_change(request.GET.get("before", ""))
    except ValueError:
        before = None
    page = list_activity(before=before)
    context = {"page": page, "before": before, "next": page.next and cursors.encode(page.next)}
    return render(request, "events/activity.html", context)
