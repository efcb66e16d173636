"""What the tables hold, for assertions; and items that this version does not write."""

from __future__ import annotations

from itertools import chain
from typing import Any

from events.domain import Event, HistoryRow
from events.storage.cached_queries import forget_cached
from events.storage.connection import connection
from events.storage.history import read_history
from events.storage.models import EventItem
from tests.support.builders import store


def get_history(event_id: str, limit: int | None = None) -> list[HistoryRow]:
    """All changes of an event, or the latest ones, latest first."""
    return list(chain.from_iterable(read_history(event_id)))[:limit]


def store_former(event_id: str = "launch", **overrides: Any) -> Event:
    """A stored event whose item is as the version before `search_text` wrote it."""
    event = store(event_id, **overrides)
    texts = "\n".join((event.fields["title"], event.fields["location"], event.fields["organizer"]))
    set_attribute(event_id, searchText={"S": texts.casefold()})
    return event


def set_attribute(event_id: str, **values: dict[str, Any] | None) -> None:
    """Writes attributes of an item as another program may do; None removes one."""
    for name, value in values.items():
        sent: dict[str, Any] = {"UpdateExpression": "REMOVE #n", "ExpressionAttributeNames": {"#n": name}}
        if value is not None:
            sent |= {"UpdateExpression": "SET #n = :v", "ExpressionAttributeValues": {":v": value}}
        key = {"TableName": EventItem.Meta.table_name, "Key": {"eventId": {"S": event_id}}}
        connection().dispatch("UpdateItem", {**key, **sent})
    forget_cached()
