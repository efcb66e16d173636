"""Lists of events: the whole table, or the rows of an index from a bound, in either direction, to the page's size."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from operator import gt, itemgetter, lt
from typing import Any

from django.conf import settings

from events.domain import (
    FIELD_NAMES,
    Event,
    EventFields,
    EventRange,
    Search,
    StorageBusyError,
    SummaryPage,
)
from events.storage.connection import connection, storage_errors
from events.storage.items import read_event, read_fields, read_summary
from events.storage.models import ALL_EVENTS, EventItem

SECONDS_FOR_A_LIST = 14
_FIELDS = list(FIELD_NAMES)  # a tuple is one path to PynamoDB
_SUMMARY = ["eventId", "title", "date", "location", "capacity", "organizer", "status", "revision", "dateAndId"]
_BATCH_GET_KEYS = 100  # DynamoDB's own limit
_BATCH_GET_TRIES = 6
# A text search first looks among this many, as many find a page there, and then among twice as many each time, up to
# some megabyte. There DynamoDB ends a look in any case; DynamoDB Local counts only what the filter lets through.
_FIRST_LOOK = 500
_LONGEST_LOOK = 3000
_MOST_STATUSES = 30
SECONDS_TO_KEEP_STATUSES = 20
_seen_statuses: tuple[float, list[str]] | None = None
_writes = 0


class TimeLimit:
    """For reads of many calls: in Lambda, none begins once the gateway's 29 seconds could end before it does."""

    def __init__(self) -> None:
        self.until = time.monotonic() + SECONDS_FOR_A_LIST if settings.ON_LAMBDA else math.inf

    def check(self) -> None:
        if time.monotonic() > self.until:
            raise StorageBusyError(f"a list was not read after {SECONDS_FOR_A_LIST} seconds")


def list_events() -> list[EventFields]:
    """Every event there is now (a strongly consistent scan), in order of date, then eventId."""
    from events.storage.typed_items import fields_of, read_answer  # noqa: PLC0415  # msgspec takes its time to load

    events: list[EventFields] = []
    position: Any = None
    time_limit = TimeLimit()
    while True:
        time_limit.check()
        with storage_errors():
            answer = connection(read_answer).scan(
                EventItem.Meta.table_name,
                attributes_to_get=_FIELDS,
                exclusive_start_key=position,
                consistent_read=True,
            )
        events += map(fields_of, answer["Items"])
        position = answer.get("LastEvaluatedKey")
        if not position:
            return _in_order(events)


def get_events(event_ids: list[str]) -> list[Event]:
    """Those of these events that there are now (consistent reads), in no particular order."""
    return [read_event(item) for item in _batch_get(event_ids, None, TimeLimit())]


def query_events(within: EventRange, limit: int | None) -> tuple[list[EventFields], str | None]:
    """At most `limit` events of a range, in order, and the sort key of the last one read if more follow.

    Costs what these events cost, however many others there are. The indexes lag behind writes by some milliseconds.
    No event is returned twice, also if it moves to another day meanwhile. The next page is a query of its own: it
    returns an event again that has moved there since.
    """
    time_limit = TimeLimit()
    items, end, _ = _read_index(Search(within), limit, time_limit)
    if within.status is not None:
        return [read_fields(item) for item in items], end
    # This index leaves the description out. An event moved out of the range since is left to the page it is now in.
    last = end or within.last
    current = _batch_get([item["eventId"]["S"] for item in items], [*_FIELDS, "dateAndId"], time_limit)
    inside = (item for item in current if "dateAndId" in item and within.first <= _place(item) <= last)
    return _in_order([read_fields(item) for item in inside]), end


def _in_order(events: list[EventFields]) -> list[EventFields]:
    # Of date, then id: to sort twice, by texts, takes less than half of sorting once, by pairs.
    return sorted(sorted(events, key=itemgetter("eventId")), key=itemgetter("date"))


def query_summaries(search: Search, limit: int | None, most_looks: int | None = None) -> SummaryPage:
    """At most `limit` rows in the order of the search; cut short after so many calls, where its text is rare."""
    items, end, full = _read_index(search, limit, TimeLimit(), _SUMMARY, most_looks)
    return SummaryPage([read_summary(item) for item in items], end, full)


def read_events(search: Search, page: int, most_looks: int) -> Iterator[Event]:
    """Every event of a search, whole and in order, read in parts as they are taken.

    An event that moves to another day meanwhile is returned in its new place, or left out if that place is passed.
    Leaves out, too, what no longer matches the search.
    """
    time_limit = TimeLimit()
    is_after = lt if search.latest_first else gt
    seen: set[str] = set()
    waiting: list[dict[str, Any]] = []
    end: str | None = ""
    passed: str | None = None
    while end is not None:
        found, end, _ = _read_index(search, page, time_limit, ["eventId", "dateAndId"], most_looks)
        new = [item for item in found if item["eventId"]["S"] not in seen]
        for start in range(0, len(new), _BATCH_GET_KEYS):
            part = new[start : start + _BATCH_GET_KEYS]
            event_ids = [item["eventId"]["S"] for item in part]
            seen.update(event_ids)
            waiting += (
                item
                for item in _batch_get(event_ids, None, time_limit)
                if _matches(search, item) and (passed is None or is_after(_place(item), passed))
            )
            waiting.sort(key=_place, reverse=search.latest_first)
            passed = _place(part[-1])
            ready = [item for item in waiting if not is_after(_place(item), passed)]
            waiting = waiting[len(ready) :]
            yield from map(read_event, ready)
        within = search.within._replace(**{"before" if search.latest_first else "after": end})
        search = search._replace(within=within)
    yield from map(read_event, waiting)


