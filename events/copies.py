"""Copies of an event on other days: which days, and the batch that creates them."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple
from uuid import uuid4

from events import batches
from events.domain import Actor, EventFields
from events.tasks import Batch, Task

MAX_COPIES = 100


class TooManyCopiesError(ValueError):
    """There would be more than MAX_COPIES days."""


class Days(NamedTuple):
    """The days of the copies; `skipped`: the last days of months that do not have the wanted day."""

    days: list[date]
    skipped: list[date]


def repeat(
    every: Literal["week", "month"], start: date, until: date | None, times: int | None, with_start: bool = True
) -> Days:
    """The same weekday, or the same day of each month, until a day and at most so many times.

    Raises TooManyCopiesError.
    """
    found = Days([], [])
    for day, exists in _weeks(start) if every == "week" else _months(start):
        if (until is not None and day > until) or len(found.days) == times:
            break
        if not exists:
            found.skipped.append(day)
        elif with_start or day > start:
            found.days.append(day)
        if len(found.days) > MAX_COPIES:
            raise TooManyCopiesError
    return found


def _weeks(start: date) -> Iterator[tuple[date, bool]]:
    for week in range((date.max - start).days // 7 + 1):
        yield start + timedelta(weeks=week), True


def _months(start: date) -> Iterator[tuple[date, bool]]:
    """The same day of each month, or (False) the last day of a month that does not have this day."""
    for months in range(start.month - 1, 12 * (date.max.year - start.year + 1)):
        year, month = start.year + months // 12, months % 12 + 1
        last = monthrange(year, month)[1]
        yield date(year, month, min(start.day, last)), start.day <= last


def prepare_copies(fields: EventFields, days: Sequence[date], actor: Actor, remark: str = "") -> Batch:
    """A batch, to be confirmed, that creates a copy on each day. Raises InvalidRequestError, StorageError."""
    tasks = [_task(fields, day.isoformat()) for day in days]
    return batches.prepare("copy", tasks, actor, fields["title"], remark=remark)


def _task(fields: EventFields, day: str) -> Task:
    event_id = str(uuid4())
    changes: EventFields = {**fields, "eventId": event_id, "date": day}
    return Task("create", event_id, fields["title"], changes=changes, date=day)
