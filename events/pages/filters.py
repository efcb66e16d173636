"""What the templates use: how the staff pages show dates, times, statuses, labels and links."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime
from functools import cache
from itertools import groupby
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.forms import BoundField, CheckboxInput, Select
from django.template.defaultfilters import date as format_date
from django.template.defaultfilters import pluralize, truncatechars
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse
from django.utils import timezone
from jinja2 import Environment, ModuleLoader, pass_context
from jinja2.runtime import Context
from lucide.jinja import lucide

from events.domain import FIELD_NAMES, EventSummary, HistoryRow
from events.fields import LABELS, allows
from events.pages import navigation
from events.pages.badges import status_class
from events.pages.undo import undo_address
from events.versions import FieldMerge
from events.visible_text import Excerpt, excerpts, visible

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
    return [(_month_name(month), list(rows)) for month, rows in groupby(events, lambda event: event["date"][:7])]


def _month_name(month: str) -> str:
    if not allows("date", f"{month}-01"):
        return month  # written by another program
    return f"{calendar.month_name[int(month[5:])]} {int(month[:4])}"


def path_part(text: str) -> str:
    """The text as one part of a path."""
    return quote(text, safe="~:@!$&'()*+,;=")


def moment(timestamp: str) -> str:
    """A timestamp in the time zone of the settings, "1 Dec 2026, 09:05"."""
    if timestamp.startswith("1970-"):
        return "at an unknown time"
    at = timezone.localtime(datetime.fromisoformat(timestamp))
    return f"{at.day} {_MONTHS[at.month]} {at.year}, {at:%H:%M}"


def now() -> str:
    """This moment as a timestamp."""
    return timezone.now().isoformat()


def short_moment(timestamp: str) -> str:
    """A timestamp as "today 04:26", "yesterday 17:02", "24 Nov 11:40" or "24 Nov 2025 11:40"."""
    if timestamp.startswith("1970-"):
        return "at an unknown time"
    at, now = timezone.localtime(datetime.fromisoformat(timestamp)), timezone.localtime()
    days = (now.date() - at.date()).days
    if days in (0, 1):
        return f"{'yesterday' if days else 'today'} {at:%H:%M}"
    year = "" if at.year == now.year else f" {at.year}"
    return f"{at.day} {_MONTHS[at.month]}{year} {at:%H:%M}"


def milliseconds(timestamp: str) -> str:
    """A timestamp for `<time datetime>`: HTML allows three digits of a second."""
    return re.sub(r"(\.\d{3})\d+", r"\1", timestamp)


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
    return thousands(value) if isinstance(value, int) else visible(truncatechars(value, 120))


def shortened(changes: list[tuple[str, list[Excerpt]]]) -> bool:
    """Whether a value is not shown in full."""
    return any(excerpt.whole is not None for _, values in changes for excerpt in values)


def versions(field: FieldMerge) -> list[Excerpt]:
    """The three values of a field in a conflict: original, theirs, mine."""
    return excerpts("unknown" if field.original is None else field.original, field.theirs, field.mine)


def url(name: str, *arguments: Any) -> str:
    """The address of a page."""
    return reverse(name, args=arguments) if arguments else _fixed_url(name, get_script_prefix())


@cache
def _fixed_url(name: str, prefix: str) -> str:
    """A page has about twenty of these, and `reverse` is slow."""
    return reverse(name)


def quoted(text: str) -> str:
    """The text as a value in a query string."""
    return quote(text, safe="")


@cache
def icon(name: str) -> str:
    """An icon of Lucide as SVG, in the colour of the text. It is hidden from screen readers."""
    return lucide(name, size=16, **{"aria-hidden": "true", "class": "icon"})


def environment(**options: Any) -> Environment:
    """Jinja, with these filters and functions."""
    options.pop("autoescape")
    if settings.COMPILED_TEMPLATES.is_dir():
        options["loader"] = ModuleLoader(settings.COMPILED_TEMPLATES)
    made = Environment(autoescape=True, **options)
    made.filters.update(
        {
            "action_label": action_label,
            "actor": actor,
            "changes": changes,
            "control": control,
            "date": format_date,
            "edited": edited,
            "field_label": field_label,
            "long_date": long_date,
            "milliseconds": milliseconds,
            "moment": moment,
            "months": months,
            "path_part": path_part,
            "pluralize": pluralize,
            "quoted": quoted,
            "short_date": short_date,
            "short_moment": short_moment,
            "shortened": shortened,
            "status_class": status_class,
            "thousands": thousands,
            "truncatechars": truncatechars,
            "undo_address": undo_address,
            "versions": versions,
            "visible": visible,
        }
    )
    made.globals.update(
        icon=icon,
        keep=keep,
        list_address=list_address,
        now=now,
        printed_filter=printed_filter,
        query=query,
        section=navigation.section,
        static=static,
        url=url,
    )
    return made
