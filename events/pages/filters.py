"""What the templates use: how the staff pages show dates, times, statuses, labels and links."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from datetime import date, datetime
from itertools import groupby
from typing import Any
from urllib.parse import quote, urlencode

from django.forms import BoundField, CheckboxInput, Select
from django.utils import timezone
from jinja2 import pass_context
from jinja2.runtime import Context

from events.domain import FIELD_NAMES, EventSummary, HistoryRow
from events.fields import LABELS, allows
from events.pages import navigation
from events.pages.today import today
from events.tasks import kind_of
from events.versions import FieldMerge
from events.visible_text import Excerpt, excerpts, shortened, visible

_DAYS, _MONTHS = tuple(calendar.day_abbr), tuple(calendar.month_abbr)  # calendar formats a date at each access
_PRINTED = {
    **LABELS,
    "q": "Search",
    "first": "From",
    "last": "To",
    "ended": "Past events",
    "month": "Month",
    "day": "Week of",
}
_NOT_PRINTED = frozenset({"after", "before", "view"})  # which part of the list, not what is listed
_DIGITS_TOO_MANY = re.compile(r"(\.[0-9]{3})[0-9]+")
_UNITS = ((365, "years"), (31, "months"), (1, "days"))
_BRIEF = 40
_BATCHES = {"import": "Import", "copy": "Copies", "undo": "Undo of a bulk change"}
_ACTIONS = {"create": "created", "update": "changed", "delete": "deleted", "restore": "restored"}


def long_date(day: str | date) -> str:
    """A date as "Tue 1 Dec 2026". Time zones do not apply."""
    if isinstance(day, str):
        if not allows("date", day):
            return day  # written by another program
        day = date.fromisoformat(day)
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month]} {day.year}"


def short_date(day: str | date) -> str:
    """A date as "Tue 1 Dec", for places that show the year elsewhere."""
    text = long_date(day)
    return text[:-5] if text[-5:-4] == " " else text


def months(events: list[EventSummary]) -> list[tuple[str, list[EventSummary]]]:
    """The events of a list by month, in the same order: ("December 2026", ...)."""
    return [(_month_of_list(month), list(rows)) for month, rows in groupby(events, lambda event: event["date"][:7])]


def _month_of_list(month: str) -> str:
    if not allows("date", f"{month}-01"):
        return month  # written by another program
    return month_name(date.fromisoformat(f"{month}-01"))


def month_name(day: date) -> str:
    """The month of a day as "December 2026"."""
    return f"{calendar.month_name[day.month]} {day.year}"


def path_part(text: str) -> str:
    """The text as one part of a path."""
    return quote(text, safe="~:@!$&'()*+,;=")


def moment(timestamp: str) -> str:
    """A timestamp in the time zone of the settings: "today 09:05", "yesterday 09:05", "1 Dec 09:05".

    A day of another year has its year: "1 Dec 2025 09:05".
    """
    if timestamp.startswith("1970-"):
        return "at an unknown time"
    at = _local(timestamp)
    day = today()
    match (day - at.date()).days:
        case 0:
            shown = "today"
        case 1:
            shown = "yesterday"
        case _:
            shown = f"{at.day} {_MONTHS[at.month]}" + ("" if at.year == day.year else f" {at.year}")
    return f"{shown} {at:%H:%M}"


def _local(timestamp: str) -> datetime:
    return datetime.fromisoformat(timestamp).astimezone(timezone.get_default_timezone())


def iso_time(timestamp: str) -> str:
    """A timestamp for `<time datetime>`: HTML allows at most three digits of a second."""
    return _DIGITS_TOO_MANY.sub(r"\1", timestamp)


def days_away(day: str) -> str:
    """How far away a date is: "today", "in 9 days", "3 days ago", "in 14 months"."""
    if not allows("date", day):
        return ""  # written by another program
    days = (date.fromisoformat(day) - today()).days
    if abs(days) <= 1:
        return ("yesterday", "today", "tomorrow")[days + 1]
    number, unit = next((abs(days) // size, unit) for size, unit in _UNITS if abs(days) >= 2 * size)
    return f"in {number:,} {unit}" if days > 0 else f"{number:,} {unit} ago"


def now() -> str:
    """This moment as a timestamp."""
    return timezone.now().isoformat()


def full_moment(timestamp: str) -> str:
    """A timestamp with its year, "1 Dec 2026, 09:05"."""
    at = _local(timestamp)
    return f"{at.day} {_MONTHS[at.month]} {at.year}, {at:%H:%M}"


def field_label(name: str) -> str:
    return LABELS.get(name, name)


def action_label(action: str) -> str:
    return _ACTIONS.get(action, action)


@pass_context
def query(context: Context, **changes: Any) -> str:
    """The query string of this page with some parameters changed, or removed (None)."""
    parameters = context["request"].GET.copy()
    for name, value in changes.items():
        parameters.pop(name, None)
        if value not in (None, ""):
            parameters[name] = value
    return f"?{parameters.urlencode()}" if parameters else "?"


def control(field: BoundField) -> str:
    """A form field with Bootstrap's classes. Django links it to its help text and errors."""
    widget = field.field.widget
    if isinstance(widget, CheckboxInput):
        style = "form-check-input"
    else:
        style = "form-select" if isinstance(widget, Select) else "form-control"
    return field.as_widget(attrs={"class": f"{style} is-invalid" if field.errors else style})


