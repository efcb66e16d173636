"""The most recent changes of all events. The changes of one batch are one line."""

from __future__ import annotations

from dataclasses import dataclass

from events.domain import ActivityFilter, ActivityRow
from events.storage.history import query_activity
from events.storage.lists import existing
from events.tasks import kind_of

LINES = 50

# A batch has many rows in one line, so more rows are read to fill the page; this many fit into one response.
_MORE_ROWS = 400
_MORE_QUERIES = 2
# With a filter: DynamoDB reads this many rows in each query and returns those that match.
_SEARCHED = (400, 1600, 1600, 1600)
# Deletions of which one call checks whether the event exists again, and the most of these calls for one page.
_CHECKED = 100
_MOST_CHECKS = 6

_ALL = ActivityFilter()

_VERBS = {
    "status": "set the status of",
    "delete": "deleted",
    "edit": "changed",
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
        return _VERBS.get(kind_of(self.latest.batch or "") or "", "changed")


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """Lines, latest first; `next`: the key of the last row if more may follow; `full`: nothing cut the search short."""

    lines: list[ActivityLine]
    next: str | None
    full: bool = True

    @property
    def shows_an_event(self) -> bool:
        """Whether the latest change left an event. If not, there may be events all the same."""
        return bool(self.lines) and self.lines[0].latest.action != "delete"


def list_activity(most: int = LINES, before: str | None = None, wanted: ActivityFilter = _ALL) -> ActivityPage:
    """At most `most` lines of the changes before a row's key, in a few queries. Raises StorageError."""
    found: dict[str, list[ActivityRow]] = {}
    last, line = before, ""
    for size in _SEARCHED if wanted.matches_some else (most + 1, *[_MORE_ROWS] * _MORE_QUERIES):
        rows, end = query_activity(wanted, size, last)
        for row in rows:
            line = row.batch or row.key
            if line not in found and len(found) == most:
                return ActivityPage(_lines(found), last)
            found.setdefault(line, []).append(row)
            last = row.key
        if end is None:
            return ActivityPage(_lines(found), None)
        last = end
    return ActivityPage(_lines(found, cut=line), last, full=not wanted.matches_some)


def _lines(found: dict[str, list[ActivityRow]], cut: str = "") -> list[ActivityLine]:
    return [ActivityLine(rows, name == cut) for name, rows in found.items()]


@dataclass(frozen=True, slots=True)
class DeletedPage:
    """Deletions, latest first; `next` and `full` as in ActivityPage."""

    rows: list[ActivityRow]
    next: str | None
    full: bool = True


def list_deleted(most: int = LINES, before: str | None = None) -> DeletedPage:
    """The latest deletion of each event that does not exist, in a bounded number of calls. Raises StorageError."""
    found: dict[str, ActivityRow] = {}
    last, checks = before, 0
    for size in _SEARCHED:
        rows, end = query_activity(ActivityFilter(action="delete"), size, last)
        for start in range(0, len(rows), _CHECKED):
            if checks == _MOST_CHECKS:
                return DeletedPage(list(found.values()), last, full=False)
            part = rows[start : start + _CHECKED]
            checks += 1
            present = existing([*{row.event_id for row in part}])
            for row in part:
                if row.event_id not in present and row.event_id not in found:
                    if len(found) == most:
                        return DeletedPage(list(found.values()), last)
                    found[row.event_id] = row
                last = row.key
        if end is None:
            return DeletedPage(list(found.values()), None)
        last = end
    return DeletedPage(list(found.values()), last, full=False)
