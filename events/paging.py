"""Pages of the API's lists, forward and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from events.cursors import Start
from events.domain import EventFields, EventRange, sort_key
from events.services import list_events


class Page(NamedTuple):
    """Events, and where the pages after and before it start (None: there is none)."""

    events: list[EventFields]
    next: Start | None
    previous: Start | None


def read_page(within: EventRange, start: Start, limit: int | None, statuses: Sequence[str], text: str) -> Page:
    """The page that starts there. A search may find fewer events than `limit`, even none. Raises StorageError."""
    descending = start.latest_first != start.back
    within = within._replace(**{"before" if descending else "after": start.key or None})
    events, end = list_events(within, limit, statuses, text, descending)
    onward = None if end is None else start._replace(key=end)
    # If no event was found, the other direction reads this part again: `start.key` itself may be an event of the list.
    turned = start._replace(key=_key(events[0]) if events else end or "", back=not start.back)
    if start.back:
        return Page(events[::-1], turned, onward)
    return Page(events, onward, turned if start.key else None)


def _key(event: EventFields) -> str:
    return sort_key(event["date"], event["eventId"])
