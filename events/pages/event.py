"""The pages of one event: show, create, copy, edit, delete, undo and restore."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from events import services, undo, versions
from events.domain import (
    ChangeSupersededError,
    Event,
    EventExistsError,
    EventNotFoundError,
    EventSummary,
    RevisionMismatchError,
    StorageError,
    VersionOutOfReachError,
)
from events.fields import allows
from events.pages.forms import EventForm, NewEventForm
from events.pages.navigation import address, calendar_address, list_address
from events.pages.undo import add_message_with_undo
from events.visible_text import quoted
from eventsite.accounts.roles import actor_of, staff_of

_MOST_NAMED = 3
logger = logging.getLogger(__name__)
read_or_write = require_http_methods(["GET", "POST"])


@require_GET
def show_event(request: HttpRequest, event_id: str) -> HttpResponse:
    """The event with its history; of a deleted event, only the history."""
    past = versions.get_past(event_id, request.GET.get("before"))
    context: dict[str, Any] = {"past": past, "event": past.event}
    if past.event and staff_of(request).can_edit:
        context["statuses"] = services.statuses_in_use()
        context["new_id"] = uuid4()
        context["status_address"] = address(request, "pages:status", event_id, **{"from": "event"})
    return render(request, "events/event.html", context, status=200 if past.event else 410)


@require_GET
def show_change(request: HttpRequest, event_id: str, at: str) -> HttpResponse:
    """One change with its complete values."""
    return _change(request, versions.get_change(event_id, at))


def _change(request: HttpRequest, past: versions.Past, out_of_reach: bool = False) -> HttpResponse:
    context = {"past": past, "event": past.event, "row": past.rows[0], "out_of_reach": out_of_reach}
    return render(request, "events/change.html", context, status=409 if out_of_reach else 200)


@read_or_write
def new_event(request: HttpRequest) -> HttpResponse:
    """The form for a new event: empty, copied from another event, or with a date from the calendar."""
    copied = request.GET.get("copy")
    if request.method == "GET":
        day = request.GET.get("date", "")
        fields: Any = services.get_event(copied).fields if copied else {}
        initial = {**fields, "eventId": "", "date": day or fields.get("date", "")}
        note = _note(others_at(fields["location"], day)) if copied and day else ""
        return _form(request, NewEventForm(initial=initial), name=fields.get("title", ""), note=note)
    form = NewEventForm(request.POST)
    if not form.is_valid():
        return _form(request, form)
    generated_id = str(form.cleaned_data["generated_id"])
    try:
        event = services.create_event_once(form.fields_of_event, generated_id, actor_of(request))
    except EventExistsError:
        form.add_error("eventId", "This ID is already in use. Choose another ID, or leave the field blank.")
        return _form(request, form)
    except StorageError as error:
        return _failed(request, form, error)
    response = _saved(request, event, "created", revision=None)
    note = _note(others_at(event.fields["location"], event.fields["date"], but=event.fields["eventId"]))
    if note:
        messages.info(request, note)
    return response


def others_at(location: str, day: str, but: str = "") -> list[EventSummary]:
    """The events on this day at this location, except one. They are only a hint, so a failing database is ignored."""
    with suppress(StorageError):
        found = services.events_at(location, [day]) if allows("date", day) else {}
        return [event for event in found.get(day, []) if event["eventId"] != but]
    return []


def _note(others: list[EventSummary]) -> str:
    if not others:
        return ""
    named = ", ".join(quoted(event["title"]) for event in others[:_MOST_NAMED])
    more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
    number = "is 1 other event" if len(others) == 1 else f"are {len(others)} other events"
    return f"There {number} on this day at this location: {named}{more}."


@read_or_write
def edit_event(request: HttpRequest, event_id: str) -> HttpResponse:
    """Saves the form. If somebody else saved the event after the form was opened, shows both versions instead."""
    if request.method == "GET":
        current = versions.get_current(event_id)
        if current is None:
            return HttpResponseRedirect(address(request, "pages:event", event_id))
        form = EventForm(initial={**current.fields, "revision": current.revision})
        return _form(request, form, event_id, name=current.fields["title"])
    form = EventForm(request.POST)
    if not form.is_valid():
        current = versions.get_current(event_id)
        return _form(request, form, event_id, name=current.fields["title"] if current else "")
    revision = form.cleaned_data["revision"]
    try:
        event = services.update_event(event_id, form.changes, actor_of(request), [revision], typed=True)
    except (RevisionMismatchError, EventNotFoundError):
        return _conflict(request, event_id, form)
    except StorageError as error:
        return _failed(request, form, error, event_id)
    return _saved(request, event, "saved", revision)


def _form(request: HttpRequest, form: EventForm, event_id: str = "", **shown: Any) -> HttpResponse:
    """The page with the form. `shown`: `name`, the title of the event that is edited or copied; `note`, a hint;
    `gone`: the event was deleted meanwhile, and saving creates it again.
    """
    context = {"form": form, "event_id": event_id, **shown, **_suggestions()}
    status = 409 if shown.get("gone") else 422 if form.errors else 200
    return render(request, "events/form.html", context, status=status)


def _suggestions() -> dict[str, Any]:
    """The values that the form suggests."""
    return {"statuses": services.statuses_in_use(), "in_use": services.values_in_use()}


def _failed(request: HttpRequest, form: EventForm, error: StorageError, event_id: str = "") -> HttpResponse:
    """The form with the typed text, which is stored nowhere else. It suggests nothing: that would need the database."""
    logger.error("Storage failed: %s", error, exc_info=error)
    context = {"form": form, "event_id": event_id, "name": form.cleaned_data["title"], "failed": True, "statuses": []}
    return render(request, "events/form.html", {**context, "in_use": {}}, status=500)


def _conflict(request: HttpRequest, event_id: str, form: EventForm) -> HttpResponse:
    event = versions.get_current(event_id)
    if event is None:
        return _form(request, NewEventForm(initial={**form.changes, "eventId": event_id}), gone=True)
    fields = versions.merge(event, form.cleaned_data["revision"], form.changes)
    if all(field.mine == field.theirs for field in fields):  # a double click, or both made the same changes
        return _saved(request, event, "saved", event.revision)
    merged: dict[str, Any] = {field.name: field.merged for field in fields}
    context = {
        "event": event,
        "fields": fields,
        "form": EventForm(initial={**merged, "revision": event.revision}),
        "is_own": event.updated_by == actor_of(request).name,
        **_suggestions(),
    }
    return render(request, "events/conflict.html", context, status=409)


def _saved(request: HttpRequest, event: Event, action: str, revision: str | None) -> HttpResponse:
    _add_message(request, event, f"{quoted(event.fields['title'])} was {action}.", revision)
    if request.POST.get("then") == "new":
        return HttpResponseRedirect(address(request, "pages:new_event"))
    return HttpResponseRedirect(address(request, "pages:event", event.fields["eventId"]))


def _add_message(request: HttpRequest, event: Event, text: str, revision: str | None) -> None:
    """Reports what was done, with an Undo button, or that the event is still at this revision."""
    if event.revision == revision:
        messages.success(request, "No changes.")
    else:
        add_message_with_undo(request, text, event.fields["eventId"], event.updated_at)


@read_or_write
def delete_event(request: HttpRequest, event_id: str) -> HttpResponse:
    """Shows the event; a POST deletes it, unless it was changed after it was shown."""
    actor, changed = actor_of(request), False
    if request.method == "POST":
        try:
            change = services.delete_event(event_id, actor, [request.POST.get("revision", "")])
        except RevisionMismatchError:
            changed = True
        except EventNotFoundError:
            pass  # perhaps the first of two clicks deleted it
        else:
            return _deleted(request, event_id, change.before.fields["title"] if change.before else "", change.at)
    event = versions.get_current(event_id)
    if event:
        context = {"event": event, "changed": changed}
        return render(request, "events/delete.html", context, status=409 if changed else 200)
    past = versions.get_past(event_id)
    latest = past.rows[0]
    if request.method == "POST" and (latest.action, latest.actor) == ("delete", actor.name):
        return _deleted(request, event_id, past.title, latest.at)
    return HttpResponseRedirect(address(request, "pages:event", event_id))  # with the button that restores it


def _deleted(request: HttpRequest, event_id: str, title: str, at: str) -> HttpResponse:
    add_message_with_undo(request, f"{quoted(title)} was deleted.", event_id, at)
    return HttpResponseRedirect(list_address(request))


@require_POST
def undo_change(request: HttpRequest, event_id: str) -> HttpResponse:
    """Undoes the event's latest change, if that is still the change that the button was shown for."""
    at = request.GET.get("at", "")
    try:
        event = undo.undo_change(event_id, at, actor_of(request))
    except ChangeSupersededError:
        if not undo.has_undone(event_id, at, actor_of(request)):
            raise
        event = versions.get_past(event_id).event  # a double click
    messages.success(request, "The change was undone.")
    if event is None:
        return HttpResponseRedirect(list_address(request))
    return HttpResponseRedirect(calendar_address(request) or address(request, "pages:event", event_id))


@require_POST
def restore_event(request: HttpRequest, event_id: str) -> HttpResponse:
    """Restores the version that a change left, or only the fields that this change wrote."""
    at, revision = request.POST.get("at", ""), request.POST.get("revision", "")
    only_changed = request.POST.get("fields") == "changed"
    try:
        event = versions.restore_version(event_id, at, [revision], actor_of(request), only_changed)
    except VersionOutOfReachError:
        return _change(request, versions.get_change(event_id, at), out_of_reach=True)
    except RevisionMismatchError:
        if not versions.has_restored(event_id, at, [revision], actor_of(request)):
            raise
        messages.info(request, "You have already restored an earlier version.")  # a double click
        return HttpResponseRedirect(address(request, "pages:event", event_id))
    _add_message(request, event, "Version restored.", revision)
    return HttpResponseRedirect(address(request, "pages:event", event_id))
