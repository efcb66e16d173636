"""The start page: the next thirty days at a glance."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from events.activity import list_activity
from events.overview import get_overview
from events.pages.charts import capacity_bars
from events.pages.today import today

_LATEST = 8


@require_safe
def show_home(request: HttpRequest) -> HttpResponse:
    """What is coming up, and what was done lately."""
    overview = get_overview(today())
    context = {
        "overview": overview,
        "coming": overview.events[:_LATEST],
        "bars": capacity_bars(overview.weeks),
        "activity": list_activity(_LATEST),
    }
    return render(request, "events/home.html", context)
