"""Finds the events that new rows of a file may repeat: those with the same title on the same day."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from typing import NamedTuple

from events import services
from events.domain import EventRange, EventSummary, Search
from events.search_text import search_form

# At most so many queries for one file, each of so many events. They read 20,000 events.
MOST_QUERIES = 40
_PAGE = 500


class TitleAndDay(NamedTuple):
    """What must be equal; the title in the form in which it is searched."""

    title: str
    day: str

    @classmethod
    def of(cls, title: str, day: str) -> TitleAndDay:
        return cls(search_form(title), day)


def find_events(wanted: Collection[TitleAndDay]) -> tuple[dict[TitleAndDay, str], str | None]:
    """The ID of an event for those that exist, and the first day that was not read, if there are too many events.

    Raises StorageError.
    """
    events, unread = _events_on(sorted({row.day for row in wanted}))
    found: dict[TitleAndDay, str] = {}
    for event in events:
        key = TitleAndDay.of(event["title"], event["date"])
        if key in wanted:
            found.setdefault(key, event["eventId"])
    return found, unread


def _events_on(days: Sequence[str]) -> tuple[list[EventSummary], str | None]:
    """The events on these days, and perhaps others between them: a query begins at a day that has not been read."""
    events: list[EventSummary] = []
    if not days:
        return events, None
    within = EventRange(first_date=days[0], last_date=days[-1])
    for _ in range(MOST_QUERIES):
        page = services.search_events(Search(within), _PAGE)
        events += page.events
        if page.end is None:
            return events, None
        reached = page.end[: len(days[0])]
        following = days[bisect_left(days, reached)]
        within = EventRange(first_date=following, last_date=days[-1], after=page.end if following == reached else None)
    return events, within.first_date
