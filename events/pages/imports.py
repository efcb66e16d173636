"""Import: a file, what its columns mean if it is unclear, and a preview of each row. Export of the filtered list."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing, suppress
from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from events import batches, services
from events.domain import FIELD_NAMES, EventFields
from events.exports import CONTENT_TYPES, Format, export_csv, export_xlsx
from events.imports import Plan, plan_import
from events.mapping import FieldMapping, MappingError, header_key, recognise
from events.pages.forms import FilterForm
from events.pages.import_forms import ColumnsForm, ImportForm, Upload
from events.pages.today import today
from events.spreadsheets import read_spreadsheet
from events.spreadsheets.sheet import Sheet, SpreadsheetError, TooLongForExcelError
from events.storage.uploads import add_upload, get_upload
from eventsite.accounts import security_log
from eventsite.accounts.preferences import PreferencesTooLongError, change_preference
from eventsite.accounts.roles import actor_of, staff_of

MOST_ERRORS = 500
MOST_SHOWN = 200
MOST_REMEMBERED = 10  # files with different columns, of one person
MISSING = "New events need this field. Choose a column, or type one value for all rows."
_PREFERENCE = "imports"


@require_http_methods(["GET", "POST"])
def import_events(request: HttpRequest) -> HttpResponse:
    """The upload form; after a POST, a preview of each row and a batch to confirm, or questions about the file."""
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if not form.is_valid():
        return render(request, "events/import.html", {"form": form}, status=422 if form.is_bound else 200)
    name = form.cleaned_data["file"].name
    upload_id = add_upload(staff_of(request).username, name, form.content)
    return _begin(request, Upload(upload_id, name, form.sheet))


@require_http_methods(["GET", "POST"])
def choose_columns(request: HttpRequest) -> HttpResponse:
    """The same for a file that was sent before, with what the person chose about its columns."""
    sent = request.POST
    stored = get_upload(staff_of(request).username, sent["upload"]) if "upload" in sent else None
    if stored is None:
        if request.method == "POST":
            messages.error(request, "This file is no longer stored. Choose it again.")
        return HttpResponseRedirect(reverse("pages:import_events"))
    name, data = stored
    without_hidden = sent.get("hidden_rows", sent.get("without_hidden")) in ("on", "leave out")
    sheet, problem = _read(data, sent.get("sheet"), without_hidden=without_hidden)
    upload = Upload(sent["upload"], name, sheet, without_hidden and not problem)
    if problem or sent.get("read_sheet", "") != (sheet.name or ""):
        return _begin(request, upload, problem)
    form = ColumnsForm(upload, sent)
    if not form.is_valid():
        return _ask(request, upload, form)
    plan = plan_import(sheet, form.mapping, form.day_order)
    for field, question in plan.questions.items():
        form.add_error(field, question)
    for field in () if plan.tasks else plan.missing:
        form.add_error(field, MISSING)
    if form.errors:
        return _ask(request, upload, form, plan)
    _remember(request, sheet.header, form.mapping)
    return _preview(request, upload, plan)


def _read(data: bytes, name: str | None, *, without_hidden: bool) -> tuple[Sheet, str]:
    """The chosen sheet without its hidden rows; or what can be read instead, and why that one cannot."""
    try:
        return read_spreadsheet(data, name or None, include_hidden=False if without_hidden else None), ""
    except SpreadsheetError as error:
        return read_spreadsheet(data), str(error)


def _begin(request: HttpRequest, upload: Upload, problem: str = "") -> HttpResponse:
    """The preview with the columns that are recognised or remembered, unless there are questions."""
    try:
        plan = plan_import(upload.sheet, _remembered(request).get(header_key(upload.sheet.header)))
    except MappingError:  # the rules have changed since
        plan = plan_import(upload.sheet)
    if plan.questions or plan.missing or problem:
        return _ask(request, upload, ColumnsForm(upload), plan, problem)
    return _preview(request, upload, plan)


def _ask(
    request: HttpRequest, upload: Upload, form: ColumnsForm, plan: Plan | None = None, problem: str = ""
) -> HttpResponse:
    context = {**_columns(upload, form, plan), "problem": problem}
    return render(request, "events/import_columns.html", context, status=422 if form.errors or problem else 200)


def _preview(request: HttpRequest, upload: Upload, plan: Plan) -> HttpResponse:
    batch = batches.prepare("import", plan.tasks, actor_of(request), upload.name) if plan.tasks else None
    shown = {
        "wrong": plan.wrong[:MOST_ERRORS],
        "duplicates": plan.duplicates[:MOST_SHOWN],
        "changed": plan.changed[:MOST_SHOWN],
        "new": plan.new[:MOST_SHOWN],
    }
    context = {**_columns(upload, ColumnsForm(upload), plan), "batch": batch, "shown": shown}
    return render(request, "events/import_preview.html", context)


def _columns(upload: Upload, form: ColumnsForm, plan: Plan | None) -> dict[str, Any]:
    """What the form with the columns shows."""
    if plan:
        form.show(plan)
    in_use = {**services.values_in_use(), "status": services.statuses_in_use()}
    return {
        "upload": upload,
        "form": form,
        "plan": plan,
        "asked": form.asked if form.is_bound or plan is None else plan.missing,
        "field_names": FIELD_NAMES,
        "in_use": in_use,
    }


def _remembered(request: HttpRequest) -> dict[str, FieldMapping]:
    """What the person chose for earlier files, by the key of their header; the latest is last."""
    remembered: dict[str, FieldMapping] = staff_of(request).preferences.get(_PREFERENCE, {})
    return remembered


def _remember(request: HttpRequest, header: list[str], mapping: FieldMapping) -> None:
    """For the next file with the same columns, if their names do not tell it. A date for all rows is not kept."""
    key, recognised = header_key(header), recognise(header)

    def change(known: dict[str, FieldMapping] | None) -> dict[str, FieldMapping]:
        kept = {other: chosen for other, chosen in (known or {}).items() if other != key}
        if mapping != recognised:
            kept[key] = {name: source for name, source in mapping.items() if name != "date" or isinstance(source, int)}
        return dict([*kept.items()][-MOST_REMEMBERED:])

    known = _remembered(request)
    if change(known) != known:
        with suppress(PreferencesTooLongError):  # then the person chooses again
            change_preference(staff_of(request), _PREFERENCE, change)


def _counted(events: Iterable[EventFields], format_: Format, username: str) -> Generator[EventFields, None, None]:
    """The events. At the end, also if the client stops reading, the security log records how many there were."""
    rows = 0
    try:
        for event in events:
            yield event
            rows += 1
    finally:
        security_log.record("events-exported", username, detail=f"{rows} {format_}")


@require_safe
def export_events(request: HttpRequest) -> HttpResponseBase:
    """A file with all events that match the list's filter."""
    format_: Format = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
    events = _counted(services.export_events(FilterForm(request.GET).search), format_, staff_of(request).username)
    name = f"events-{today().isoformat()}.{format_}"
    if format_ == "csv":
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingHttpResponse(export_csv(events), content_type=CONTENT_TYPES["csv"], headers=headers)
    try:
        with closing(events):
            file = export_xlsx(events)
    except TooLongForExcelError as error:
        return render(request, "events/export_refused.html", {"error": error}, status=422)
    return FileResponse(file, as_attachment=True, filename=name, content_type=CONTENT_TYPES["xlsx"])
