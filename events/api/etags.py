"""Entity tags, and the conditions that requests make about them (RFC 9110, 13.1).

The tag of an event is its revision in quotes. The tag of another response is a hash of its body and links. The tag of a
compressed response ends with "-gzip".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from django.http import HttpRequest, HttpResponse

from events.domain import Event, RevisionMismatchError
from events.services import Revisions

# A compressed response is another representation, so its strong tag must differ (RFC 9110, 8.8.3).
_COMPRESSED = "-gzip"
_TAG = re.compile(r'(?:W/)?"[^"]*"')


class ConditionUnsupportedError(Exception):
    """A create has a condition that it cannot check, because it concerns the list of all events."""


def etag_of(event: Event) -> str:
    return f'"{event.revision}"'


def etag_of_content(response: HttpResponse) -> str:
    """Includes the links: if a list gets a next page, its body stays the same."""
    content = sha256(response.content)
    content.update(response.headers.get("Link", "").encode())
    return f'"{content.hexdigest()[:32]}"'


def is_strong(etag: str) -> bool:
    return etag.startswith('"')


def compressed(etag: str) -> str:
    """The strong tag of the same event in a compressed response."""
    return f'{etag[:-1]}{_COMPRESSED}"'


def _revision(etag: str) -> str:
    """The revision in a strong tag. A weak tag stays as it is, and equals no revision."""
    return etag.strip('"').removesuffix(_COMPRESSED) if is_strong(etag) else etag


def _tags(header: str) -> list[str]:
    """The tags in the value of a header, or ["*"]. None if any part of it is no tag."""
    if header.strip() == "*":
        return ["*"]
    return [] if _TAG.sub("", header).strip(" \t,") else _TAG.findall(header)


def _matches(header: str, revision: str) -> bool:
    """The strong comparison, for If-Match."""
    tags = _tags(header)
    return tags == ["*"] or revision in map(_revision, tags)


def _named_tag(header: str, etag: str) -> str | None:
    """The tag in If-None-Match that names the same revision. The comparison is weak."""
    tags = [tag.removeprefix("W/") for tag in _tags(header)]
    if tags == ["*"]:
        return etag
    return next((tag for tag in tags if _revision(tag) == _revision(etag)), None)


@dataclass(frozen=True, slots=True)
class _AllowedRevisions:
    """The revisions that a write may change. An unreadable If-Match or If-None-Match allows none.

    A deleted event, which has the revision "", meets no If-Match and every readable If-None-Match.
    """

    if_match: str | None
    if_none_match: str | None

    def __contains__(self, revision: object) -> bool:
        return self._matches(str(revision)) and self._differs(str(revision))

    def _matches(self, revision: str) -> bool:
        return self.if_match is None or bool(revision and _matches(self.if_match, revision))

    def _differs(self, revision: str) -> bool:
        header = self.if_none_match
        if header is None:
            return True
        return bool(_tags(header) and not (revision and _named_tag(header, f'"{revision}"')))


def required_revisions(request: HttpRequest) -> Revisions:
    """The revisions that `If-Match` and `If-None-Match` allow the event to be at."""
    if_match, if_none_match = request.META.get("HTTP_IF_MATCH"), request.META.get("HTTP_IF_NONE_MATCH")
    return "*" if if_match is if_none_match is None else _AllowedRevisions(if_match, if_none_match)


def known_etag(request: HttpRequest, etag: str) -> str | None:
    """The tag in `If-None-Match` that shows that the client has this response already.

    Raises RevisionMismatchError if `If-Match` names others only.
    """
    if not _matches(request.META.get("HTTP_IF_MATCH", "*"), _revision(etag)):
        raise RevisionMismatchError
    return _named_tag(request.META.get("HTTP_IF_NONE_MATCH", ""), etag)


def refuse_conditions(request: HttpRequest) -> None:
    """For a create. `If-Match: *` is true, because the list of all events always exists.

    Raises ConditionUnsupportedError.
    """
    if "HTTP_IF_NONE_MATCH" in request.META or request.META.get("HTTP_IF_MATCH", "*").strip() != "*":
        raise ConditionUnsupportedError
