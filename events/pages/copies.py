"""Copies an event to other days: to one day at once or through the form, to several days as a batch."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from events import copies, services
from events.copies import MAX_COPIES
from events.domain import EventFields
from events.fields import allows
from events.pages.event import others_at
from events.pages.filters import long_date, month_name
from events.pages.forms import RuleField, date_input
from events.pages.navigation import address
from events.pages.undo import add_message_with_undo
from events.visible_text import quoted
from eventsite.accounts.roles import actor_of

_INPUTS = 6  # the form shows so many empty fields for days
_TOO_MANY = f"At most {MAX_COPIES} copies can be created at once."


class CopyForm(forms.Form):
    """Some days, or a day of each week or month, from a first day until a last one or so many times."""

    repeat = forms.ChoiceField(choices=[("days", "On certain days"), ("week", "Every week"), ("month", "Every month")])
    first = RuleField("date", label="First day", required=False, widget=date_input())
    until = RuleField("date", label="Last day", required=False, widget=date_input())
    times = forms.IntegerField(
        label="Number of copies",
        required=False,
        min_value=1,
        max_value=MAX_COPIES,
        help_text="Enter a last day, a number, or both.",
        error_messages={"min_value": "Must be 1 or more.", "max_value": _TOO_MANY},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    # The ID of a single copy, if it is created at once, so that a double click creates one event.
    generated_id = forms.UUIDField(required=False)

    def __init__(self, event: EventFields, data: Any = None) -> None:
        super().__init__(data, initial={"repeat": "days"}, use_required_attribute=False)
        self.event = event
        self.typed: list[str] = [day for day in data.getlist("day") if day] if data else []
        self.found = copies.Days([], [])

    def clean(self) -> dict[str, Any]:
        if not self.errors:
            try:
                self.found = self._days() if self.cleaned_data["repeat"] == "days" else self._repeated()
            except copies.TooManyCopiesError:
                self.add_error(None, _TOO_MANY)
        return self.cleaned_data

    def _days(self) -> copies.Days:
        wrong = [day for day in self.typed if not allows("date", day)]
        if wrong:
            self.add_error(None, f"These are not valid dates: {', '.join(day[:20] for day in wrong[:3])}.")
        elif not self.typed:
            self.add_error(None, "Enter at least one day.")
        elif len(set(self.typed)) > MAX_COPIES:
            raise copies.TooManyCopiesError
        return copies.Days(sorted({date.fromisoformat(day) for day in self.typed if day not in wrong}), [])

    def _repeated(self) -> copies.Days:
        typed = self.cleaned_data
        start, until = (typed["first"] or self.event["date"]), typed["until"]
        if not (until or typed["times"]):
            self.add_error("until", "Enter a last day, or a number of copies.")
            return self.found
        if not allows("date", start):
            self.add_error("first", "Enter the first day.")
            return self.found
        until = date.fromisoformat(until) if until else None
        found = copies.repeat(
            typed["repeat"], date.fromisoformat(start), until, typed["times"], with_start=bool(typed["first"])
        )
        if not found.days:
            self.add_error("until", "The first copy would be after this day. Enter a later day.")
        return found


@require_http_methods(["GET", "POST"])
def copy_event(request: HttpRequest, event_id: str) -> HttpResponse:
    """Asks for the days. Several days lead to a batch, which shows them before anything is saved.

    A copy to one day that the menu of the event asks for is created at once. If other events are on this day at the
    same location, the form of the copy shows them first.
    """
    event = services.get_event(event_id)
    if request.method == "GET":
        return _form(request, CopyForm(event.fields))
    form = CopyForm(event.fields, request.POST)
    if "more" in request.POST or not form.is_valid():
        return _form(request, form)
    days, skipped = form.found
    if len(days) == 1 and form.cleaned_data["repeat"] == "days":
        day, generated_id = days[0].isoformat(), form.cleaned_data["generated_id"]
        if generated_id and not others_at(event.fields["location"], day, but=str(generated_id)):
            return _create(request, {**event.fields, "eventId": "", "date": day}, str(generated_id))
        return HttpResponseRedirect(address(request, "pages:new_event", copy=event_id, date=day))
    named = ", ".join(month_name(day) for day in skipped)
    start = form.cleaned_data["first"] or event.fields["date"]
    remark = f"Months without a day {int(start[8:])} are skipped: {named}." if skipped else ""
    batch = copies.prepare_copies(event.fields, days, actor_of(request), remark)
    return HttpResponseRedirect(address(request, "pages:batch", batch.id))


def _create(request: HttpRequest, fields: EventFields, generated_id: str) -> HttpResponse:
    copy = services.create_event_once(fields, generated_id, actor_of(request))
    text = f"{quoted(fields['title'])} was copied to {long_date(fields['date'])}."
    add_message_with_undo(request, text, copy.fields["eventId"], copy.updated_at)
    return HttpResponseRedirect(address(request, "pages:event", copy.fields["eventId"]))


def _form(request: HttpRequest, form: CopyForm) -> HttpResponse:
    asks_for_more = "more" in request.POST
    shown = [date_input().format_value(day) or "" for day in form.typed[:MAX_COPIES]]
    inputs = [*shown, *[""] * _INPUTS][: MAX_COPIES + _INPUTS]
    if len(form.typed) < _INPUTS and not asks_for_more:
        inputs = inputs[:_INPUTS]
    context = {
        "event": form.event,
        "form": form,
        "days": inputs,
        "repeat": form["repeat"].value(),
        "shows_errors": form.is_bound and not asks_for_more,
    }
    status = 422 if form.is_bound and not asks_for_more else 200
    return render(request, "events/copy.html", context, status=status)
