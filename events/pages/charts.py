"""The bars of the home page's chart. Positions are percentages, so that the chart fits any width."""

from __future__ import annotations

from calendar import month_abbr
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from events.overview import Week

_HEIGHT, _BASE = 70.0, 86.0  # the highest bar, and the line below all bars; the rest is for text
_UNITS = ((10**12, "T"), (10**9, "bn"), (10**6, "m"), (10**3, "k"))


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar with the text above (`value`) and below it (`label`); `middle` and `above` are the position of `value`."""

    x: str
    y: str
    width: str
    height: str
    middle: str
    above: str
    label: str
    value: str


def capacity_bars(weeks: Sequence[Week]) -> list[Bar]:
    """A bar for the capacity of each week."""
    highest = max(week.capacity for week in weeks) or 1
    room = 100 / len(weeks)
    return [_bar(week, number * room, room, _HEIGHT * week.capacity / highest) for number, week in enumerate(weeks)]


def _bar(week: Week, left: float, room: float, height: float) -> Bar:
    return Bar(
        x=_percent(left + room * 0.15),
        y=_percent(_BASE - height),
        width=_percent(room * 0.7),
        height=_percent(height),
        middle=_percent(left + room / 2),
        above=_percent(_BASE - height - 3),
        label=_short_date(week.first),
        value=compact(week.capacity),
    )


def _percent(number: float) -> str:
    return f"{number:.2f}%"


def _short_date(day: date) -> str:
    return f"{day.day} {month_abbr[day.month]}"


def compact(number: int) -> str:
    """A number that fits above a bar: 950, 36,200; from 100,000 on in thousands, 120k, or larger units."""
    size, unit = next(((size, unit) for size, unit in _UNITS if number >= 100 * size), (1, ""))
    return f"{number // size:,}{unit}"
