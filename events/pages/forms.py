"""The form of an event, with the rules of events/fields.py, and the filter of the list."""

from __future__ import annotations

import re
from typing import Any, cast
from urllib.parse import urlencode
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError

from events import bulk
from events.domain import EventChanges, EventFields, EventRange, Search
from events.fields import LABELS, RULES, allows, trim_changes, without_spaces
from events.pages.today import today
from events.rules import MAX_DESCRIPTION_CHARACTERS
from events.search_text import MAX_SEARCH_CHARACTERS
from events.visible_text import shortened, visible

_SEARCH_PLACEHOLDER = ", ".join([LABELS["title"], LABELS["location"].lower(), LABELS["organizer"].lower(), "ID"])
_NUMBER = re.compile(r"\s*[-+]?[0-9]{1,300}\s*")


class RuleField(forms.CharField):
    """A field of an event. Its value is the text as typed; the rule applies to the text without spaces at its ends."""

    def __init__(self, name: str, **options: Any) -> None:
        self.name = name
        super().__init__(**{"label": LABELS[name], "strip": False, **options})

    def to_python(self, value: Any) -> Any:
        # Browsers send CR LF at the end of each line.
        return (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")

    def clean(self, value: Any) -> Any:
        value = self.to_python(value)
        stored = without_spaces(self.name, value)
        if stored == "":
            if self.required:
                raise ValidationError("Must not be empty.")
            return stored
        try:
            RULES[self.name](stored)
        except ValueError as error:
            message = str(error)
            raise ValidationError(f"{message[0].upper()}{message[1:]}.") from None
        return value


class StatusInput(forms.TextInput):
    """One of the statuses in use, or, if the choice is "Another…", the text beside it. The template draws both."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.get(name) or data.get(f"new_{name}")


class CapacityField(RuleField):
    """A whole number, typed as digits."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return int(text) if _NUMBER.fullmatch(text) else text


class _DateInput(forms.DateInput):
    """A date in the form that HTML requires. A value that is not a date is not shown: browsers would ignore it."""

    input_type = "date"

    def format_value(self, value: Any) -> str | None:
        shown = super().format_value(value)
        return shown if shown and allows("date", shown) else None


def date_input() -> forms.DateInput:
    return _DateInput(format="%Y-%m-%d")


def _suggesting(name: str) -> forms.TextInput:
    """A text field that suggests the values in use."""
    return forms.TextInput(attrs={"list": f"{name}-values", "autocomplete": "off", "dir": "auto"})


def _description() -> forms.Textarea:
    """A text area that refuses a longer text than the rule allows, if scripts run: browsers would take minutes."""
    return forms.Textarea(attrs={"rows": 9, "dir": "auto", "data-most-characters": MAX_DESCRIPTION_CHARACTERS})


class EventForm(forms.Form):
    """All fields of an event except its ID; `revision` is that of the event when the form was opened."""

    title = RuleField("title", widget=forms.TextInput(attrs={"autofocus": True, "dir": "auto"}))
    date = RuleField("date", widget=date_input())
    location = RuleField("location", widget=_suggesting("location"))
    capacity = CapacityField(
        "capacity",
        # Not type="number": the mouse wheel would change the value.
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text="The maximum number of people.",
    )
    organizer = RuleField("organizer", widget=_suggesting("organizer"))
    status = RuleField("status", widget=StatusInput)
    description = RuleField("description", required=False, widget=_description())
    revision = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "use_required_attribute": False})

    @property
    def changes(self) -> EventChanges:
        """The fields of the valid form, as typed. `trim_changes` later removes spaces from the fields that differ."""
        return cast(EventChanges, {name: self.cleaned_data[name] for name in RULES if name != "eventId"})


class NewEventForm(EventForm):
    """A new event, with an optional ID. The form contains a generated ID, so that a double click creates one event."""

    eventId = RuleField(
        "eventId",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Part of the event's address in the API. Leave blank to generate an ID.",
    )
    generated_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    @property
    def fields_of_event(self) -> EventFields:
        """The fields of the valid form; the eventId may be empty."""
        return cast(EventFields, trim_changes({"eventId": self.cleaned_data["eventId"], **self.changes}, {}))


