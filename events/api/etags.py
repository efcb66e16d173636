"""The form of an entity tag: an event's revision in quotes. The tag of a compressed response ends with "-gzip"."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.http import parse_etags

from events.domain import Event
from events.services import Revisions

# A compressed response is another representation, so its strong tag must differ (RFC 9110, 8.8.3).
_COMPRESSED = "-gzip"


def etag_of(event: Event) -> str:
    return f'"{event.revision}"'


def is_strong(etag: str) -> bool:
    return etag.startswith('"')


def compressed(etag: str) -> str:
    """The strong tag of the same event in a compressed response."""
    return f'{etag[:-1]}{_COMPRESSED}"'


def _revision(etag: str) -> str:
    """The revision in a strong tag. A weak tag stays as it is, and equals no revision."""
    return etag.strip('"').removesuffix(_COMPRESSED) if is_strong(etag) else etag


def required_revisions(request: HttpRequest) -> Revisions:
    """The revisions that `If-Match` allows the event to be at."""
    tags = parse_etags(request.META.get("HTTP_IF_MATCH", "*"))
    return "*" if tags == ["*"] else [_revision(tag) for tag in tags]


def known_etag(request: HttpRequest, event: Event) -> str | None:
    """The tag in `If-None-Match` that shows that the client has this event already."""
    tags = [tag.removeprefix("W/") for tag in parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))]
    if tags == ["*"]:
        return etag_of(event)
    return next((tag for tag in tags if _revision(tag) == event.revision), None)
