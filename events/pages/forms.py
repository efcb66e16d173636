"""What staff type in: the form of an event, whose rules are events.rules', and the filter of the list."""

from __future__ import annotations

import re
from typing import Any, cast
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError

from events.domain import EventChanges, EventFields, EventRange, Search
from events.pages.today import today
from events.rules import LABELS, RULES, allows, trim_changes, without_spaces
from events.visible_text import visible

_NUMBER = re.compile(r"\s*[-+]?[0-9]{1,300}\s*")


class RuleField(forms.CharField):
    """A field of an event, as it was typed; the rule that the API has, too, is for what is left without spaces."""

    def __init__(self, name: str, **options: Any) -> None:
        self.name, self.rule = name, RULES[name]
        super().__init__(label=LABELS[name], strip=False, **options)

    def to_python(self, value: Any) -> Any:
        # A browser sends the lines of a text with CR LF between them.
        return (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")

    def clean(self, value: Any) -> Any:
        value = self.to_python(value)
        stored = without_spaces(self.name, value)
        if stored == "":
            if self.required:
                raise ValidationError("Must not be empty.")
            return stored
        try:
            self.rule(stored)
        except ValueError as error:
            message = str(error)
            raise ValidationError(f"{message[0].upper()}{message[1:]}.") from None
        return value


class CapacityField(RuleField):
    """A whole number, as digits."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return int(text) if _NUMBER.fullmatch(text) else text


def _date_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class EventForm(forms.Form):
    """An event, but for its id; `revision` is the one the form was opened at."""

    title = RuleField("title", widget=forms.TextInput(attrs={"autofocus": True}))
    date = RuleField("date", widget=_date_input())
    location = RuleField("location")
    capacity = CapacityField(
        "capacity",
        # Not type="number": the mouse wheel changes the value of such a field.
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text="How many people there is room for.",
    )
    organizer = RuleField("organizer")
    status = RuleField(
        "status",
        widget=forms.TextInput(attrs={"list": "statuses"}),
        help_text="Choose one that is in use, or type a new one.",
    )
    description = RuleField("description", required=False, widget=forms.Textarea(attrs={"rows": 6}))
    revision = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "use_required_attribute": False})

    @property
    def changes(self) -> EventChanges:
        """The valid form's fields, as they were typed: with `trim_changes`, what is not changed stays as it is."""
        return cast(EventChanges, {name: self.cleaned_data[name] for name in RULES if name != "eventId"})


class NewEventForm(EventForm):
    """A new event; its id may be chosen. Sent twice, it still is one: the id that is made comes with the form."""

    eventId = RuleField(
        "eventId",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Part of the event's address in the API. Left empty, one is made.",
    )
    made = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    @property
    def fields_of_event(self) -> EventFields:
        """The valid form's fields; the eventId may be empty."""
        return cast(EventFields, trim_changes({"eventId": self.cleaned_data["eventId"], **self.changes}, {}))

    @property
    def made_id(self) -> str:
        return str(self.cleaned_data["made"])


class FilterForm(forms.Form):
    """Which events the list shows. What is not valid is said, and does not filter."""

    q = forms.CharField(
        required=False,
        label="Search",
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Title, location, organizer"}),
    )
    status = forms.CharField(required=False, label="Status", strip=False, widget=forms.Select)
    first = forms.CharField(required=False, label="From", widget=_date_input())
    last = forms.CharField(required=False, label="To", widget=_date_input())
    sort = forms.CharField(
        required=False, label="Order", widget=forms.Select(choices=[("", "Earliest first"), ("latest", "Latest first")])
    )
    ended = forms.BooleanField(required=False, label="Show ended events")

    def __init__(self, data: Any, statuses: list[str] | None = None) -> None:
        super().__init__(data)
        chosen = data.get("status", "")
        choices = [*(statuses or []), *([chosen] if chosen and chosen not in (statuses or []) else [])]
        self.fields["status"].widget.choices = [("", "All"), *((status, visible(status)) for status in choices)]

    def clean_first(self) -> str:
        return self._clean_day("first")

    def clean_last(self) -> str:
        return self._clean_day("last")

    def _clean_day(self, name: str) -> str:
        day: str = self.cleaned_data[name]
        if day and not allows("date", day):
            raise ValidationError("Must be a date as YYYY-MM-DD.")
        return day

    @property
    def search(self) -> Search:
        """What to look for: what has ended only if it is asked for, by its box or by a day that is past."""
        self.is_valid()
        valid = self.cleaned_data
        first, last = valid.get("first") or None, valid.get("last") or None
        if self.hides_ended:
            first = today().isoformat()
        within = EventRange(valid.get("status") or None, first, last)
        return Search(within, valid.get("q", ""), valid.get("sort") == "latest")

    @property
    def hides_ended(self) -> bool:
        self.is_valid()
        last: str = self.cleaned_data.get("last", "")
        past = "" < last < today().isoformat()
        return not (self.cleaned_data.get("ended") or self.cleaned_data.get("first") or past)

    @property
    def is_used(self) -> bool:
        """Whether anything narrows the list."""
        self.is_valid()
        return any(self.cleaned_data.get(name) for name in ("q", "status", "first", "last"))
