"""Messages with an Undo button. Django's messages have one free field, `extra_tags`: it holds the URL of the button."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest

from events.pages.navigation import address


def add_message_with_undo(request: HttpRequest, text: str, event_id: str, at: str) -> None:
    """Shows a message on the next page, with a button that undoes the change made to the event at this time."""
    messages.success(request, text, extra_tags=address(request, "pages:undo_change", event_id, at=at))


def undo_address(message: Message) -> str:
    """The URL that the Undo button posts to; empty for a message without one."""
    return message.extra_tags or ""
