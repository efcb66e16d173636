"""The page of the security log, and its export."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from events import cursors
from events.pages.activity import ActivityForm, cursor_of
from eventsite.accounts import security_log
from eventsite.accounts.domain import AccountChange, LogFilter
from eventsite.accounts.roles import staff_of
from eventsite.accounts.security_events import KINDS, actions_of

_GROUPS = [
    ("", "All entries"),
    ("sign-ins", "Sign-ins"),
    ("failures", "Failures"),
    ("accounts", "Accounts"),
    ("second-step", "Two-step sign-in"),
    ("keys", "API keys"),
    ("exports", "Exports"),
]
_COLUMNS = ["time", "event", "who", "about", "detail", "expires", "address", "device", "request ID"]


class SecurityLogForm(ActivityForm):
    """Which entries to show. A field with an error does not filter."""

    action = forms.ChoiceField(required=False, label="Kind of entry", choices=_GROUPS)

    @property
    def log_filter(self) -> LogFilter:
        return LogFilter(self.names, actions_of(self.cleaned_data.get("action", "")), self.since, self.until)


@require_safe
def show_security_log(request: HttpRequest) -> HttpResponse:
    """The latest entries that match, or those before a cursor."""
    form, before = _form(request), cursor_of(request)
    page = security_log.list_changes(form.log_filter, before)
    people = sorted({name for change in page.changes for name in (change.actor, change.whom) if name})
    context = {
        "form": form,
        "page": page,
        "before": before,
        "next": page.next and cursors.encode(page.next),
        "people": people,
        "most": security_log.MAX_EXPORTED,
    }
    return render(request, "accounts/security_log.html", context)


@require_safe
def export_security_log(request: HttpRequest) -> HttpResponse:
    """The latest entries that match, as CSV. The export itself is recorded before the file is sent."""
    from events.spreadsheets.csv_file import csv_lines  # noqa: PLC0415  # the other pages do without
    from events.spreadsheets.sheet import harmless  # noqa: PLC0415

    page = security_log.export_changes(_form(request).log_filter)
    rows = [_COLUMNS, *([harmless(cell) for cell in _cells(change)] for change in page.changes)]
    if not page.full:
        rows.append(
            [f"This file ends here: it has the latest {len(page.changes):,} entries. For others, choose dates."]
        )
    security_log.record("log-exported", staff_of(request).username, detail=str(len(page.changes)))
    name = f"security-log-{timezone.localdate().isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(b"".join(csv_lines(rows)), content_type="text/csv; charset=utf-8", headers=headers)


def _cells(change: AccountChange) -> list[str]:
    kind = KINDS.get(change.action)
    event = kind.event if kind else change.action  # written by a newer version
    shown = (change.actor, change.whom, change.detail, change.expires, change.address, change.device)
    return [change.at, event, *shown, change.request_id]


def _form(request: HttpRequest) -> SecurityLogForm:
    form = SecurityLogForm(request.GET)
    form.full_clean()
    return form
