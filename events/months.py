"""The events of a month or a week, for the calendar page. Dates are plain days: no time zone shifts them."""

from __future__ import annotations

import re
from calendar import MONDAY, day_abbr, month_abbr, month_name, monthrange
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from events.domain import EventRange, EventSummary, Search
from events.overview import count_statuses
from events.services import search_events

MOST_A_DAY = 4
WEEK_DAYS = 7
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

    def __str__(self) -> str:
        return self.first.isoformat()[:7]


@dataclass(frozen=True, slots=True)
class Week:
    """A week that begins on this day of the week (0: Monday). It has fewer days at the ends of the years 1 to 9999."""

    first: date
    last: date
    first_weekday: int = MONDAY

    @classmethod
    def of(cls, day: date, first_weekday: int = MONDAY) -> Week:
        first = day.toordinal() - (day.weekday() - first_weekday) % WEEK_DAYS
        last = min(first + WEEK_DAYS - 1, date.max.toordinal())
        return cls(date.fromordinal(max(first, 1)), date.fromordinal(last), first_weekday)

    @property
    def previous(self) -> Week | None:
        return None if self.first == date.min else Week.of(self.first - timedelta(1), self.first_weekday)

    @property
    def next(self) -> Week | None:
        return None if self.last == date.max else Week.of(self.last + timedelta(1), self.first_weekday)

    @property
    def name(self) -> str:
        first, last = self.first, self.last
        year = f" {first.year:04}" if first.year != last.year else ""
        month = f" {month_abbr[first.month]}" if first.month != last.month else ""
        return f"{first.day}{month}{year} to {last.day} {month_abbr[last.month]} {last.year:04}"

    def __str__(self) -> str:
        return self.first.isoformat()


Period = Month | Week


@dataclass(frozen=True, slots=True)
class Day:
    """A cell of the calendar: a day (None: outside the period), its first events, and how many more it has."""

    day: date | None
    events: list[EventSummary]
    more: int = 0


@dataclass(frozen=True, slots=True)
class CalendarPage:
    """Whole weeks. `total` and `statuses` count all events of the period, also hidden ones.

    `more_statuses`: how many rarer statuses are left out of `statuses`.
    `incomplete_from`: from this day on, events are missing, because the period has more than one page can read.
    """

    period: Period
    weekdays: list[str]
    days: list[Day]
    statuses: list[tuple[str, int]]
    more_statuses: int
    total: int
    shown: int
    incomplete_from: str | None


def get_calendar(
    period: Period, status: str = "", first_weekday: int = MONDAY, most_a_day: int | None = None
) -> CalendarPage:
    """The period's events, or those of one status. Raises StorageError."""
    page = search_events(Search(EventRange(None, period.first.isoformat(), period.last.isoformat())), limit=None)
    by_day: defaultdict[str, list[EventSummary]] = defaultdict(list)
    for event in page.events:
        if status in ("", event["status"]):
            by_day[event["date"]].append(event)
    counts = count_statuses(page.events)
    statuses = counts[:MOST_STATUSES]
    if status and status not in dict(statuses):
        statuses.append((status, dict(counts).get(status, 0)))
    return CalendarPage(
        period,
        weekdays=[day_abbr[(first_weekday + number) % WEEK_DAYS] for number in range(WEEK_DAYS)],
        days=_grid(period, by_day, first_weekday, most_a_day or MOST_A_DAY),
        statuses=statuses,
        more_statuses=len(dict(counts).keys() - dict(statuses).keys()),
        total=len(page.events),
        shown=sum(map(len, by_day.values())),
        incomplete_from=page.end and page.end.partition("#")[0],
    )


def _grid(
    period: Period, by_day: defaultdict[str, list[EventSummary]], first_weekday: int, most_a_day: int
) -> list[Day]:
    outside = Day(None, [])
    days = map(date.fromordinal, range(period.first.toordinal(), period.last.toordinal() + 1))
    filled = [_day(day, by_day[day.isoformat()], most_a_day) for day in days]
    before = [outside] * ((period.first.weekday() - first_weekday) % WEEK_DAYS)
    return before + filled + [outside] * (-len(before + filled) % WEEK_DAYS)


def _day(day: date, events: list[EventSummary], most: int) -> Day:
    """The first events; the link to the others takes the place of one."""
    return Day(day, events) if len(events) <= most else Day(day, events[: most - 1], len(events) - most + 1)
