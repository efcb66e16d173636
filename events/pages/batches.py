"""Bulk changes: from the selection in the list to confirmation, progress, report and undo."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from events import batches, bulk, services
from events.domain import EventSummary, InvalidRequestError, MatchCount, Search, StorageError
from events.listing import MOST_COUNTED
from events.pages.forms import BulkEditForm, FilterForm
from events.pages.navigation import address, filter_of, list_address
from events.tasks import Batch, Outcome, Task
from eventsite.accounts.roles import actor_of

MOST_SHOWN = 200


@require_POST
def choose_events(request: HttpRequest) -> HttpResponse:
    """Prepares a batch for the selected events and leads to its confirmation; "edit" first shows a form.

    The buttons that set a status send only it: their name is "status".
    """
    selected = request.POST.getlist("event")
    search = FilterForm(QueryDict(filter_of(request))).search if request.POST.get("all") == "yes" else None
    action, actor = request.POST.get("do", "status"), actor_of(request)
    typed = {"edit": None, "delete": None, "change": request.POST}
    form = BulkEditForm(typed.get(action, {"status": request.POST.get("status", "")}))
    try:
        if action == "edit" and search is None:
            batches.check_number(len(selected))
        if action == "edit" or (form.is_bound and not form.is_valid()):
            return _edit_form(request, form, search, selected)
        if action == "delete":
            batch = bulk.prepare_delete(search, selected, actor)
        elif action == "change":
            batch = bulk.prepare_edit(search, selected, form.edit, actor)
        else:
            batch = bulk.prepare_status(search, selected, form.cleaned_data["status"], actor)
    except InvalidRequestError as error:
        [wrong] = error.errors
        if wrong.field == "edit":  # the form keeps the selection
            form.add_error(None, wrong.message)
            return _edit_form(request, form, search, selected)
        messages.error(request, f"Select 1 to {batches.MAX_TASKS:,} events.")
        return HttpResponseRedirect(list_address(request))
    return HttpResponseRedirect(address(request, "pages:batch", batch.id))


def _edit_form(request: HttpRequest, form: BulkEditForm, search: Search | None, selected: list[str]) -> HttpResponse:
    """The fields to change. The form carries the selection."""
    selected = list(dict.fromkeys(selected))
    context = {
        "form": form,
        "selected": [] if search else selected,
        "count": services.count_events(search, MOST_COUNTED) if search else MatchCount(len(selected)),
        "statuses": services.statuses_in_use(),
        "values": services.values_in_use(),
    }
    return render(request, "events/bulk_edit.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def show_batch(request: HttpRequest, batch_id: str) -> HttpResponse:
    """The confirmation, progress or report of a batch. A POST runs it for a few seconds."""
    if request.method == "POST":
        if "select" not in request.POST or _select(request, batch_id):
            batches.run(batch_id, actor_of(request))
        return HttpResponseRedirect(address(request, "pages:batch", batch_id))
    batch = batches.get_batch(batch_id, actor_of(request))
    if not batch.confirmed:
        shown = [task for task, _ in islice(batches.tasks_of(batch), MOST_SHOWN)]
        problems = sum(bool(task.problem) for task in shown)  # they come first
        context = {
            "batch": batch,
            "shown": shown,
            "unshown": batch.tasks + batch.optional - len(batch.selected) - len(shown),
            "problems": problems,
            "others": _others(batch, shown),
        }
        return render(request, "events/batch_confirm.html", context)
    if not batch.finished:
        return render(request, "events/batch_progress.html", {"batch": batch})
    failures = _failures(batch)
    context = {"batch": batch, "failures": failures, "unshown": batch.failed - len(failures), "copies": _copies(batch)}
    return render(request, "events/batch_report.html", context)


def _select(request: HttpRequest, batch_id: str) -> bool:
    """Adds the selected rows to an import. Returns False if it would then import nothing."""
    rows = None if request.POST.get("all") == "yes" else set(request.POST.getlist("event"))
    try:
        batches.select(batch_id, actor_of(request), rows)
    except InvalidRequestError:
        messages.error(request, "Select at least one row.")
        return False
    return True


def _others(batch: Batch, tasks: list[Task]) -> dict[str, list[EventSummary]]:
    """The events that are on the days of the copies at the same location."""
    if batch.kind != "copy":
        return {}
    return services.events_at(tasks[0].changes["location"], (task.date for task in tasks))


def _copies(batch: Batch) -> list[Task]:
    """The created copies."""
    if batch.kind != "copy":
        return []
    return [task for task, outcome in batches.tasks_of(batch) if outcome and outcome.kind == "done"]


def _failures(batch: Batch) -> list[tuple[Task, Outcome | None]]:
    """The first failed tasks; reads no further parts after the last of them."""
    failed = (done for done in batches.tasks_of(batch) if done[1] and done[1].kind == "failed")
    return list(islice(failed, min(batch.failed, MOST_SHOWN)))


@require_POST
def undo_batch(request: HttpRequest, batch_id: str) -> HttpResponse:
    """Undoes a batch with a new batch. If this request is interrupted, the page of the new batch continues."""
    batch = batches.undo_batch(batch_id, actor_of(request))
    with suppress(StorageError):
        batches.run(batch.id, actor_of(request))
    return HttpResponseRedirect(address(request, "pages:batch", batch.id))
