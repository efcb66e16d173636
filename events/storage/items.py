"""How events are read out of the items that DynamoDB sends, also of such as this site did not write."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from events.domain import FIELD_NAMES, Event, EventFields, EventSummary
from events.rules import MAX_CAPACITY
from events.storage.models import SnapshotAttribute

# What the revision of an event begins with that was put into the table by other means: its fields make the rest.
UNREVISED = "unrevised-"
OUT_OF_RANGE = 10 * MAX_CAPACITY  # beyond 64 bits, no JSON would be written of a number
NO_STATUS = "unknown"
_NEVER = "1970-01-01T00:00:00.000000Z"


def read_fields(item: dict[str, Any]) -> EventFields:
    """An item as DynamoDB sends it, as an event's fields."""
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
        return read_fields(_completed(item))


def _completed(item: dict[str, Any]) -> dict[str, Any]:
    """What an item put there by other means lacks, or has of another kind, is empty: so it can be seen, and mended."""
    texts = {name: {"S": item.get(name, {}).get("S", "")} for name in FIELD_NAMES}
    texts["status"] = {"S": texts["status"]["S"] or NO_STATUS}  # a key of indexes, and those take no empty one
    capacity = item.get("capacity", {}).get("N", "")
    revision = {"S": item.get("revision", {}).get("S", "")}
    whole = capacity.isdecimal() and len(capacity) <= len(str(MAX_CAPACITY))
    return {**item, **texts, "capacity": {"N": capacity if whole else "0"}, "revision": revision}


def _read_capacity(digits: str) -> int:
    capacity = int(digits)
    if abs(capacity) >= OUT_OF_RANGE:
        raise ValueError
    return capacity


def read_summary(item: dict[str, Any]) -> EventSummary:
    """An item of an index, as a row of a list."""
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
        return read_summary(_completed(item))


def read_event(item: dict[str, Any]) -> Event:
    """An item as DynamoDB sends it, as an event with its audit stamps; one put there by other means has none yet."""
    fields = read_fields(item)
    revision = _text(item, "revision") or UNREVISED + sha256(repr(fields).encode()).hexdigest()
    return Event(
        fields=fields,
        revision=revision,
        created_at=_text(item, "createdAt") or _NEVER,
        updated_at=_text(item, "updatedAt") or _NEVER,
        updated_by=_text(item, "updatedBy"),
    )


def _text(item: dict[str, Any], name: str) -> str:
    text: str = item[name].get("S", "") if name in item else ""
    return text


def created_event(row: dict[str, Any]) -> Event:
    """The event as the create that wrote this history row left it."""
    snapshot = SnapshotAttribute().deserialize(row["after"]["M"])
    fields: EventFields = {name: snapshot[name] for name in FIELD_NAMES}  # type: ignore[assignment]
    at = row["at"]["S"]
    return Event(fields, row["revision"]["S"], at, at, row["actor"]["S"])
