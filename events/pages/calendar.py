"""The calendar: a month, a week, or a month as a list of its days with events."""

from __future__ import annotations

from calendar import MONDAY, SUNDAY
from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from events.fields import RULES
from events.months import Month, Period, Week, get_calendar
from events.pages.navigation import address_of_events, calendar_address
from events.pages.today import today
from eventsite.accounts.preferences import PreferencesTooLongError, set_preference
from eventsite.accounts.roles import staff_of

FIRST_DAYS = {"monday": MONDAY, "sunday": SUNDAY}
_MOST_A_DAY = {"month": None, "week": 12, "agenda": 20}


@require_safe
def show_calendar(request: HttpRequest) -> HttpResponse:
    """The requested period; the current one if none is requested or the request is invalid."""
    view = request.GET.get("view", "")
    view = view if view in _MOST_A_DAY else "month"
    first_weekday = FIRST_DAYS.get(staff_of(request).preferences.get("first_day", ""), MONDAY)
    requested, now = request.GET.get("day" if view == "week" else "month", ""), today()
    period: Period
    try:
        period, invalid = _period(view, requested, first_weekday), ""
    except ValueError:
        period = Week.of(now, first_weekday) if view == "week" else Month.of(now)
        invalid = requested
    status = request.GET.get("status", "")
    context = {
        "view": view,
        "page": get_calendar(period, status, first_weekday, _MOST_A_DAY[view]),
        "status": status,
        "invalid": invalid,
        "today": now,
        "day": now if period.first <= now <= period.last else period.first,
        "first_weekday": first_weekday,
        "events_address": address_of_events(),
        "list_page": reverse("pages:events"),
        "new_address": reverse("pages:new_event"),
    }
    return render(request, "events/calendar.html", context)


def _period(view: str, text: str, first_weekday: int) -> Period:
    """The week of a day as YYYY-MM-DD, or a month as YYYY-MM. Raises ValueError."""
    return Week.of(date.fromisoformat(RULES["date"](text)), first_weekday) if view == "week" else Month.parse(text)


@require_POST
def choose_first_day(request: HttpRequest) -> HttpResponse:
    """Stores which day a week begins with, for this user. An unknown day changes nothing."""
    chosen = request.POST.get("first_day", "")
    try:
        if chosen in FIRST_DAYS:
            set_preference(staff_of(request), "first_day", chosen)
    except PreferencesTooLongError:
        messages.error(request, "Your account has no space for this setting. Delete a saved view first.")
    return HttpResponseRedirect(calendar_address(request) or reverse("pages:calendar"))