@pass_context
def keep(context: Context) -> str:
    """A query string with the list's filter, for links to pages that lead back to the list."""
    list_filter = navigation.filter_of(context["request"])
    return f"?{urlencode({navigation.PARAMETER: list_filter})}" if list_filter else ""


@pass_context
def list_address(context: Context) -> str:
    """The address of the list, with its filter."""
    return navigation.list_address(context["request"])


@pass_context
def printed_filter(context: Context) -> str:
    """The filter of a list or calendar in words, for a printed page: "Status: draft, From: 2026-12-01"."""
    parameters = context["request"].GET.items()
    return ", ".join(
        f"{_PRINTED.get(name, name)}: {value}" for name, value in parameters if value and name not in _NOT_PRINTED
    )


def thousands(number: int) -> str:
    return f"{number:,}"


def actor(name: str) -> str:
    """The name to show for the author of a change."""
    if name.startswith("key:"):
        return f"API key {name.removeprefix('key:')}"
    return "The API (no key)" if name == "anonymous" else name


def changes(row: HistoryRow) -> list[tuple[str, list[Excerpt]]]:
    """The fields of a change with their values before and after; a create or delete has only one of the two."""
    states = [fields for fields in (row.before, row.after) if fields is not None]
    return [
        (name, excerpts(*(fields.get(name, "") for fields in states)))
        for name in FIELD_NAMES
        if any(name in fields for fields in states)
    ]


def edited(value: Any, name: str) -> str:
    """A value of a field in the preview of a bulk edit, in one line."""
    if name == "date":
        return visible(long_date(value))
    return thousands(value) if isinstance(value, int) else visible(shortened(value, 120))


def brief(row: HistoryRow) -> list[tuple[str, list[str]]]:
    """The fields of a change for one line, with their shortened values; a description has no values here."""
    if row.before is None or row.after is None:
        return []
    return [
        (name, [] if name == "description" else [part.shown for part in _brief_values(name, row.before, row.after)])
        for name in FIELD_NAMES
        if name in row.after
    ]


def _brief_values(name: str, *states: Mapping[str, Any]) -> list[Excerpt]:
    values = [state.get(name, "") for state in states]
    match name:
        case "date":
            values = [long_date(value) for value in values]
        case "capacity":
            values = [thousands(value) if isinstance(value, int) else value for value in values]
    return excerpts(*values, length=_BRIEF)


def is_brief(row: HistoryRow) -> bool:
    """Whether `brief` shows the whole change."""
    states = [state for state in (row.before, row.after) if state is not None]
    return len(states) > 1 and not any(
        name == "description" or len(str(state[name])) > _BRIEF for state in states for name in state
    )


def batch_label(batch_id: str) -> str:
    """What a change belongs to that is part of a batch."""
    return _BATCHES.get(kind_of(batch_id) or "", "Bulk change")


def versions(field: FieldMerge) -> list[Excerpt]:
    """The three values of a field in a conflict: original, theirs, mine."""
    return excerpts("unknown" if field.original is None else field.original, field.theirs, field.mine)
