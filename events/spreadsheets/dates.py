"""Reads a date as people and programs write it, or says why not: a ValueError ends a sentence that starts with "date".

Dots and month names tell the order of day and month, and so does a year in front. For slashes, dashes and spaces the
whole column decides. The day stays as it is written: no time zone shifts it.
"""

from __future__ import annotations

import re
from calendar import month_name, monthrange
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Literal

from events.spreadsheets.date_forms import Known, Unordered, parse, simple
from events.spreadsheets.date_words import DAY_NAMES, NOT_A_DAY, days_of_the_week, month
from events.spreadsheets.sheet import Cell
from events.spreadsheets.times_of_day import without_time
from events.visible_text import trimmed

DayOrder = Literal["day", "month"]

_WRITE = "please write a date such as 2026-12-31"
# A year outside of these is a mistake, or one of another calendar. Only YYYY-MM-DD can have it.
_YEARS = range(1900, 2200)
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


def find_order(cells: Iterable[Cell]) -> DayOrder | Literal["ask"] | None:
    """Whether the dates of a column have the day or the month first. One date that is certain decides for all.

    "ask": no date is certain, or two contradict each other. None: no date of the column needs an order.
    """
    found = (parse(cell) for cell in cells if isinstance(cell, str))
    orders = {written.date.order for written in found if written and isinstance(written.date, Unordered)} - {None}
    certain = [order for order in ("day", "month") if order in orders]
    if len(certain) == 1:
        return certain[0]
    return "ask" if orders else None


def read_date(cell: Cell, order: DayOrder | None = None) -> tuple[str, str | None]:
    """The date as YYYY-MM-DD, and the time of day that was left out, such as "19:30". Raises ValueError.

    Without an order, a date that can be read in two ways is an error. Midnight is no time: programs add it to days.
    """
    match cell:
        case datetime():
            return cell.date().isoformat(), _shown(cell.time())
        case date():
            return cell.isoformat(), None
        case bool():
            raise ValueError(f"cannot be read as a date; {_WRITE}")
        case str():
            text = cell
        case int() if 10**7 <= cell < 10**8:  # 20261231
            text = str(cell)
        case _:
            raise ValueError("is a number; please format the cell as a date, or write a date such as 2026-12-31")
    written = parse(text)
    if not written:
        raise ValueError(_reason(simple(text)))
    day = _existing_day(_ordered(written.date, order))
    if day.year not in _YEARS and not _ISO.fullmatch(trimmed(text)):
        raise ValueError(f"has the year {day.year}; if this is right, please write {day}")
    if written.days_of_the_week and day.weekday() not in written.days_of_the_week:
        raise ValueError(f"has the wrong day of the week: {day} is a {DAY_NAMES[day.weekday()]}; please correct it")
    return day.isoformat(), _shown(written.time)


def _shown(clock: time | None) -> str | None:
    return f"{clock:%H:%M}" if clock and clock != time.min else None


def _ordered(written: Known | Unordered, order: DayOrder | None) -> Known:
    if isinstance(written, Known):
        return written
    first, second, year, _ = written
    if order is None and written.order == "ask":
        ways = "day/month or as month/day" if first <= 12 else "day-month-year or as year-month-day"
        raise ValueError(f"can be read as {ways}; {_WRITE} or 31.12.2026")
    if order and written.order not in (order, "ask", None):
        raise ValueError(
            f"has no valid month if the {order} comes first: there is no month {max(first, second)}; {_WRITE}"
        )
    return Known(year, first, second) if (order or written.order) == "month" else Known(year, second, first)


def _existing_day(found: Known) -> date:
    year, month_, day = found
    if not year or not 1 <= month_ <= 12:
        missing = f"month {month_}" if year else "year 0"
        raise ValueError(f"must be a day that exists, and there is no {missing}; {_WRITE}")
    length = monthrange(year, month_)[1]
    if not 1 <= day <= length:
        raise ValueError(f"must be a day that exists; {month_name[month_]} {year} has {length} days")
    return date(year, month_, day)


def _reason(text: str) -> str:
    """Why a text is no date, and what to write instead."""
    rest, clock = without_time(text)
    numbers, words = re.findall("[0-9]+", rest), re.findall(r"[^\W\d_]+", rest)
    months = [word for word in words if month(word)]
    no_day = min(NOT_A_DAY & {text, *words}, default="")
    only_names = not numbers and words and all(month(word) or days_of_the_week(word) for word in words)
    two_numbers = re.fullmatch(r"[0-9]+ ?[-./ ] ?[0-9]+\.?", rest)
    has_year = 4 in map(len, numbers)
    reasons = (
        (no_day, f"must be a day, not “{no_day}”; {_WRITE}"),
        (re.search("[0-9]:[0-9]", rest), f"has a time of day that cannot be read; {_WRITE}"),
        (
            len(numbers) > 3 or len(months) > 1 or (months and len(numbers) > 2),
            "has more than one day; please write only the first day, such as 2026-12-31",
        ),
        (clock and not rest, f"has only a time of day; {_WRITE}"),
        (only_names, f"has no day of the month; {_WRITE}"),
        (rest.isdecimal() and has_year, f"has only a year; {_WRITE}"),
        (rest.isdecimal(), f"is only a number; {_WRITE}"),
        (months and len(numbers) == 2, f"has no year of four digits; {_WRITE}"),
        (
            two_numbers or (months and numbers),
            f"has no {'day of the month' if has_year else 'year'}; {_WRITE}",
        ),
    )
    return next((reason for applies, reason in reasons if applies), f"cannot be read as a date; {_WRITE}")
