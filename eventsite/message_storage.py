"""Keeps messages ("Saved.") until the next page: in a cookie of the stage, or in the session if they are long."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.http.response import HttpResponseBase

MOST_WAITING = 5


class StageCookieStorage(CookieStorage):
    """Django's own class uses a fixed name and the path "/", and ignores the settings of the other cookies."""

    cookie_name = settings.MESSAGE_COOKIE_NAME

    def _update_cookie(self, encoded_data: str, response: HttpResponseBase) -> None:
        super()._update_cookie(encoded_data, response)  # type: ignore[misc]
        response.cookies[self.cookie_name]["path"] = settings.SESSION_COOKIE_PATH


class MessageStorage(FallbackStorage):
    storage_classes = (StageCookieStorage, SessionStorage)

    def _store(self, messages: list[Message], response: HttpResponseBase, *args: Any, **options: Any) -> list[Message]:
        """Keeps only the latest messages, each text once: of two equal ones, only the later may still have an Undo.

        Without a limit, who never opens a page (a script) would fill the cookie and then the session.
        """
        latest: dict[str, Message] = {}
        for message in messages:
            latest.pop(message.message, None)
            latest[message.message] = message
        kept = [*latest.values()][-MOST_WAITING:]
        return super()._store(kept, response, *args, **options)  # type: ignore[misc,no-any-return]
