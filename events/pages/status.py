"""Changes the status of one event, from a menu in the list or on the event's page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from events import services
from events.fields import RULES, without_spaces
from events.pages.navigation import address, list_address
from events.pages.undo import add_message_with_undo
from events.visible_text import quoted
from eventsite.accounts.roles import actor_of


@require_http_methods(["GET", "POST"])
def change_status(request: HttpRequest, event_id: str) -> HttpResponse:
    """A small form, for browsers without scripts; a POST changes the status and leads back to where the menu was."""
    on_event = request.GET.get("from") == "event"
    back = address(request, "pages:event", event_id) if on_event else list_address(request)
    if request.method == "GET":
        return _form(request, event_id, back)
    status = without_spaces("status", request.POST.get("status", ""))
    try:
        RULES["status"](status)
    except ValueError as error:
        return _form(request, event_id, back, f"The status {error}.")
    before = services.get_event(event_id)
    event = services.update_event(event_id, {"status": status}, actor_of(request), typed=True)
    if event.revision == before.revision:
        messages.success(request, "No changes.")
    else:
        text = f"The status of {quoted(event.fields['title'])} is {quoted(event.fields['status'])} now."
        add_message_with_undo(request, text, event_id, event.updated_at)
    return HttpResponseRedirect(back)


def _form(request: HttpRequest, event_id: str, back: str, error: str = "") -> HttpResponse:
    event = services.get_event(event_id)
    context = {"event": event, "statuses": services.statuses_in_use(), "back": back, "error": error}
    return render(request, "events/status.html", context, status=422 if error else 200)
