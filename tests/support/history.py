"""Checks that the history, replayed from its beginning, leads to the stored events."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

from events.domain import FIELD_NAMES
from events.storage.items import read_event
from events.storage.models import EventItem, HistoryItem, SnapshotAttribute
from tests.support.tables import read_table


class Row(NamedTuple):
    """A history row. Its snapshots hold the changed fields or the whole event."""

    at: str
    action: str
    actor: str
    revision: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    batch: str | None


Replayed = dict[str, dict[str, Any]]


def read_history() -> dict[str, list[Row]]:
    """The changes of every event, oldest first."""
    changes: dict[str, list[Row]] = defaultdict(list)
    for item in read_table(HistoryItem):
        values: dict[str, Any] = {
            name: item.get(name, {}).get("S") for name in ("at", "action", "actor", "revision", "batch")
        }
        for name in ("before", "after"):
            there = "M" in item.get(name, {})
            values[name] = SnapshotAttribute().deserialize(item[name]["M"]) if there else None
        changes[item["eventId"]["S"]].append(Row(**values))
    return {event_id: sorted(rows, key=lambda row: row.at) for event_id, rows in changes.items()}


def assert_history_replays() -> Replayed:
    """Each change starts from the result of the one before, and the last result is stored. Returns the events."""
    history = read_history()
    stored = {item["eventId"]["S"]: item for item in read_table(EventItem)}
    states = {event_id: _replay(event_id, rows) for event_id, rows in history.items()}
    present = {event_id: state for event_id, state in states.items() if state is not None}
    events = {event_id: read_event(item) for event_id, item in stored.items()}
    assert {event_id: dict(event.fields) for event_id, event in events.items()} == present
    for event_id, event in events.items():
        latest = history[event_id][-1]
        assert (event.revision, event.updated_at, event.updated_by) == (latest.revision, latest.at, latest.actor)
        assert stored[event_id]["dateAndId"]["S"] == f"{event.fields['date']}#{event_id}"
    written = [row.revision for rows in history.values() for row in rows if row.revision]
    assert len(written) == len(set(written)), "a revision was given twice"
    return present


def _replay(event_id: str, rows: list[Row]) -> dict[str, Any] | None:
    state: dict[str, Any] | None = None
    for row in rows:
        where = (event_id, row)
        if state is None:
            assert row.action in ("create", "restore"), where
            assert row.before is None, where
            assert row.after is not None, where
            assert set(row.after) == set(FIELD_NAMES), where
            state = row.after
        elif row.after is None:
            assert (row.action, row.before, row.revision) == ("delete", state, None), where
            state = None
        else:
            assert row.action in ("update", "restore"), where
            assert row.before is not None, where
            assert row.before == {name: state[name] for name in row.after}, where
            assert all(row.after[name] != value for name, value in row.before.items()), where
            state = {**state, **row.after}
    return state


def expected_changes() -> list[dict[str, Any]]:
    """What `GET /changes` must return in all: every change in order, with the event replayed from its beginning."""
    found = []
    for event_id, rows in read_history().items():
        state: dict[str, Any] = {}
        for row in rows:
            state = {**state, **row.after} if row.after else {}
            event = {name: state[name] for name in FIELD_NAMES} if state else None
            found.append({"eventId": event_id, "action": row.action, "at": row.at, "event": event})
    return sorted(found, key=lambda change: f"{change['at']}#{change['eventId']}")
