"""The forms in which people and programs write a date."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, time, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

from events.spreadsheets.date_words import FILLERS, days_of_the_week, folded_word, month
from events.spreadsheets.numbers import in_ascii
from events.spreadsheets.sheet import MAX_ROWS
from events.spreadsheets.times_of_day import without_time
from events.visible_text import trimmed

_MAX_LENGTH = 100
# A year of two digits is one of the hundred from this one, as in Python's and POSIX's strptime: 68 is 2068, 69 is 1969.
_FIRST_SHORT_YEAR = 1969
# Spreadsheet programs store a date as the number of days from this one. Numbers outside of these years are no dates.
_DAY_ZERO = date(1899, 12, 30)
_SERIAL_YEARS = range(1990, 2101)

_COMPACT = re.compile(r"([0-9]{4})(0[0-9]|1[0-2])([0-3][0-9])(?:t([0-9]{2})([0-9]{2})(?:[0-9]{2})?z?)?")
_SERIAL = re.compile(r"([0-9]{5})(?:[.,]([0-9]+))?")
_EAST_ASIAN = re.compile(r"([0-9]{4}) ?[年년] ?([0-9]{1,2}) ?[月월] ?([0-9]{1,2}) ?[日일](?: ?\(?[^\W\d_]{1,3}\)?)?")
_NUMBERS = re.compile(r"([0-9]{1,4})([-./ ])([0-9]{1,2})\2([0-9]{1,4})\.?")
_AROUND_MARKS = re.compile(r" ?([-./]) ?")
_TOKEN = re.compile(r"[0-9]+|[^\W\d_]+|.")
_BETWEEN_WORDS = " .,-/'"
_FIRST_WORD = re.compile(r"(?:(?:am|den|el|le|on|the) )?\(?([^\W\d_]{2,})(?:-feira)?\)?[.,]{0,2} ?")
_LAST_WORD = re.compile(r"[ ,]{0,2}\(?([^\W\d_]{2,})(?:-feira)?\.?\)?$")


class Known(NamedTuple):
    """A date whose form tells which number is which."""

    year: int
    month: int
    day: int


class Unordered(NamedTuple):
    """A date whose first number may be the day or the month. `short`: 26-12-31, so the first may be the year, too."""

    first: int
    second: int
    year: int
    short: bool

    @property
    def order(self) -> Literal["day", "month", "ask"] | None:
        """What this date tells about its column. None: nothing, because it is 5/5, or because it does not exist."""
        if 0 in (self.first, self.second):
            return None
        if self.first <= 12 and self.second <= 12:
            return "ask" if self.first != self.second else None
        if self.second <= 12 and self.first <= 31:
            return "ask" if self.short else "day"
        return "month" if self.first <= 12 and self.second <= 31 else None


class Written(NamedTuple):
    """A date as it is written, its time of day, and the days of the week that it may name."""

    date: Known | Unordered
    time: time | None
    days_of_the_week: list[int]


def simple(text: str) -> str:
    """In lower case, without accents, with ASCII's digits and marks; empty if it is too long for a date."""
    text = trimmed(text)
    return folded_word(in_ascii(text)) if len(text) <= _MAX_LENGTH else ""


def parse(cell: str) -> Written | None:
    """The date in a cell, which may not exist. None: the cell has none of the forms."""
    return _parse_simple(simple(cell))


@lru_cache(MAX_ROWS)  # an import reads each date for the order, for its value, and for its time
def _parse_simple(text: str) -> Written | None:
    if found := _COMPACT.fullmatch(text):
        year, month_, day, hour, minute = (int(part or 0) for part in found.groups())
        return Written(Known(year, month_, day), time(hour, minute) if hour < 24 and minute < 60 else None, [])
    if found := _SERIAL.fullmatch(text):
        return _from_serial(int(found[1]), found[2] or "")
    text, clock = without_time(text)
    for rest, days in _without_day_of_the_week(text):
        if written := _from_numbers(rest) or _from_words(rest):
            return Written(written, clock, days)
    return None


def _from_serial(number: int, fraction: str) -> Written | None:
    day = _DAY_ZERO + timedelta(number)
    if day.year not in _SERIAL_YEARS:
        return None
    minutes = min(24 * 60 - 1, round(float(f"0.{fraction}") * 24 * 60)) if fraction else 0
    return Written(Known(day.year, day.month, day.day), time(*divmod(minutes, 60)), [])


def _without_day_of_the_week(text: str) -> Iterator[tuple[str, list[int]]]:
    """The text itself; then without a day of the week before or after the date, and what this day can be."""
    yield text, []
    if (found := _FIRST_WORD.match(text)) and (days := days_of_the_week(found[1])):
        yield text[found.end() :], days
    if (found := _LAST_WORD.search(text)) and (days := days_of_the_week(found[1])):
        yield text[: found.start()], days


def _from_numbers(text: str) -> Known | Unordered | None:
    if found := _EAST_ASIAN.fullmatch(text):
        return Known(*map(int, found.groups()))
    found = _NUMBERS.fullmatch(_AROUND_MARKS.sub(r"\1", text))
    if not found:
        return None
    first, mark, second, third = found.groups()
    if len(first) == 4:
        return Known(int(first), int(second), int(third)) if len(third) <= 2 else None
    year = _year(third)
    if year is None or len(first) > 2:
        return None
    if mark == ".":
        return Known(year, int(second), int(first))
    return Unordered(int(first), int(second), year, mark == "-" and len(third) == 2 and 1 <= int(third) <= 31)


def _from_words(text: str) -> Known | None:
    """5 Dec 2026, Dec 5 2026, 2026-Dec-05, 5-Dec-26. Not Dec 5 26, which can be two days."""
    tokens = _TOKEN.findall(text)
    if not all(part.isdecimal() or part.isalpha() or part in _BETWEEN_WORDS for part in tokens):
        return None
    parts = [part for part in tokens if part.isalnum() and part not in FILLERS]
    if len(parts) != 3:
        return None
    first, second, third = parts
    if (number := month(second)) and first.isdecimal() and third.isdecimal():
        if len(first) == 4 and len(third) <= 2:
            return Known(int(first), number, int(third))
        year = _year(third)
        return Known(year, number, int(first)) if year is not None and len(first) <= 2 else None
    if (number := month(first)) and second.isdecimal() and third.isdecimal() and len(second) <= 2 and len(third) == 4:
        return Known(int(third), number, int(second))
    return None


def _year(digits: str) -> int | None:
    if len(digits) == 2:
        return _FIRST_SHORT_YEAR + (int(digits) - _FIRST_SHORT_YEAR) % 100
    return int(digits) if len(digits) == 4 else None
