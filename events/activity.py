"""The most recent changes of all events. The changes of one batch are one line."""

from __future__ import annotations

from dataclasses import dataclass

from events.domain import ActivityRow
from events.storage.history import get_activity
from events.tasks import kind_of

LINES = 50

# A batch has many rows in one line, so more rows are read to fill the page; this many fit into one response.
_MORE_ROWS = 400
_MORE_QUERIES = 2

_VERBS = {
    "status": "set the status of",
    "delete": "deleted",
    "import": "imported",
    "copy": "created",
    "undo": "undid changes to",
}


@dataclass(frozen=True, slots=True)
class ActivityLine:
    """One change, or the changes of one batch, latest first; `cut`: the batch may have more changes."""

    rows: list[ActivityRow]
    cut: bool = False

    @property
    def latest(self) -> ActivityRow:
        return self.rows[0]

    @property
    def is_batch(self) -> bool:
        return len(self.rows) > 1

    @property
    def verb(self) -> str:
        """What the batch did to its events."""
        kind = kind_of(self.latest.batch or "")
        return _VERBS[kind] if kind else "changed"


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """Lines, latest first; `next` is the key of the last row if there may be more."""

    lines: list[ActivityLine]
    next: str | None


def list_activity(most: int = LINES, before: str | None = None) -> ActivityPage:
    """At most `most` lines of the changes before a row's key, in up to three queries. Raises StorageError."""
    found: dict[str, list[ActivityRow]] = {}
    last, line = before, ""
    for size in (most + 1, *[_MORE_ROWS] * _MORE_QUERIES):
        rows = get_activity(size, last)
        for row in rows:
            line = row.batch or row.key
            if line not in found and len(found) == most:
                return ActivityPage(_lines(found), last)
            found.setdefault(line, []).append(row)
            last = row.key
        if len(rows) < size:
            return ActivityPage(_lines(found), None)
    return ActivityPage(_lines(found, cut=line), last)


def _lines(found: dict[str, list[ActivityRow]], cut: str = "") -> list[ActivityLine]:
    return [ActivityLine(rows, name == cut) for name, rows in found.items()]
