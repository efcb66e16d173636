"""What the tables hold, for assertions."""

from __future__ import annotations

from itertools import chain

from events.domain import HistoryRow
from events.storage.history import read_history


def get_history(event_id: str, limit: int | None = None) -> list[HistoryRow]:
    """All changes of an event, or the latest ones, latest first."""
    return list(chain.from_iterable(read_history(event_id)))[:limit]
