"""The pages of one event: show, create, copy, edit, delete, undo and restore."""

from __future__ import annotations

import logging
from typing import Any

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
    RevisionMismatchError,
    StorageError,
    VersionOutOfReachError,
)
from events.pages.forms import EventForm, NewEventForm
from events.pages.navigation import address, calendar_address, list_address
from events.pages.undo import add_message_with_undo
from events.visible_text import quoted
from eventsite.accounts.roles import actor_of

logger = logging.getLogger(__name__)
read_or_write = require_http_methods(["GET", "POST"])


@require_GET
def show_event(request: HttpRequest, event_id: str) -> HttpResponse:
    """The event with its history; of a deleted event, only the history."""
    past = versions.get_past(event_id, request.GET.get("before"))
    return render(request, "events/event.html", {"past": past, "event": past.event}, status=200 if past.event else 410)


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
        initial = (
            {**services.get_event(copied).fields, "eventId": ""} if copied else {"date": request.GET.get("date", "")}
        )
        return _form(request, NewEventForm(initial=initial))
    form = NewEventForm(request.POST)
    if not form.is_valid():
        return _form(request, form)
    generated_id = str(form.cleaned_data["generated_id"])
    try:
        event = services.create_event_once(form.fields_of_event, generated_id, actor_of(request))
    except EventExistsError:
        form.add_error("eventId", "This ID is already in use. Choose another, or leave it blank to generate one.")
        return _form(request, form)
    except StorageError as error:
        return _failed(request, form, error)
    return _saved(request, event, "created", revision=None)


@read_or_write
def edit_event(request: HttpRequest, event_id: str) -> HttpResponse:
    """Saves the form. If somebody else saved the event after the form was opened, shows both versions instead."""
    if request.method == "GET":
        current = versions.get_current(event_id)
        if current is None:
            return HttpResponseRedirect(address(request, "pages:event", event_id))
        return _form(request, EventForm(initial={**current.fields, "revision": current.revision}), event_id)
    form = EventForm(request.POST)
    if not form.is_valid():
        return _form(request, form, event_id)
    revision = form.cleaned_data["revision"]
    try:
        event = services.update_event(event_id, form.changes, actor_of(request), [revision], typed=True)
    except (RevisionMismatchError, EventNotFoundError):
        return _conflict(request, event_id, form)
    except StorageError as error:
        return _failed(request, form, error, event_id)
    return _saved(request, event, "saved", revision)


def _form(request: HttpRequest, form: EventForm, event_id: str = "", gone: bool = False) -> HttpResponse:
    """The page with the form; `gone`: the event was deleted meanwhile, and saving creates it again."""
    context = {"form": form, "event_id": event_id, "gone": gone, "statuses": services.statuses_in_use()}
    return render(request, "events/form.html", context, status=409 if gone else 422 if form.errors else 200)


def _failed(request: HttpRequest, form: EventForm, error: StorageError, event_id: str = "") -> HttpResponse:
    """The form with the typed text, which is stored nowhere else."""
    logger.error("Storage failed: %s", error, exc_info=error)
    return render(request, "events/form.html", {"form": form, "event_id": event_id, "failed": True}, status=500)


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
        "statuses": services.statuses_in_use(),
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
        event = versions.restore_version(event_id, at, revision, actor_of(request), only_changed)
    except VersionOutOfReachError:
        return _change(request, versions.get_change(event_id, at), out_of_reach=True)
    except RevisionMismatchError:
        if not versions.has_restored(event_id, revision, actor_of(request)):
            raise
        messages.info(request, "You have already restored an earlier version.")  # a double click
        return HttpResponseRedirect(address(request, "pages:event", event_id))
    _add_message(request, event, "Version restored.", revision)
    return HttpResponseRedirect(address(request, "pages:event", event_id))
