"""The next days in numbers, for the home page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from events.domain import EventRange, EventSummary, Search
from events.services import search_events

DAYS = 30  # how far the home page looks ahead


@dataclass(frozen=True, slots=True)
class Week:
    """The days of a week (Monday to Sunday) that belong to the overview, with totals of their events."""

    first: date
    last: date
    events: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The events of some days in order, with counts; `full`: none is missing; `desk_is_empty`: no event exists."""

    first: date
    last: date
    events: list[EventSummary]
    statuses: list[tuple[str, int]]
    weeks: list[Week]
    full: bool
    desk_is_empty: bool

    @property
    def capacity(self) -> int:
        return sum(week.capacity for week in self.weeks)


def get_overview(first: date, *, has_events: bool = False) -> Overview:
    """The DAYS days from `first` on. `has_events`: it is known that some exist. Raises StorageError."""
    last = first + timedelta(DAYS - 1)
    page = search_events(Search(EventRange(None, first.isoformat(), last.isoformat())), limit=None)
    return Overview(
        first,
        last,
        events=page.events,
        statuses=count_statuses(page.events),
        weeks=list(_weeks(first, last, page.events)),
        full=page.full,
        desk_is_empty=not (has_events or page.events or search_events(Search(), limit=1).events),
    )


def count_statuses(events: Iterable[EventSummary]) -> list[tuple[str, int]]:
    """Each status with the number of its events, the most frequent first."""
    counts = Counter(event["status"] for event in events)
    return sorted(counts.items(), key=lambda status: (-status[1], status[0]))


def _weeks(first: date, last: date, events: list[EventSummary]) -> Iterator[Week]:
    while first <= last:
        sunday = min(first + timedelta(6 - first.weekday()), last)
        within = [event["capacity"] for event in events if first.isoformat() <= event["date"] <= sunday.isoformat()]
        yield Week(first, sunday, len(within), sum(within))
        first = sunday + timedelta(1)
