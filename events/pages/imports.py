"""Import, which shows a preview of each row first, and export of the filtered list."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from events import batches, services
from events.exports import CONTENT_TYPES, Format, export_csv, export_xlsx
from events.imports import Plan, plan_import
from events.pages.forms import FilterForm
from events.pages.today import today
from events.spreadsheets.sheet import MAX_FILE_BYTES, MAX_ROWS, SpreadsheetError, TooLongForExcelError
from eventsite.accounts.roles import actor_of

MOST_ERRORS = 500
MOST_SHOWN = 200


class ImportForm(forms.Form):
    """A file to import; if valid, `plan` says what the import would do."""

    file = forms.FileField(
        label="CSV or Excel file",
        help_text=f"Up to {MAX_ROWS:,} rows and {MAX_FILE_BYTES // 1024**2} MiB, as .csv or .xlsx.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.xlsm,text/csv"}),
        error_messages={"required": "Choose a file first.", "empty": "The file is empty."},
        max_length=None,
    )
    plan: Plan

    def clean_file(self) -> UploadedFile[Any]:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        try:
            self.plan = plan_import(file.read(MAX_FILE_BYTES + 1))
        except SpreadsheetError as error:
            raise ValidationError(str(error)) from None
        return file


@require_http_methods(["GET", "POST"])
def import_events(request: HttpRequest) -> HttpResponse:
    """The upload form; after a POST, a preview of each row and a batch to confirm."""
    if request.method == "GET":
        return render(request, "events/import.html", {"form": ImportForm(use_required_attribute=False)})
    form = ImportForm(request.POST, request.FILES, use_required_attribute=False)
    if not form.is_valid():
        return render(request, "events/import.html", {"form": form}, status=422)
    name, plan = form.cleaned_data["file"].name, form.plan
    batch = batches.prepare("import", plan.tasks, actor_of(request), name) if plan.tasks else None
    context: dict[str, Any] = {"file_name": name, "plan": plan, "batch": batch}
    shown = {"wrong": plan.wrong[:MOST_ERRORS], "changed": plan.changed[:MOST_SHOWN], "new": plan.new[:MOST_SHOWN]}
    return render(request, "events/import_preview.html", context | {"shown": shown})


@require_safe
def export_events(request: HttpRequest) -> HttpResponseBase:
    """A file with all events that match the list's filter."""
    format_: Format = "xlsx" if request.GET.get("format") == "xlsx" else "csv"
    events = services.export_events(FilterForm(request.GET).search)
    name = f"events-{today().isoformat()}.{format_}"
    if format_ == "csv":
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingHttpResponse(export_csv(events), content_type=CONTENT_TYPES["csv"], headers=headers)
    try:
        file = export_xlsx(events)
    except TooLongForExcelError as error:
        return render(request, "events/export_refused.html", {"error": error}, status=422)
    return FileResponse(file, as_attachment=True, filename=name, content_type=CONTENT_TYPES["xlsx"])
