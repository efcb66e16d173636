"""One query of an index, and the condition of a search: as a filter of DynamoDB, and for items that were read."""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.indexes import GlobalSecondaryIndex

from events.domain import Search
from events.search_text import Word, search_words
from events.storage.connection import connection, storage_errors
from events.storage.models import ALL_EVENTS, EventItem

KEYS = ["eventId", "dateAndId"]  # all that can be read of a row of by-text


def place(item: dict[str, Any]) -> str:
    found: str = item["dateAndId"]["S"]
    return found


def only_text(search: Search) -> bool:
    """Whether by-text can find the events of a search: it has no status, location or organizer."""
    exact = search.within.status is not None or search.location or search.organizer
    return bool(search_words(search.text)) and not exact


def query_index(
    search: Search, size: int | None, position: Any, attributes: list[str] | None, select: str | None = None
) -> dict[str, Any]:
    """One call of DynamoDB. It reads at most `size` items, or a megabyte of them, before it applies the filter.

    It reads by-text if the keys or the count are enough. A position in one of by-date and by-text is one in the other.
    """
    within = search.within
    index: GlobalSecondaryIndex[Any] = EventItem.date_index
    if within.status is not None:
        index = EventItem.status_index
    elif only_text(search) and (attributes == KEYS or select == "COUNT"):
        index = EventItem.text_index
    with storage_errors():
        response: dict[str, Any] = connection().query(
            EventItem.Meta.table_name,
            ALL_EVENTS if within.status is None else within.status,
            index_name=index.Meta.index_name,
            range_key_condition=EventItem.dateAndId.between(within.first, within.last),
            filter_condition=_filter(search),
            attributes_to_get=attributes,
            scan_index_forward=not search.latest_first,
            exclusive_start_key=position,
            limit=size,
            select=select,
        )
    return response


def _filter(search: Search) -> Condition | None:
    """The condition for what the index's key does not say."""
    conditions = [
        *map(_contains, search_words(search.text)),
        *([EventItem.location == search.location] if search.location else []),
        *([EventItem.organizer == search.organizer] if search.organizer else []),
    ]
    return reduce(and_, conditions) if conditions else None


def _contains(word: Word) -> Condition:
    condition: Condition = EventItem.searchText.contains(word.form)
    if word.former != word.form:  # events that `manage.py upgrade_events` has not reached yet
        condition |= EventItem.searchText.contains(word.former)
    condition |= EventItem.eventId.contains(word.form)  # stored_text leaves most of them out
    return condition


def matches(search: Search, item: dict[str, Any]) -> bool:
    """Whether the item matches the search, by the same conditions as in the index."""
    within = search.within
    text, event_id = (item.get(name, {}).get("S", "") for name in ("searchText", "eventId"))
    return (
        "dateAndId" in item
        and within.first <= place(item) <= within.last
        and within.status in (None, item.get("status", {}).get("S"))
        and all(word.form in text or word.former in text or word.form in event_id for word in search_words(search.text))
        and search.location in ("", item.get("location", {}).get("S"))
        and search.organizer in ("", item.get("organizer", {}).get("S"))
    )
