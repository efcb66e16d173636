"""Reads the items of the whole list with a known structure, in half the time of a parser for any JSON."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

import msgspec
import orjson

from events.domain import EventFields
from events.fields import FIELDS
from events.storage.items import NUMBER_LIMIT, read_fields


class _Text(msgspec.Struct, gc=False):
    S: str


class _Number(msgspec.Struct, gc=False):
    N: Annotated[int, msgspec.Meta(gt=-NUMBER_LIMIT, lt=NUMBER_LIMIT)]


class _Item(msgspec.Struct, gc=False):
    __annotations__ = {field.name: _Number if field.kind is int else _Text for field in FIELDS}


class _Response(TypedDict, total=False):
    Items: list[_Item]
    LastEvaluatedKey: Any
    ConsumedCapacity: Any


_decoder = msgspec.json.Decoder(_Response, strict=False)  # DynamoDB sends numbers as text


def read_response(content: bytes) -> Any:
    """DynamoDB's response, with items for `fields_of`. Raises orjson.JSONDecodeError."""
    try:
        return _decoder.decode(content)
    except msgspec.MsgspecError:  # another program wrote one of the items, or this is not DynamoDB's response
        return orjson.loads(content)


def fields_of(item: Any) -> EventFields:
    """The fields of an item that `read_response` returned. Written out, as a loop takes more than twice the time."""
    if isinstance(item, dict):
        return read_fields(item)
    return {
        "eventId": item.eventId.S,
        "title": item.title.S,
        "description": item.description.S,
        "date": item.date.S,
        "location": item.location.S,
        "capacity": item.capacity.N,
        "organizer": item.organizer.S,
        "status": item.status.S,
    }
