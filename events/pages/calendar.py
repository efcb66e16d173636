"""A month with its events on their days."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from events.months import Month, get_month
from events.pages.today import today

MAX_SHOWN = 100  # characters of a month that is invalid; the template shortens what it shows further


@require_safe
def show_month(request: HttpRequest) -> HttpResponse:
    """The month asked for; this one if none is, or what is asked for is no month."""
    asked, status = request.GET.get("month", ""), request.GET.get("status", "")
    try:
        month, wrong = Month.parse(asked), ""
    except ValueError:
        month, wrong = Month.of(today()), asked[:MAX_SHOWN]
    context = {"page": get_month(month, status), "status": status, "wrong": wrong, "today": today()}
    return render(request, "events/calendar.html", context)
