"""The most recent changes of events, and the deleted events."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from events import cursors
from events.activity import list_activity, list_deleted
from events.domain import ActivityFilter
from events.pages.filters import actor
from events.pages.forms import RuleField, date_input
from eventsite.accounts.domain import fold_username

_MAX_NAME_LENGTH = 100
_ACTIONS = [
    ("", "All actions"),
    ("create", "Created"),
    ("update", "Changed"),
    ("delete", "Deleted"),
    ("restore", "Restored"),
    ("bulk", "Bulk changes"),
]


class ActivityForm(forms.Form):
    """Which changes to show. A field with an error does not filter."""

    person = forms.CharField(
        required=False,
        max_length=_MAX_NAME_LENGTH,
        label="Person or API key",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Person or API key", "list": "people"}),
    )
    action = forms.ChoiceField(required=False, label="Action", choices=_ACTIONS)
    first = RuleField("date", required=False, label="From", widget=date_input())
    last = RuleField("date", required=False, label="To", widget=date_input())

    @property
    def names(self) -> frozenset[str]:
        """The names in the history that the typed name may mean."""
        typed: str = self.cleaned_data.get("person", "")
        if not typed:
            return frozenset()
        if typed == actor("anonymous"):
            return frozenset({"anonymous"})
        name = typed.removeprefix("API key ")
        return frozenset({typed, name, fold_username(typed), f"key:{name}"})

    @property
    def since(self) -> str:
        """When the first day begins, in UTC; "" without a first day."""
        first = self.cleaned_data.get("first")
        return _begin_of(date.fromisoformat(first)) if first else ""

    @property
    def until(self) -> str:
        """When the last day ends, in UTC; "" without a last day."""
        last = self.cleaned_data.get("last")
        return _begin_of(date.fromisoformat(last), days_later=1) if last else ""

    @property
    def wanted(self) -> ActivityFilter:
        action = self.cleaned_data.get("action", "")
        return ActivityFilter(tuple(sorted(self.names)), action, self.since, self.until)

    @property
    def is_filtered(self) -> bool:
        return any(self.cleaned_data.values())


def _begin_of(day: date, days_later: int = 0) -> str:
    """When the day begins, in UTC. "" (no limit) before year 1 and after year 9999."""
    try:
        begin = datetime.combine(day + timedelta(days_later), time.min, timezone.get_current_timezone())
        return begin.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    except OverflowError:
        return ""


@require_safe
def show_activity(request: HttpRequest) -> HttpResponse:
    """The latest changes that match, or those before a cursor."""
    form, before = _form(request), cursor_of(request)
    page = list_activity(before=before, wanted=form.wanted)
    people = sorted({actor(line.latest.actor) for line in page.lines})
    context = {"form": form, "page": page, "before": before, "next": _encoded(page.next), "people": people}
    return render(request, "events/activity.html", context)


@require_safe
def show_deleted(request: HttpRequest) -> HttpResponse:
    """The deleted events, latest first, each with a button that restores it."""
    before = cursor_of(request)
    page = list_deleted(before=before)
    return render(request, "events/deleted.html", {"page": page, "before": before, "next": _encoded(page.next)})


def _form(request: HttpRequest) -> ActivityForm:
    form = ActivityForm(request.GET)
    form.full_clean()
    return form


def cursor_of(request: HttpRequest) -> str | None:
    """The key in the cursor. An invalid cursor shows the latest changes."""
    try:
        return cursors.decode_change(request.GET.get("before", ""))
    except ValueError:
        return None


def _encoded(key: str | None) -> str | None:
    return key and cursors.encode(key)