def _place(item: dict[str, Any]) -> str:
    place: str = item["dateAndId"]["S"]
    return place


def _matches(search: Search, item: dict[str, Any]) -> bool:
    """Whether the index would have this item among the events of the search."""
    within = search.within
    return (
        "dateAndId" in item
        and within.first <= _place(item) <= within.last
        and within.status in (None, item.get("status", {}).get("S"))
        and search.text.casefold() in item.get("searchText", {}).get("S", "")
    )


def _read_index(
    search: Search,
    limit: int | None,
    time_limit: TimeLimit,
    attributes: list[str] | None = None,
    most_looks: int | None = None,
) -> tuple[list[dict[str, Any]], str | None, bool]:
    """The items, the sort key read up to if there may be more, and whether the page is as full as it can be.

    An event that moves to another day between two calls is read twice: its later place counts.
    """
    within = search.within
    items: dict[str, dict[str, Any]] = {}
    position: Any = None
    looks = 0
    if within.first > within.last:  # DynamoDB takes no empty range
        return [], None, True
    while True:
        time_limit.check()
        if search.text:
            size = min(_FIRST_LOOK * 2**looks, _LONGEST_LOOK)
        else:  # one more than asked for, to know whether there is one
            size = limit and limit + 1 - len(items) + (within.before is not None)
        answer = _query(search, size, position, attributes)
        looks += 1
        for item in answer["Items"]:
            if _place(item) != within.before:
                items.pop(item["eventId"]["S"], None)
                items[item["eventId"]["S"]] = item
        position = answer.get("LastEvaluatedKey")
        if limit and len(items) > limit:
            page = list(items.values())[:limit]
            return page, _place(page[-1]), True
        if not position:
            return list(items.values()), None, True
        if looks == most_looks:
            return list(items.values()), _place(position), False


def _query(search: Search, size: int | None, position: Any, attributes: list[str] | None) -> dict[str, Any]:
    """One call of DynamoDB, which looks at `size` items, or a megabyte of them."""
    within, text = search.within, search.text.casefold()
    index = EventItem.date_index if within.status is None else EventItem.status_index
    with storage_errors():
        answer: dict[str, Any] = connection().query(
            EventItem.Meta.table_name,
            ALL_EVENTS if within.status is None else within.status,
            index_name=index.Meta.index_name,
            range_key_condition=EventItem.dateAndId.between(within.first, within.last),
            filter_condition=EventItem.searchText.contains(text) if text else None,
            attributes_to_get=attributes,
            scan_index_forward=not search.latest_first,
            exclusive_start_key=position,
            limit=size,
        )
    return answer


def _batch_get(event_ids: list[str], attributes: list[str] | None, time_limit: TimeLimit) -> Iterator[dict[str, Any]]:
    """The items of those of these events that there are now, in no particular order."""
    table = EventItem.Meta.table_name
    for start in range(0, len(event_ids), _BATCH_GET_KEYS):
        keys: list[Any] = [{"eventId": key} for key in event_ids[start : start + _BATCH_GET_KEYS]]
        for attempt in range(_BATCH_GET_TRIES):
            time_limit.check()
            with storage_errors():
                answer = connection().batch_get_item(table, keys, consistent_read=True, attributes_to_get=attributes)
            yield from answer["Responses"][table]
            # What did not fit into one answer (16 MB), or was throttled.
            keys = answer["UnprocessedKeys"].get(table, {}).get("Keys", [])
            if not keys:
                break
            time.sleep(random.uniform(0, 0.05 * 2**attempt))
        else:
            raise StorageBusyError("DynamoDB kept leaving keys of a batch unread")


def statuses_in_use() -> list[str]:
    """The statuses that events have, in order; the first thirty.

    To look costs a call for each, so what was seen is kept for some seconds: one that is new in another process, or not
    in the index yet, may be missing for as long.
    """
    global _seen_statuses  # noqa: PLW0603
    seen, writes = _seen_statuses, _writes
    if seen is None or seen[0] < time.monotonic():
        seen = (time.monotonic() + SECONDS_TO_KEEP_STATUSES, _look_for_statuses())
        if writes == _writes:  # else another thread wrote, perhaps after the look
            _seen_statuses = seen
    return list(seen[1])


def forget_statuses() -> None:
    """To be called where they may have changed."""
    global _seen_statuses, _writes  # noqa: PLW0603
    _writes += 1
    _seen_statuses = None


def _look_for_statuses() -> list[str]:
    statuses: list[str] = []
    while len(statuses) < _MOST_STATUSES:
        beyond = EventItem.status > statuses[-1] if statuses else None
        with storage_errors():
            answer = connection().query(
                EventItem.Meta.table_name,
                ALL_EVENTS,
                index_name=EventItem.status_names_index.Meta.index_name,
                range_key_condition=beyond,
                limit=1,
            )
        if not answer["Items"]:
            break
        statuses.append(answer["Items"][0]["status"]["S"])
    return statuses
