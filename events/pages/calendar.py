"""The calendar of one month."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from events.months import Month, get_month
from events.pages.today import today

MAX_SHOWN = 100  # characters of an invalid month


@require_safe
def show_month(request: HttpRequest) -> HttpResponse:
    """The requested month; the current month if none is requested or the request is invalid."""
    requested, status = request.GET.get("month", ""), request.GET.get("status", "")
    try:
        month, invalid = Month.parse(requested), ""
    except ValueError:
        month, invalid = Month.of(today()), requested[:MAX_SHOWN]
    context = {"page": get_month(month, status), "status": status, "invalid": invalid, "today": today()}
    return render(request, "events/calendar.html", context)
