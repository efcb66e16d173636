"""Reads events from the items that DynamoDB sends, including items that another program wrote.

`read_fields` and `read_summary` are written out, because a loop over the fields takes 40 % longer.
"""

from __future__ import annotations

from datetime import MAXYEAR, datetime
from hashlib import sha256
from typing import Any

from events.domain import FIELD_NAMES, Event, EventFields, EventSummary
from events.rules import MAX_CAPACITY
from events.storage.models import SnapshotAttribute

# Revision prefix of items that another program wrote. A hash of the fields follows.
UNREVISED = "unrevised-"
NUMBER_LIMIT = 10 * MAX_CAPACITY  # orjson cannot write numbers of more than 64 bits
MISSING_STATUS = "unknown"
_NEVER = "1970-01-01T00:00:00.000000Z"


def read_fields(item: dict[str, Any]) -> EventFields:
    """The fields of an event, from an item as DynamoDB sends it."""
    try:
        return {
            "eventId": item["eventId"]["S"],
            "title": item["title"]["S"],
            "description": item["description"]["S"],
            "date": item["date"]["S"],
            "location": item["location"]["S"],
            "capacity": _read_capacity(item["capacity"]["N"]),
            "organizer": item["organizer"]["S"],
            "status": item["status"]["S"],
        }
    except (KeyError, ValueError):
        return read_fields(_repaired(item))


def _repaired(item: dict[str, Any]) -> dict[str, Any]:
    """The item with empty values for fields that are missing or have another type, so that staff can see and fix it."""
    texts = {name: {"S": item.get(name, {}).get("S", "")} for name in FIELD_NAMES}
    texts["status"] = {"S": texts["status"]["S"] or MISSING_STATUS}  # keys of indexes cannot be empty
    capacity = item.get("capacity", {}).get("N", "")
    revision = {"S": item.get("revision", {}).get("S", "")}
    whole = capacity.isdecimal() and len(capacity) <= len(str(MAX_CAPACITY))
    return {**item, **texts, "capacity": {"N": capacity if whole else "0"}, "revision": revision}


_EMPTY: dict[str, dict[str, str]] = _repaired({})


def with_every_field(snapshot: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """A whole event of a history row, with empty values for fields that did not exist when the row was written."""
    return {name: snapshot.get(name, _EMPTY[name]) for name in FIELD_NAMES}


def _read_capacity(digits: str) -> int:
    capacity = int(digits)
    if abs(capacity) >= NUMBER_LIMIT:
        raise ValueError
    return capacity


def read_summary(item: dict[str, Any]) -> EventSummary:
    """A row of a list, from an item of an index."""
    try:
        return {
            "eventId": item["eventId"]["S"],
            "title": item["title"]["S"],
            "date": item["date"]["S"],
            "location": item["location"]["S"],
            "capacity": _read_capacity(item["capacity"]["N"]),
            "organizer": item["organizer"]["S"],
            "status": item["status"]["S"],
            "revision": item.get("revision", {"S": ""})["S"],
        }
    except (KeyError, ValueError):
        return read_summary(_repaired(item))


def read_event(item: dict[str, Any]) -> Event:
    """An event, from an item as DynamoDB sends it. Items that another program wrote have no revision or times yet."""
    fields = read_fields(item)
    revision = _text(item, "revision") or UNREVISED + sha256(repr(fields).encode()).hexdigest()
    return Event(
        fields=fields,
        revision=revision,
        created_at=_moment(item, "createdAt"),
        updated_at=_moment(item, "updatedAt"),
        updated_by=_text(item, "updatedBy"),
    )


def _text(item: dict[str, Any], name: str) -> str:
    text: str = item[name].get("S", "") if name in item else ""
    return text


def _moment(item: dict[str, Any], name: str) -> str:
    """A time with its time zone, which a later one can follow. Another program may have written something else."""
    text = _text(item, name)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _NEVER
    return text if moment.tzinfo and moment.year < MAXYEAR else _NEVER


def created_event(row: dict[str, Any]) -> Event:
    """The event that was created, from the history row of its create."""
    snapshot = SnapshotAttribute().deserialize(with_every_field(row["after"]["M"]))
    fields: EventFields = {name: snapshot[name] for name in FIELD_NAMES}  # type: ignore[assignment]
    at = row["at"]["S"]
    return Event(fields, row["revision"]["S"], at, at, row["actor"]["S"])
