"""Lists of events: the whole table, or one page of an index, in either direction."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Sequence
from operator import gt, itemgetter, lt
from typing import Any

from django.conf import settings

from events.domain import (
    FIELD_NAMES,
    Event,
    EventFields,
    Search,
    StorageBusyError,
    SummaryPage,
)
from events.fields import SUMMARY_NAMES
from events.storage.connection import connection, storage_errors
from events.storage.index_queries import KEYS, matches, only_text, place, query_index
from events.storage.items import read_event, read_fields, read_summary
from events.storage.models import EventItem

SECONDS_FOR_A_LIST = 14
_FIELDS = list(FIELD_NAMES)  # PynamoDB treats a tuple as the path of one attribute
_SUMMARY = [*SUMMARY_NAMES, "revision", "dateAndId"]
_BATCH_GET_KEYS = 100  # DynamoDB's own limit
_BATCH_GET_ATTEMPTS = 6
# The first query of a text search reads this many items, which often suffices. Each further one reads twice as many, up
# to about a megabyte: there DynamoDB ends a query, but DynamoDB Local counts only items that match the filter.
_FIRST_QUERY_ITEMS = 500
_MAX_QUERY_ITEMS = 3000

# Items, the last sort key that was read if more may follow, and False if the queries ended before the page was full.
_Part = tuple[list[dict[str, Any]], str | None, bool]


class TimeLimit:
    """For reads that make many calls. On Lambda, each call must begin early enough to end within 29 seconds."""

    def __init__(self) -> None:
        self.until = time.monotonic() + SECONDS_FOR_A_LIST if settings.ON_LAMBDA else math.inf

    def check(self) -> None:
        if time.monotonic() > self.until:
            raise StorageBusyError(f"reading a list took more than {SECONDS_FOR_A_LIST} seconds")


def list_events() -> list[EventFields]:
    """All events (a strongly consistent scan), in order of date, then eventId."""
    from events.storage.typed_items import fields_of, read_response  # noqa: PLC0415  # msgspec is slow to load

    events: list[EventFields] = []
    position: Any = None
    time_limit = TimeLimit()
    while True:
        time_limit.check()
        with storage_errors():
            response = connection(read_response).scan(
                EventItem.Meta.table_name,
                attributes_to_get=_FIELDS,
                exclusive_start_key=position,
                consistent_read=True,
            )
        events += map(fields_of, response["Items"])
        position = response.get("LastEvaluatedKey")
        if not position:
            return _in_order(events)


def get_events(event_ids: list[str]) -> list[Event]:
    """The events with these IDs (consistent reads), in no particular order. IDs without an event are left out."""
    return [read_event(item) for item in _batch_get(event_ids, None, TimeLimit())]


def existing(event_ids: list[str]) -> set[str]:
    """Those of these IDs that an event has (consistent reads)."""
    return {item["eventId"]["S"] for item in _batch_get(event_ids, ["eventId"], TimeLimit())}


def query_events(
    searches: Sequence[Search], limit: int | None, max_queries: int | None = None
) -> tuple[list[EventFields], str | None]:
    """At most `limit` events of any of these searches, and the last sort key that was read, if more may follow.

    Several searches differ only in their status. After `max_queries` calls for each, it returns what it has found.
    Without a text, the cost depends on these events only, not on the size of the table. The indexes lag behind writes
    by some milliseconds. A page has no event twice, even if one moves to another day meanwhile. The next page is a
    separate query: it returns an event again if it has moved there since.
    """
    time_limit = TimeLimit()
    first = searches[0]
    attributes = KEYS if first.within.status is None else None  # only by-status has complete events
    parts = [_read_index(search, limit, time_limit, attributes, max_queries) for search in searches]
    items, end, _ = parts[0] if len(parts) == 1 else _merged(parts, limit, first.latest_first)
    if attributes is None:
        return [read_fields(item) for item in items], end
    return _current(first, [item["eventId"]["S"] for item in items], end, time_limit), end


def _current(search: Search, event_ids: list[str], end: str | None, time_limit: TimeLimit) -> list[EventFields]:
    """These events, in order. One that has left the page or the search since belongs to another page now."""
    first, last = search.within.first, search.within.last
    if search.latest_first:
        first = end or first
    else:
        last = end or last
    attributes = [*_FIELDS, "dateAndId", *(["searchText"] if search.text else [])]
    inside = (
        item
        for item in _batch_get(event_ids, attributes, time_limit)
        if "dateAndId" in item and first <= place(item) <= last and (not search.text or matches(search, item))
    )
    events = _in_order([read_fields(item) for item in inside])
    return events[::-1] if search.latest_first else events


def _merged(parts: list[_Part], limit: int | None, latest_first: bool) -> _Part:
    """One page of several, up to the first place where one of them ends. No event is in it twice."""
    first_end, is_after = (max, lt) if latest_first else (min, gt)
    end = first_end((end for _, end, _ in parts if end is not None), default=None)
    found = {item["eventId"]["S"]: item for items, _, _ in parts for item in items}
    inside = [item for item in found.values() if end is None or not is_after(place(item), end)]
    inside.sort(key=place, reverse=latest_first)
    if limit and len(inside) > limit:
        return inside[:limit], place(inside[limit - 1]), True
    return inside, end, all(full for _, _, full in parts)


def _in_order(events: list[EventFields]) -> list[EventFields]:
    # To sort twice by text takes less than half the time of sorting once by (date, eventId).
    return sorted(sorted(events, key=itemgetter("eventId")), key=itemgetter("date"))


def query_summaries(search: Search, limit: int | None, max_queries: int | None = None) -> SummaryPage:
    """At most `limit` rows in the order of the search. After `max_queries` calls, it returns what it has found."""
    time_limit = TimeLimit()
    items, end, full = _read_index(search, limit, time_limit, _SUMMARY, max_queries)
    return SummaryPage([read_summary(item) for item in _completed(items, time_limit)], end, full)


def _completed(items: list[dict[str, Any]], time_limit: TimeLimit) -> Iterator[dict[str, Any]]:
    """The items; those that by-text returned, with all attributes of a row. An event that moved since is left out."""
    incomplete = [item["eventId"]["S"] for item in items if len(item) == len(KEYS)]
    current = {item["eventId"]["S"]: item for item in _batch_get(incomplete, _SUMMARY, time_limit)}
    for item in items:
        if len(item) > len(KEYS):
            yield item
        elif (found := current.get(item["eventId"]["S"], {})).get("dateAndId") == item["dateAndId"]:
            yield found


def read_events(search: Search, page: int, max_queries: int) -> Iterator[Event]:
    """All complete events of a search, in order. Reads the next part only when the caller needs it.

    An event that moves to another day meanwhile is returned in its new place, or left out if that place has passed.
    An event that no longer matches the search is left out too.
    """
    time_limit = TimeLimit()
    is_after = lt if search.latest_first else gt
    seen: set[str] = set()
    waiting: list[dict[str, Any]] = []
    end: str | None = ""
    passed: str | None = None
    while end is not None:
        found, end, _ = _read_index(search, page, time_limit, KEYS, max_queries)
        new = [item for item in found if item["eventId"]["S"] not in seen]
        for start in range(0, len(new), _BATCH_GET_KEYS):
            part = new[start : start + _BATCH_GET_KEYS]
            event_ids = [item["eventId"]["S"] for item in part]
            seen.update(event_ids)
            waiting += (
                item
                for item in _batch_get(event_ids, None, time_limit)
                if matches(search, item) and (passed is None or is_after(place(item), passed))
            )
            waiting.sort(key=place, reverse=search.latest_first)
            passed = place(part[-1])
            ready = [item for item in waiting if not is_after(place(item), passed)]
            waiting = waiting[len(ready) :]
            yield from map(read_event, ready)
        within = search.within._replace(**{"before" if search.latest_first else "after": end})
        search = search._replace(within=within)
    yield from map(read_event, waiting)


def _read_index(
    search: Search,
    limit: int | None,
    time_limit: TimeLimit,
    attributes: list[str] | None = None,
    max_queries: int | None = None,
) -> _Part:
    """The items, the last sort key that was read if more may follow, and False if `max_queries` ended the page early.

    An event that moves to another day between two calls is read twice. The result has it in its later place.
    """
    within = search.within
    items: dict[str, dict[str, Any]] = {}
    position: Any = None
    queries = 0
    if within.first > within.last:  # DynamoDB refuses an empty range
        return [], None, True
    while True:
        time_limit.check()
        if search.is_filtered:
            size = min(_FIRST_QUERY_ITEMS * 2**queries, _MAX_QUERY_ITEMS)
        else:  # one more item shows whether another page follows
            size = limit and limit + 1 - len(items) + (within.before is not None)
        response = query_index(search, size, position, attributes)
        queries += 1
        if only_text(search):  # whole rows of the first query often suffice; then it is cheaper to read by-text
            attributes = KEYS
        for item in response["Items"]:
            if place(item) != within.before:
                items.pop(item["eventId"]["S"], None)
                items[item["eventId"]["S"]] = item
        position = response.get("LastEvaluatedKey")
        if limit and len(items) > limit:
            page = list(items.values())[:limit]
            return page, place(page[-1]), True
        if not position:
            return list(items.values()), None, True
        if queries == max_queries:
            return list(items.values()), place(position), False


def _batch_get(event_ids: list[str], attributes: list[str] | None, time_limit: TimeLimit) -> Iterator[dict[str, Any]]:
    """The items of those events that exist, in no particular order."""
    table = EventItem.Meta.table_name
    for start in range(0, len(event_ids), _BATCH_GET_KEYS):
        keys: list[Any] = [{"eventId": key} for key in event_ids[start : start + _BATCH_GET_KEYS]]
        for attempt in range(_BATCH_GET_ATTEMPTS):
            time_limit.check()
            with storage_errors():
                response = connection().batch_get_item(table, keys, consistent_read=True, attributes_to_get=attributes)
            yield from response["Responses"][table]
            # Keys that did not fit into one response (16 MB), or were throttled.
            keys = response["UnprocessedKeys"].get(table, {}).get("Keys", [])
            if not keys:
                break
            time.sleep(random.uniform(0, 0.05 * 2**attempt))
        else:
            raise StorageBusyError("DynamoDB left keys of a batch unread, after every retry")
