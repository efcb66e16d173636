"""The token of a reader of changes: the place that it has reached, as text. It is not stored, and never expires."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, NamedTuple
from zlib import crc32

import orjson

from events.cursors import MOMENT
from events.fields import RULES, allows
from events.rules import RuleError


class Search(NamedTuple):
    """What a search for the fields of an event has found, for the next page. It is valid for changes from `since` on.

    `sources`: by field, the time of the change that replaced the value. `missing`: the fields that no change replaced
    from `since` to `until`.
    """

    event_id: str
    since: str
    until: str
    sources: dict[str, str]
    missing: list[str]


class Token(NamedTuple):
    """A place in the changes of all events: the key of the last change that was read, a time, or "" (the start)."""

    installation: str
    after: str
    search: Search | None = None

    @property
    def text(self) -> str:
        content = orjson.dumps([self.installation, self.after, *(self.search or ())])
        return urlsafe_b64encode(crc32(content).to_bytes(4) + content).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Token:
        """Raises RuleError if it is not a token that `text` made."""
        try:
            installation, after, *search = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4))[4:])
            token = cls(installation, after, Search(*search) if search else None)
            if token._is_valid() and token.text == text:
                return token
        except (ValueError, TypeError, AttributeError):
            pass
        raise RuleError("invalid_token", "must be a token exactly as `next` had it; this one is damaged")

    def _is_valid(self) -> bool:
        """Whether the parts have their types, also if somebody changed the text and its checksum."""
        at, separator, event_id = self.after.partition("#")
        is_place = not self.after or (_is_moment(at) and (allows("eventId", event_id) if separator else True))
        return isinstance(self.installation, str) and is_place and (self.search is None or _is_valid(self.search))


def _is_moment(value: Any) -> bool:
    return isinstance(value, str) and bool(MOMENT.fullmatch(value))


def _is_valid(search: Search) -> bool:
    return (
        allows("eventId", search.event_id)
        and all(map(_is_moment, (search.since, search.until, *search.sources.values())))
        and RULES.keys() >= {*search.sources, *search.missing}
    )
