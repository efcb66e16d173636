"""An event after each of its changes, from one change on.

A row of the history has only the fields that the change wrote. The value of another field is in the `before` of the
next row that changed it. If there is none, it is the current value.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, cast

from events.change_tokens import Search
from events.domain import FIELD_NAMES, Event, EventFields, HistoryRow
from events.storage import history
from events.storage.changes import ChangeRow

# A response makes this many calls even if it is late, so that each continues the search: one for the change itself, one
# for each field that an earlier response found, and one for later changes.
_LEAST_READS = len(FIELD_NAMES) + 2


class NoReadsLeftError(Exception):
    """More calls are necessary than one response may make. The next one can continue the search."""

    def __init__(self, search: Search | None = None) -> None:
        self.search = search
        super().__init__()


class Reads:
    """The calls that one response may make to read the history: at most so many, and few after a time."""

    def __init__(self, most: int, until: float) -> None:
        """`until`: as in `time.monotonic()`."""
        self.left, self._most, self._until = most, most, until

    def pages(self, event_id: str, after: str) -> Iterator[list[HistoryRow]]:
        """The changes of an event after a time, earliest first. Raises NoReadsLeftError."""
        pages = history.read_history(event_id, after=after)
        while True:
            self._count()
            page = next(pages, None)
            if page is None:
                return
            yield page

    def rows(self, event_id: str, after: str) -> Iterator[HistoryRow]:
        """The same, row by row."""
        return chain.from_iterable(self.pages(event_id, after))

    def row(self, event_id: str, at: str) -> HistoryRow | None:
        """Raises NoReadsLeftError."""
        self._count()
        return history.get_history_row(event_id, at)

    def _count(self) -> None:
        is_late = self._most - self.left >= _LEAST_READS and time.monotonic() > self._until
        if is_late or not self.left:
            raise NoReadsLeftError
        self.left -= 1


class Replay:
    """The event after one change, and then after each of its later changes.

    `current` (None: deleted) must be read before: then the history has every change that it lacks. `earlier`: what an
    earlier response found. Raises NoReadsLeftError, StorageError.
    """

    def __init__(self, row: ChangeRow, current: Event | None, reads: Reads, earlier: Search | None) -> None:
        self._row, self._until, self._reads = row, row.at, reads
        self._sources: dict[str, str] = {}
        self._holders = _id(row.event_id)
        self._is_lost = self.is_resumed = False
        calls = reads.left
        pages = reads.pages(row.event_id, row.at.removesuffix("Z"))  # without the "Z", it sorts before the row itself
        first, *rows = next(pages)
        self._holders.update(_held(first.after or {}))
        self._later = chain(rows, reads.rows(row.event_id, rows[-1].at if rows else row.at))
        try:
            self._find_missing(chain(rows, chain.from_iterable(pages)), earlier)
        except NoReadsLeftError:
            raise NoReadsLeftError(self._search()) from None
        self.calls, self.search = calls - reads.left, self._search()
        self._add(current.fields if current and not self._is_lost else None)

    def after(self, at: str) -> EventFields | None:
        """The event after its change at this time; calls must be in order of time. Raises NoReadsLeftError.

        None: another program deleted the event, so nobody knows.
        """
        if at > self._row.at:
            for row in self._later:
                self._holders = {**self._holders, **_held(row.after)} if row.after else _id(row.event_id)
                if row.at == at:
                    break
        return None if self._missing else cast(EventFields, {name: self._holders[name][name] for name in FIELD_NAMES})

    @property
    def _missing(self) -> set[str]:
        return set(FIELD_NAMES) - self._holders.keys()

    def _search(self) -> Search:
        return Search(self._row.event_id, self._row.at, self._until, {**self._sources}, sorted(self._missing))

    def _find_missing(self, rows: Iterable[HistoryRow], earlier: Search | None) -> None:
        """Reads later changes until each field is known, or to the last change."""
        if earlier and earlier.event_id == self._row.event_id and earlier.since <= self._row.at <= earlier.until:
            self.is_resumed = True
            for at in {at for name, at in earlier.sources.items() if name in self._missing and at > self._row.at}:
                replaced = self._reads.row(self._row.event_id, at)
                self._add(replaced and replaced.before, at)
            self._read(rows, self._missing - {*earlier.missing})
            rows, self._until = self._reads.rows(self._row.event_id, earlier.until), earlier.until
        self._read(rows, self._missing)

    def _read(self, rows: Iterable[HistoryRow], names: set[str]) -> None:
        """Reads changes until each of these fields is known."""
        if not names or self._is_lost:
            return
        for row in rows:
            if row.before is None:  # another program deleted the event, and then it was created again
                self._is_lost = True
                break
            self._until = row.at
            self._add(row.before, row.at)
            if not names & self._missing:
                break

    def _add(self, fields: Mapping[str, Any] | None, replaced_at: str = "") -> None:
        """Notes which fields have their values there, unless that is known."""
        if fields:
            known = self._missing & fields.keys()
            self._holders |= dict.fromkeys(known, fields)
            self._sources |= dict.fromkeys(known, replaced_at)


def _id(event_id: str) -> dict[str, Mapping[str, Any]]:
    return _held({"eventId": event_id})


def _held(fields: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return dict.fromkeys(fields, fields)
