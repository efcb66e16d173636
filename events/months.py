"""The events of a month, for the calendar page. Dates are plain days: no time zone shifts them."""

from __future__ import annotations

import re
from calendar import month_abbr, month_name, monthrange
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from events.domain import EventRange, EventSummary, Search
from events.overview import count_statuses
from events.services import search_events

MOST_A_DAY = 4
MOST_STATUSES = 30
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the years 1 to 9999, known by its first day."""

    first: date

    @classmethod
    def of(cls, day: date) -> Month:
        return cls(day.replace(day=1))

    @classmethod
    def parse(cls, text: str) -> Month:
        """The month in "2026-12". Raises ValueError."""
        if not _MONTH.fullmatch(text):
            raise ValueError("must be a month as YYYY-MM")
        return cls(date.fromisoformat(f"{text}-01"))

    @property
    def last(self) -> date:
        return self.first.replace(day=monthrange(self.first.year, self.first.month)[1])

    @property
    def previous(self) -> Month | None:
        return None if self.first == date.min else Month.of(self.first - timedelta(1))

    @property
    def next(self) -> Month | None:
        return None if self.last == date.max else Month(self.last + timedelta(1))

    @property
    def name(self) -> str:
        return f"{month_name[self.first.month]} {self.first.year:04}"

    @property
    def short_name(self) -> str:
        return f"{month_abbr[self.first.month]} {self.first.year:04}"

    def __str__(self) -> str:
        return self.first.isoformat()[:7]


@dataclass(frozen=True, slots=True)
class Day:
    """A cell of the calendar: a day (None: outside the month), its first events, and how many more it has."""

    day: date | None
    events: list[EventSummary]
    more: int = 0


@dataclass(frozen=True, slots=True)
class MonthPage:
    """Whole weeks, each from Monday to Sunday. `total` and `statuses` count all events of the month, also hidden ones.

    `more_statuses`: how many rarer statuses are left out of `statuses`.
    `incomplete_from`: from this day on, events are missing, because the month has more than one page can read.
    """

    month: Month
    days: list[Day]
    statuses: list[tuple[str, int]]
    more_statuses: int
    total: int
    shown: int
    incomplete_from: str | None


def get_month(month: Month, status: str = "") -> MonthPage:
    """The month's events, or those of one status. Raises StorageError."""
    page = search_events(Search(EventRange(None, month.first.isoformat(), month.last.isoformat())), limit=None)
    by_day: defaultdict[str, list[EventSummary]] = defaultdict(list)
    for event in page.events:
        if status in ("", event["status"]):
            by_day[event["date"]].append(event)
    counts = count_statuses(page.events)
    statuses = counts[:MOST_STATUSES]
    if status and status not in dict(statuses):
        statuses.append((status, dict(counts).get(status, 0)))
    return MonthPage(
        month,
        days=_grid(month, by_day),
        statuses=statuses,
        more_statuses=len(dict(counts).keys() - dict(statuses).keys()),
        total=len(page.events),
        shown=sum(map(len, by_day.values())),
        incomplete_from=page.end and page.end.partition("#")[0],
    )


def _grid(month: Month, by_day: defaultdict[str, list[EventSummary]]) -> list[Day]:
    outside = Day(None, [])
    days = [month.first.replace(day=number) for number in range(1, month.last.day + 1)]
    filled = [_day(day, by_day[day.isoformat()]) for day in days]
    return [outside] * month.first.weekday() + filled + [outside] * (6 - month.last.weekday())


def _day(day: date, events: list[EventSummary]) -> Day:
    return Day(day, events[:MOST_A_DAY], max(0, len(events) - MOST_A_DAY))
