"""Queries whose results are cached for some seconds: the values in use, and how many events match a search."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from events.domain import EventRange, MatchCount, Search
from events.storage.connection import connection, storage_errors
from events.storage.index_queries import query_index
from events.storage.models import ALL_EVENTS, EventItem

SECONDS_TO_KEEP = 20
_MOST_RESULTS = 100
_MOST_STATUSES = 30
# Which locations and organizers are in use is read from this many events, the first of which are this many days old.
_EVENTS_FOR_VALUES = 200
_DAYS_FOR_VALUES = 60
_MOST_VALUES = 50

_Result = TypeVar("_Result")
_results: dict[Any, tuple[float, Any]] = {}


def _cached(query: Callable[..., _Result], *arguments: Any) -> _Result:
    """The result of a query with these arguments, at most some seconds old."""
    results = _results  # a write meanwhile replaces it, so that no result from before the write is kept
    known: tuple[float, _Result] | None = results.get((query, arguments))
    if known is None or known[0] < time.monotonic():
        known = (time.monotonic() + SECONDS_TO_KEEP, query(*arguments))
        if len(results) >= _MOST_RESULTS:
            results.clear()
        results[query, arguments] = known
    return known[1]


def forget_cached(kept_status: str | None = None) -> None:
    """Forgets all results. Every write calls this.

    `kept_status`: the status of an event that the write did not change. If it is in use, the statuses are kept.
    """
    global _results  # noqa: PLW0603
    key = (_query_statuses, ())
    known = _results.get(key)  # other threads add results meanwhile, so no loop over them
    _results = {key: known} if known and kept_status in known[1] else {}


def count_summaries(search: Search, limit: int) -> MatchCount:
    """How many events match, by one query that reads at most `limit` + 1 of them, or a megabyte.

    Cached, because each page of a list shows the same count.
    """
    return _cached(_query_count, search, limit)


def _query_count(search: Search, limit: int) -> MatchCount:
    if search.within.first > search.within.last:
        return MatchCount(0)
    response = query_index(search, limit + 1, None, None, select="COUNT")
    number: int = response["Count"]
    return MatchCount(min(number, limit), number > limit or "LastEvaluatedKey" in response)


def statuses_in_use() -> list[str]:
    """The statuses that events have, in order; at most thirty.

    Each costs a call, so the result is cached for some seconds. For as long, a status that is new in another process or
    not in the index yet may be missing.
    """
    return list(_cached(_query_statuses))


def values_in_use() -> dict[str, list[str]]:
    """The locations and organizers of recent and upcoming events, most frequent first; at most fifty of each.

    One query of 200 events, cached like the statuses.
    """
    return {name: list(values) for name, values in _cached(_query_values).items()}


def _query_values() -> dict[str, list[str]]:
    first_date = (datetime.now(UTC) - timedelta(_DAYS_FOR_VALUES)).date().isoformat()
    names = ["location", "organizer"]
    response = query_index(Search(EventRange(first_date=first_date)), _EVENTS_FOR_VALUES, None, names)
    counts = {name: Counter(item.get(name, {}).get("S", "") for item in response["Items"]) for name in names}
    return {name: [value for value, _ in counts[name].most_common(_MOST_VALUES) if value] for name in names}


def _query_statuses() -> list[str]:
    statuses: list[str] = []
    while len(statuses) < _MOST_STATUSES:
        beyond = EventItem.status > statuses[-1] if statuses else None
        with storage_errors():
            response = connection().query(
                EventItem.Meta.table_name,
                ALL_EVENTS,
                index_name=EventItem.status_names_index.Meta.index_name,
                range_key_condition=beyond,
                limit=1,
            )
        if not response["Items"]:
            break
        statuses.append(response["Items"][0]["status"]["S"])
    return statuses