class BulkEditForm(forms.Form):
    """New values for many events at once. A field that is left blank does not change."""

    location = RuleField("location", required=False, widget=forms.TextInput(attrs={"list": "locations"}))
    organizer = RuleField("organizer", required=False, widget=forms.TextInput(attrs={"list": "organizers"}))
    capacity = CapacityField(
        "capacity",
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    status = RuleField("status", required=False, widget=forms.TextInput(attrs={"list": "statuses"}))
    days = forms.CharField(
        required=False,
        label="Move the date by days",
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "+7 or -1"}),
        help_text="A number of days: later (+) or earlier (-).",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "use_required_attribute": False})
        for name in ("location", "organizer", "status"):
            self.fields[name].widget.attrs["dir"] = "auto"

    def clean_days(self) -> int:
        text = self.cleaned_data["days"].replace("\u2212", "-").replace(" ", "")
        if text and not _NUMBER.fullmatch(text):
            raise ValidationError("Must be a whole number, such as 7 or -7.")
        days = int(text or 0)
        if abs(days) > bulk.MAX_DAYS:
            raise ValidationError(f"Must be at most {bulk.MAX_DAYS:,} days.")
        return days

    def clean(self) -> None:
        if not self.errors and not (self.edit.changes or self.edit.days):
            raise ValidationError("Fill in at least one field.")

    @property
    def edit(self) -> bulk.Edit:
        """The changes of the valid form."""
        names = ("location", "organizer", "capacity", "status")
        typed = {name: self.cleaned_data[name] for name in names if self.cleaned_data[name] != ""}
        return bulk.Edit(cast(EventChanges, trim_changes(typed, {})), self.cleaned_data["days"])


class FilterForm(forms.Form):
    """Which events the list shows. A field with an error does not filter."""

    q = forms.CharField(
        required=False,
        label="Search",
        max_length=MAX_SEARCH_CHARACTERS,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _SEARCH_PLACEHOLDER}),
    )
    status = forms.CharField(required=False, label=LABELS["status"], strip=False, widget=forms.Select)
    location = RuleField("location", required=False, widget=forms.Select)
    organizer = RuleField("organizer", required=False, widget=forms.Select)
    first = RuleField("date", required=False, label="From", widget=date_input())
    last = RuleField("date", required=False, label="To", widget=date_input())
    sort = forms.CharField(
        required=False, label="Order", widget=forms.Select(choices=[("", "Earliest first"), ("latest", "Latest first")])
    )
    ended = forms.BooleanField(required=False, label="Include past events")

    def __init__(self, data: Any, values: dict[str, list[str]] | None = None) -> None:
        """`values`: those that the lists of a field offer; the chosen one is added."""
        super().__init__(data)
        for name in ("status", "location", "organizer"):
            offered = dict.fromkeys([*(values or {}).get(name, []), data.get(name, "")])
            choices = [(value, visible(shortened(value, 60))) for value in offered if value]
            self.fields[name].widget.choices = [("", f"Any {LABELS[name].lower()}"), *choices]
        self.full_clean()

    @property
    def search(self) -> Search:
        """The search; past events only if their box is checked or a date of the filter asks for them."""
        valid = self.cleaned_data
        first, last = valid.get("first") or None, valid.get("last") or None
        if self.hides_past:
            first = today().isoformat()
        within = EventRange(valid.get("status") or None, first, last)
        exact = {name: valid.get(name, "") for name in ("location", "organizer")}
        return Search(within, valid.get("q", ""), valid.get("sort") == "latest", **exact)

    @property
    def hides_past(self) -> bool:
        last: str = self.cleaned_data.get("last", "")
        is_past = "" < last < today().isoformat()
        return not (self.cleaned_data.get("ended") or self.cleaned_data.get("first") or is_past)

    @property
    def is_filtered(self) -> bool:
        """Whether a field narrows the list."""
        return any(self.cleaned_data.get(name) for name in ("q", "status", "location", "organizer", "first", "last"))

    @property
    def query(self) -> str:
        """The filter as a query string, without empty and unknown parameters."""
        return urlencode({name: self.data[name] for name in self.fields if self.data.get(name)})
