"""How the staff pages show dates, times, statuses and addresses."""

from __future__ import annotations

import calendar
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django import template
from django.forms import BoundField, CheckboxInput, Select
from django.utils import timezone

from events.domain import FIELD_NAMES, HistoryRow
from events.pages import navigation
from events.rules import LABELS, allows
from events.versions import FieldMerge
from events.visible_text import Excerpt, excerpts, visible

register = template.Library()
register.filter(visible)

_STATUS_COLOURS = {
    "active": "success",
    "draft": "secondary",
    "completed": "info",
    "postponed": "warning",
    "cancelled": "danger",
    "canceled": "danger",
}
_DAYS, _MONTHS = tuple(calendar.day_abbr), tuple(calendar.month_abbr)  # each look into calendar's formats a date
_ACTIONS = {"create": "created", "update": "changed", "delete": "deleted", "restore": "restored"}


@register.filter
def status_class(status: str) -> str:
    """Bootstrap's classes for a status; one that nobody foresaw has a colour too."""
    colour = _STATUS_COLOURS.get(status.strip().casefold(), "primary")
    return f"bg-{colour}-subtle text-{colour}-emphasis border border-{colour}-subtle"


@register.filter
def long_date(day: str | date) -> str:
    """A plain day, "Tue 1 Dec 2026"; never moved by a time zone."""
    if isinstance(day, str):
        if not allows("date", day):
            return day  # put into the table by other means
        day = date.fromisoformat(day)
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month]} {day.year}"


@register.filter
def moment(stamp: str) -> str:
    """An audit stamp in the desk's own time zone, "1 Dec 2026, 09:05"."""
    if stamp.startswith("1970-"):
        return "at an unknown time"
    at = timezone.localtime(datetime.fromisoformat(stamp))
    return f"{at.day} {_MONTHS[at.month]} {at.year}, {at:%H:%M}"


@register.filter
def field_label(name: str) -> str:
    return LABELS.get(name, name)


@register.filter
def action_label(action: str) -> str:
    return _ACTIONS.get(action, action)


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: Any) -> str:
    """The page's own query with some parameters changed, or left out (None), as the end of an address."""
    parameters = context["request"].GET.copy()
    for name, value in changes.items():
        parameters.pop(name, None)
        if value not in (None, ""):
            parameters[name] = value
    return f"?{parameters.urlencode()}" if parameters else "?"


@register.filter
def control(field: BoundField) -> str:
    """A form's field with Bootstrap's classes; Django itself links it to its help and its errors."""
    widget = field.field.widget
    if isinstance(widget, CheckboxInput):
        style = "form-check-input"
    else:
        style = "form-select" if isinstance(widget, Select) else "form-control"
    return field.as_widget(attrs={"class": f"{style} is-invalid" if field.errors else style})


@register.simple_tag(takes_context=True)
def keep(context: dict[str, Any]) -> str:
    """The end of an address that carries the list's filter along."""
    carried = navigation.filter_of(context["request"])
    return f"?{urlencode({navigation.PARAMETER: carried})}" if carried else ""


@register.simple_tag(takes_context=True)
def list_address(context: dict[str, Any]) -> str:
    """The list, filtered as it was."""
    return navigation.list_address(context["request"])


@register.filter
def thousands(number: int) -> str:
    return f"{number:,}"


@register.filter
def actor(name: str) -> str:
    """Who made a change, as people call them."""
    if name.startswith("key:"):
        return f"API key {name.removeprefix('key:')}"
    return "The API (no key)" if name == "anonymous" else name


@register.filter
def changes(row: HistoryRow) -> list[tuple[str, list[Excerpt]]]:
    """The fields of a change in their usual order, each before and after (or only one, where there was no event)."""
    states = [fields for fields in (row.before, row.after) if fields is not None]
    return [
        (name, excerpts(*(fields.get(name, "") for fields in states)))
        for name in FIELD_NAMES
        if any(name in fields for fields in states)
    ]


@register.filter
def shortened(changes: list[tuple[str, list[Excerpt]]]) -> bool:
    """Whether anything was left out."""
    return any(excerpt.whole is not None for _, values in changes for excerpt in values)


@register.filter
def versions(field: FieldMerge) -> list[Excerpt]:
    """A field in a conflict: original, theirs, mine."""
    return excerpts("not known" if field.original is None else field.original, field.theirs, field.mine)
