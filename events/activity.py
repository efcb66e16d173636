"""What everyone changed lately, as people would tell it: the changes of one batch are one line."""

from __future__ import annotations

from dataclasses import dataclass

from events.domain import ActivityRow
from events.storage.history import get_activity

LINES = 50

# Where batches fold many rows into a line, more rows are read to fill the page; this many have room in one answer.
_MORE_ROWS = 400
_MORE_LOOKS = 2

_DEEDS = {"status": "set the status of", "delete": "deleted", "import": "imported", "undo": "undid a change of"}


@dataclass(frozen=True, slots=True)
class ActivityLine:
    """A change, or those of one batch, latest first; `cut`: the batch may have more that were not read."""

    rows: list[ActivityRow]
    cut: bool = False

    @property
    def latest(self) -> ActivityRow:
        return self.rows[0]

    @property
    def is_batch(self) -> bool:
        return len(self.rows) > 1

    @property
    def deed(self) -> str:
        """What the batch did to its events; its id begins with its kind."""
        return _DEEDS.get((self.latest.batch or "").partition("-")[0], "changed")


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """Lines, latest first, and the key of the last row read if there may be more."""

    lines: list[ActivityLine]
    next: str | None


def list_activity(most: int = LINES, before: str | None = None) -> ActivityPage:
    """At most so many lines of the changes before one, in three calls of DynamoDB at most. Raises StorageError."""
    found: dict[str, list[ActivityRow]] = {}
    last, line = before, ""
    for size in (most + 1, *[_MORE_ROWS] * _MORE_LOOKS):
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
