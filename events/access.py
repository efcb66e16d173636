"""Who may call the API, and who a caller is in the history."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.http import HttpRequest

from events.domain import Actor

ANONYMOUS = "anonymous"


class KeyRequiredError(Exception):
    """The caller must show an API key."""


def require_access(request: HttpRequest) -> Actor:
    """The caller, if `EVENTS_API_ACCESS` lets it in, or KeyRequiredError. No key exists yet, so none is accepted."""
    access = settings.EVENTS_API_ACCESS
    if access == "open" or (access == "read-open" and request.method == "GET"):
        return Actor(ANONYMOUS, request.META.get("REMOTE_ADDR", ""))
    raise KeyRequiredError


def actor_of(request: HttpRequest) -> Actor:
    """Whom `require_access` let in; django-ninja keeps it on the request."""
    return cast(Actor, request.auth)  # type: ignore[attr-defined]
