"""Jinja for the staff pages: the filters and functions that the templates use."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.template.defaultfilters import pluralize
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse
from jinja2 import Environment, ModuleLoader
from lucide.jinja import lucide

from events.pages import filters, markdown, navigation
from events.pages.badges import status_class
from events.pages.links import linked
from events.pages.undo import undo_address
from events.visible_text import shortened, visible


def url(name: str, *arguments: Any) -> str:
    """The address of a page."""
    return reverse(name, args=arguments) if arguments else _fixed_url(name, get_script_prefix())


@cache
def _fixed_url(name: str, prefix: str) -> str:
    """A page has about twenty of these, and `reverse` is slow."""
    return reverse(name)


@cache
def static_url(path: str) -> str:
    """The address of a static file. It stays the same in a process, and a page has six."""
    return static(path)


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
            "action_label": filters.action_label,
            "actor": filters.actor,
            "batch_label": filters.batch_label,
            "brief": filters.brief,
            "changes": filters.changes,
            "control": filters.control,
            "edited": filters.edited,
            "days_away": filters.days_away,
            "full_moment": filters.full_moment,
            "field_label": filters.field_label,
            "inline_markdown": markdown.inline,
            "is_brief": filters.is_brief,
            "iso_time": filters.iso_time,
            "linked": linked,
            "long_date": filters.long_date,
            "moment": filters.moment,
            "months": filters.months,
            "path_part": filters.path_part,
            "pluralize": pluralize,
            "prose": markdown.prose,
            "quoted": quoted,
            "short_date": filters.short_date,
            "shortened": shortened,
            "status_class": status_class,
            "thousands": filters.thousands,
            "undo_address": undo_address,
            "versions": filters.versions,
            "visible": visible,
        }
    )
    made.globals.update(
        address_of_events=navigation.address_of_events,
        icon=icon,
        keep=filters.keep,
        list_address=filters.list_address,
        now=filters.now,
        printed_filter=filters.printed_filter,
        query=filters.query,
        section=navigation.section,
        static=static_url,
        url=url,
    )
    return made
