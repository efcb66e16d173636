"""Uploads a file, chooses its columns and confirms the import, as a browser does."""

from __future__ import annotations

import html
import re
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from events import services
from events.domain import EventRange
from tests.support.page_reader import text as text_of
from tests.support.spreadsheets import content_of

NEEDED = "Needed for new events"
IMPORT, COLUMNS = "/staff/import/", "/staff/import/columns/"
GOOGLE = content_of("google-calendar.csv")
FOR_ALL = {"capacity": "value", "capacity_value": "50", "organizer": "value", "organizer_value": "Northtown"}
FOR_ALL |= {"status": "value", "status_value": "active"}


def send(browser: Client, content: bytes | str, name: str = "events.csv") -> Any:
    data = content.encode() if isinstance(content, str) else content
    return browser.post(IMPORT, {"file": SimpleUploadedFile(name, data)})


def form_of(answer: Any) -> dict[str, str]:
    """What a browser sends if the person changes nothing in the form of the columns."""
    page = answer.content.decode()
    [form] = re.findall(r'<form method="post" action="/staff/import/columns/".*?</form>', page, re.DOTALL)
    typed: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        values = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        is_choice = values["type"] in ("radio", "checkbox")
        if not is_choice or " checked" in tag:
            typed[values["name"]] = html.unescape(values.get("value", "on" if is_choice else ""))
    for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.findall(r'<option value="([^"]*)" selected', options)
        typed[name] = html.unescape(chosen[0] if chosen else "")
    return typed


def choose(browser: Client, answer: Any, **chosen: str) -> Any:
    return browser.post(COLUMNS, {**form_of(answer), **chosen})


def confirm(browser: Client, answer: Any, **chosen: Any) -> str:
    """Presses the preview's Import button, and returns the text of the report."""
    page = answer.content.decode()
    [action] = re.findall(r'<form method="post" action="(/staff/batches/[^"]+)"', page)
    select = {"select": "yes"} if 'name="select"' in page else {}
    return text_of(browser.post(action, {**select, **chosen}, follow=True))


def stored() -> list[dict[str, Any]]:
    """All events without their IDs."""
    events = services.list_events(EventRange())[0]
    return [{name: value for name, value in event.items() if name != "eventId"} for event in events]


def event(title: str, date: str, **fields: Any) -> dict[str, Any]:
    usual = {"description": "", "location": "Hall", "capacity": 10, "organizer": "T", "status": "active"}
    return {"title": title, "date": date, **usual, **fields}
