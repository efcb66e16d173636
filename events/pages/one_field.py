"""Changes one field of an event: the status from a menu, the date by dragging the event in the calendar."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from events import services
from events.domain import EventChanges
from events.fields import LABELS, RULES, without_spaces
from events.pages.filters import long_date
from events.pages.navigation import address, calendar_address, list_address
from events.pages.undo import add_message_with_undo
from events.visible_text import quoted
from eventsite.accounts.roles import actor_of


@require_http_methods(["GET", "POST"])
def change_status(request: HttpRequest, event_id: str) -> HttpResponse:
    return _change(request, event_id, "status")


@require_http_methods(["GET", "POST"])
def move_event(request: HttpRequest, event_id: str) -> HttpResponse:
    return _change(request, event_id, "date")


def _change(request: HttpRequest, event_id: str, name: str) -> HttpResponse:
    """A small form, for browsers without scripts; a POST changes the field and leads back to where the menu was."""
    if request.method == "GET":
        return _form(request, event_id, name)
    value = without_spaces(name, request.POST.get(name, ""))
    try:
        RULES[name](value)
    except ValueError as error:
        return _form(request, event_id, name, f"The {LABELS[name].lower()} {error}.")
    before = services.get_event(event_id)
    changes: EventChanges = {"date": value} if name == "date" else {"status": value}
    event = services.update_event(event_id, changes, actor_of(request), typed=True)
    title = quoted(event.fields["title"])
    if event.revision == before.revision:
        messages.success(request, "No changes.")
    elif name == "date":
        add_message_with_undo(request, f"{title} was moved to {long_date(value)}.", event_id, event.updated_at)
    else:
        text = f"The status of {title} is now {quoted(event.fields['status'])}."
        add_message_with_undo(request, text, event_id, event.updated_at)
    return HttpResponseRedirect(_back(request, event_id))


def _back(request: HttpRequest, event_id: str) -> str:
    on_event = address(request, "pages:event", event_id) if request.GET.get("from") == "event" else ""
    return calendar_address(request) or on_event or list_address(request)


def _form(request: HttpRequest, event_id: str, name: str, error: str = "") -> HttpResponse:
    context = {
        "event": services.get_event(event_id),
        "name": name,
        "value": request.POST.get(name),
        "statuses": services.statuses_in_use() if name == "status" else [],
        "back": _back(request, event_id),
        "error": error,
    }
    return render(request, "events/one_field.html", context, status=422 if error else 200)
