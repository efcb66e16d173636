"""Brings stored events to the newest form: the attributes for the indexes and the search, which the fields determine.

A write has the condition that the event is as it was read, so it never changes what another writer has written.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from functools import reduce
from operator import and_
from typing import Any, Literal, TypeVar

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from events.domain import StorageBusyError
from events.fields import allows
from events.storage.connection import connection, error_code, storage_errors
from events.storage.items import read_fields
from events.storage.models import EventItem, derived

Outcome = Literal["upgraded", "changed", "unfit"]
Item = dict[str, Any]
Result = TypeVar("Result")

_SOURCES = ("title", "date", "location", "organizer", "revision")  # what `derived` reads, and the mark of each write
_ATTEMPTS = 8  # with their pauses, about a minute


def scan_events() -> Iterator[list[Item]]:
    """All items in parts of a megabyte, with the attributes that `upgrade` needs."""
    wanted = ["eventId", *_SOURCES, *derived(read_fields({}))]
    position: Any = None
    while True:
        response = _patiently(lambda: _scan(wanted, position))  # noqa: B023  # called at once
        yield response["Items"]
        position = response.get("LastEvaluatedKey")
        if not position:
            return


def _scan(attributes: list[str], position: Any) -> dict[str, Any]:
    with storage_errors():
        response: dict[str, Any] = connection().scan(
            EventItem.Meta.table_name, attributes_to_get=attributes, exclusive_start_key=position
        )
    return response


def outdated(item: Item) -> dict[str, str]:
    """The attributes that the item lacks, or has in an earlier form, with their values in the newest form.

    None of an item of another program whose ID the site does not accept; not its place in lists if its date is no day.
    """
    fields = read_fields(item)
    if not allows("eventId", fields["eventId"]):
        return {}
    newest = derived(fields)
    if not allows("date", fields["date"]):
        del newest["dateAndId"]
    return {name: value for name, value in newest.items() if item.get(name) != {"S": value}}


def upgrade(item: Item) -> Outcome:
    """Writes what is outdated: "changed" if another writer was first, "unfit" if DynamoDB cannot store it."""
    attributes = EventItem.get_attributes()
    actions: list[Action] = [attributes[name].set(value) for name, value in outdated(item).items()]
    condition = reduce(and_, (_as_read(name, item) for name in _SOURCES), EventItem.eventId.exists())

    return _patiently(lambda: _write(item["eventId"]["S"], actions, condition))


def _write(event_id: str, actions: list[Action], condition: Condition) -> Outcome:
    with storage_errors():
        try:
            connection().update_item(EventItem.Meta.table_name, event_id, actions=actions, condition=condition)
        except UpdateError as error:
            match error_code(error):
                case "ConditionalCheckFailedException":
                    return "changed"
                case "ValidationException":  # longer than an item may be
                    return "unfit"
                case "TransactionConflictException":
                    raise StorageBusyError(str(error.cause)) from error
            raise
    return "upgraded"


def _as_read(name: str, item: Item) -> Condition:
    attribute = EventItem.get_attributes()[name]
    value = item.get(name, {}).get("S")
    unchanged: Condition = attribute == value if value is not None else ~attribute.is_type()  # type: ignore[no-untyped-call]
    return unchanged


def _patiently(call: Callable[[], Result]) -> Result:
    """Repeats the call while DynamoDB throttles it. Raises StorageBusyError after the last attempt."""
    for attempt in range(_ATTEMPTS - 1):
        try:
            return call()
        except StorageBusyError:
            time.sleep(random.uniform(0.5, 1) * 0.2 * 2**attempt)
    return call()
