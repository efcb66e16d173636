"""A desk with any number of events, written to the tables directly. Pages show the same events at every size.

Of the first 120 events, 20 are in the next thirty days, 30 in the month that the calendar shows, and 70 in the month
after. All others are in other years: half before, half after. All have about the same length, so that all pages cost
the same.
"""

from __future__ import annotations

import http.client
from base64 import b64encode
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import orjson
from django.conf import settings

from events.domain import Actor, Change, Event, EventChanges, EventFields
from events.months import Month
from events.pages.today import today
from events.storage.history import history_item
from events.storage.models import EventItem, HistoryItem
from eventsite.engine.process import Engine
from tests.costs.counting import Cost, Meter

FEW = 120
_STATUSES = ("active", "active", "active", "draft", "active", "cancelled")
_ACTOR = Actor("tester", "192.0.2.7")
_AT_ONCE = 25  # DynamoDB's limit
_WRITERS = 4


def month_shown() -> Month:
    """A month that begins after the next thirty days."""
    following = Month.of(today() + timedelta(31)).next
    assert following
    return following


def event_fields(number: int) -> EventFields:
    """The fields of an event. One in thirty is about jazz; eight are postponed, all among the first 120."""
    return {
        "eventId": f"event-{number:06}",
        "title": f"{'Jazz' if number % 30 == 29 else 'Talk'} in the library, part {number:06}",
        "description": f"{'Doors open half an hour before. ' * 6}{number:06}",
        "date": _day(number).isoformat(),
        "location": f"Training room {number % 10}",
        "capacity": 100 + number % 900,
        "organizer": f"Adult education {number % 10}",
        "status": _status(number),
    }


def _status(number: int) -> str:
    if number < FEW and number % 17 == 0:
        return "postponed"
    return _STATUSES[number % 6]


def _day(number: int) -> date:
    if number < 20:
        return today() + timedelta(number)
    if number < 50:
        return month_shown().first + timedelta(number % 28)
    if number < FEW:
        return month_shown().last + timedelta(1 + number % 28)
    years = 2 + number % 8
    return today() + timedelta(years * 365 + number % 300) * (1 if number % 2 else -1)


def fill(engine_port: int, first: int, last: int) -> None:
    """Writes the events with these numbers to the tables, each with its history row."""
    batches = list(_batches(first, last))
    with ThreadPoolExecutor(_WRITERS) as writers:
        for written in [writers.submit(_put, engine_port, batches[start::_WRITERS]) for start in range(_WRITERS)]:
            written.result()


def fill_history(engine_port: int, event: Event, edits: Iterable[EventChanges]) -> list[Event]:
    """Stores an event with a history of this many edits. Returns every version."""
    versions, changes = [event], [Change.create(event, _ACTOR)]
    for edit in edits:
        changes.append(Change.update(versions[-1], versions[-1].changed(edit, _ACTOR), _ACTOR))
        versions.append(changes[-1].after or event)
    rows = [history_item(change).serialize() for change in changes]
    batches = [rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE)]
    _put(engine_port, [_request(HistoryItem.Meta.table_name, batch) for batch in batches])
    _put(engine_port, [_request(EventItem.Meta.table_name, [EventItem.from_event(versions[-1]).serialize()])])
    return versions


def _batches(first: int, last: int) -> Iterator[bytes]:
    for start in range(first, last, _AT_ONCE):
        events = [Event.new(event_fields(number), _ACTOR) for number in range(start, min(start + _AT_ONCE, last))]
        rows = [history_item(Change.create(event, _ACTOR)).serialize() for event in events]
        yield _request(EventItem.Meta.table_name, [EventItem.from_event(event).serialize() for event in events])
        yield _request(HistoryItem.Meta.table_name, rows)


def _request(table: str, items: list[dict[str, Any]]) -> bytes:
    return orjson.dumps({"RequestItems": {table: [{"PutRequest": {"Item": item}} for item in items]}}, default=_base64)


def _base64(value: bytes) -> str:
    return b64encode(value).decode()


def _put(engine_port: int, batches: list[bytes]) -> None:
    """Calls the engine without botocore and without a valid signature, which the engine does not check."""
    engine = http.client.HTTPConnection("127.0.0.1", engine_port, timeout=60)
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "DynamoDB_20120810.BatchWriteItem",
        "Authorization": f"AWS4-HMAC-SHA256 Credential=local/20260101/{settings.AWS_REGION}/dynamodb/aws4_request, "
        "SignedHeaders=host, Signature=none",
    }
    for batch in batches:
        engine.request("POST", "/", batch, headers)
        answer = engine.getresponse()
        content = answer.read()
        assert (answer.status, orjson.loads(content)["UnprocessedItems"]) == (200, {}), content
    engine.close()


@dataclass
class Desk:
    """An engine with `size` events, and a meter for the calls of the site."""

    engine: Engine
    meter: Meter
    size: int = 0

    def grow(self, size: int) -> None:
        fill(self.engine.port, self.size, size)
        self.size = size

    def measured(self) -> AbstractContextManager[Cost]:
        return self.meter.measured()
