"""Test data. Everything is valid, except for what a test overrides."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import timedelta
from itertools import count as counter
from typing import Any, cast

from django.utils import timezone

from events import services
from events.domain import Actor, Change, Event, EventFields
from events.fields import FIELDS
from events.storage.cached_queries import forget_cached
from events.storage.connection import connection
from events.storage.history import history_item
from events.storage.models import EventItem, HistoryItem
from eventsite.accounts import feeds, people
from eventsite.accounts.domain import Role
from eventsite.accounts.models import Staff

ACTOR = Actor("tester", "192.0.2.7")
PASSWORD = "correct horse battery"
_numbers = counter()


def make_body(**overrides: Any) -> dict[str, Any]:
    """A valid body of `POST /events`. The value ... removes a field."""
    body = {**{field.name: field.example for field in FIELDS if field.name != "eventId"}, **overrides}
    return {name: value for name, value in body.items() if value is not ...}


def make_fields(**overrides: Any) -> EventFields:
    """The fields of a valid event, for the services."""
    return cast(EventFields, make_body(**{"eventId": "launch", **overrides}))


def day(from_today: int) -> str:
    """A date, counted from today where the desk is."""
    return (timezone.localdate() + timedelta(from_today)).isoformat()


def store(event_id: str = "launch", actor: Actor = ACTOR, **overrides: Any) -> Event:
    """A stored event."""
    return services.create_event(make_fields(**{"eventId": event_id, **overrides}), actor)


def store_titled(name: str, date: str | int = 1, actor: Actor = ACTOR, **overrides: Any) -> Event:
    """A stored event with this ID and title. `date` is a date or a number of days from today."""
    return services.create_event(titled_fields(name, date, **overrides), actor)


def titled_fields(name: str, date: str | int = 1, **overrides: Any) -> EventFields:
    """The fields that `store_titled` stores."""
    date = day(date) if isinstance(date, int) else date
    return make_fields(**{"eventId": name.replace("/", "-"), "title": name, "date": date, **overrides})


def store_on(date: str, **overrides: Any) -> Event:
    """A stored event on this date. Its ID comes after the IDs of those stored before it."""
    return store(f"e{next(_numbers):06}", date=date, **overrides)


def store_many(count: int, prefix: str = "e", **overrides: Any) -> list[str]:
    """Stores events with the IDs e000, e001 and so on. Returns the IDs."""
    ids = [f"{prefix}{number:03}" for number in range(count)]
    store_all(make_fields(**{"eventId": event_id, **overrides}) for event_id in ids)
    return ids


def store_all(events: Iterable[EventFields], actor: Actor = ACTOR) -> list[Event]:
    """Stored events, each with the history row of its create: in batches, with a tenth of the work of `store`."""
    stored = [Event.new(fields, actor) for fields in events]
    for start in range(0, len(stored), 25):  # DynamoDB's limit
        batch = stored[start : start + 25]
        for table, items in (
            (EventItem, [EventItem.from_event(event) for event in batch]),
            (HistoryItem, [history_item(Change.create(event, actor)) for event in batch]),
        ):
            puts = [item.serialize() for item in items]
            response = connection().batch_write_item(table.Meta.table_name, put_items=puts)
            assert not response["UnprocessedItems"]
    forget_cached()
    return stored


def astral_text(seed: int, length: int) -> str:
    """Random characters of four bytes each. Such text hardly compresses."""
    chance = random.Random(seed)
    return "".join(map(chr, chance.choices(range(0x10000, 0x110000), k=length)))


def make_staff(
    username: str = "anna", role: str = "editor", password: str = PASSWORD, must_change_password: bool = False
) -> Staff:
    """A stored account."""
    return people.create_staff(username, Role(role), password, ACTOR, must_change_password)


def make_feed(staff: Staff) -> str:
    """A new address of the calendar feed of an account."""
    return f"/staff/feed/{feeds.renew_feed(people.get_staff(staff.username))}.ics"
