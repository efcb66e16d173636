"""The home page: the next days in numbers, the next events and the latest changes."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from events.activity import list_activity
from events.overview import DAYS, get_overview
from events.pages.charts import capacity_bars
from events.pages.navigation import address_of_events
from events.pages.today import today

_MOST_LINES = 8


@require_safe
def show_home(request: HttpRequest) -> HttpResponse:
    activity = list_activity(_MOST_LINES)
    overview = get_overview(today(), has_events=activity.shows_an_event)
    context = {
        "days": DAYS,
        "events_address": address_of_events(),
        "overview": overview,
        "coming": overview.events[:_MOST_LINES],
        "bars": capacity_bars(overview.weeks),
        "activity": activity,
    }
    return render(request, "events/home.html", context)
