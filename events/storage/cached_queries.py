"""Queries whose results are cached for some seconds: the values in use, and how many events match a search."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from events.domain import EventRange, MatchCount, Search
from events.storage.connection import connection, storage_errors
from events.storage.lists import query_index
from events.storage.models import ALL_EVENTS, EventItem

_MOST_STATUSES = 30
SECONDS_TO_KEEP = 20
_cached_statuses: tuple[float, list[str]] | None = None
# Which locations and organizers are in use is read from this many events, the first of which are this many days old.
_EVENTS_FOR_VALUES = 200
_DAYS_FOR_VALUES = 60
_MOST_VALUES = 50
_cached_values: tuple[float, dict[str, list[str]]] | None = None
_MOST_CACHED_COUNTS = 100
_cached_counts: dict[tuple[Search, int], tuple[float, MatchCount]] = {}
_writes = 0


def count_summaries(search: Search, limit: int) -> MatchCount:
    """How many events match, by one query that reads at most `limit` + 1 of them, or a megabyte.

    Cached for some seconds: each page of a list shows the same count.
    """
    key, writes = (search, limit), _writes
    cached = _cached_counts.get(key)
    if cached is None or cached[0] < time.monotonic():
        cached = (time.monotonic() + SECONDS_TO_KEEP, _query_count(search, limit))
        if len(_cached_counts) >= _MOST_CACHED_COUNTS:
            _cached_counts.clear()
        if writes == _writes:
            _cached_counts[key] = cached
    return cached[1]


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
    global _cached_statuses  # noqa: PLW0603
    cached, writes = _cached_statuses, _writes
    if cached is None or cached[0] < time.monotonic():
        cached = (time.monotonic() + SECONDS_TO_KEEP, _query_statuses())
        if writes == _writes:  # otherwise another thread wrote meanwhile
            _cached_statuses = cached
    return list(cached[1])


def values_in_use() -> dict[str, list[str]]:
    """The locations and organizers of recent and upcoming events, most frequent first; at most fifty of each.

    One query of 200 events, cached like the statuses.
    """
    global _cached_values  # noqa: PLW0603
    cached, writes = _cached_values, _writes
    if cached is None or cached[0] < time.monotonic():
        cached = (time.monotonic() + SECONDS_TO_KEEP, _query_values())
        if writes == _writes:
            _cached_values = cached
    return {name: list(values) for name, values in cached[1].items()}


def _query_values() -> dict[str, list[str]]:
    first_date = (datetime.now(UTC) - timedelta(_DAYS_FOR_VALUES)).date().isoformat()
    names = ["location", "organizer"]
    response = query_index(Search(EventRange(first_date=first_date)), _EVENTS_FOR_VALUES, None, names)
    counts = {name: Counter(item.get(name, {}).get("S", "") for item in response["Items"]) for name in names}
    return {name: [value for value, _ in counts[name].most_common(_MOST_VALUES) if value] for name in names}


def forget_cached() -> None:
    """Clears these caches. Every write calls this."""
    global _cached_statuses, _cached_values, _writes  # noqa: PLW0603
    _writes += 1
    _cached_statuses = _cached_values = None
    _cached_counts.clear()


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
