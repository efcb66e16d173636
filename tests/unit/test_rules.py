"""The rules of every field at, below and above their limits; how events become items and back."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from events import cursors
from events.api.schemas import CreateEvent, ListQuery, UpdateEvent
from events.domain import Event, sort_key
from events.rules import RULES, allows
from events.storage.items import read_event, read_fields, read_summary
from events.storage.models import EventItem, SnapshotAttribute
from tests.support.builders import ACTOR, make_body, make_fields
from tests.support.strategies import dates, event_ids

SHORT_TEXTS = ["title", "location", "organizer", "status"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            (field, value)
            for field in SHORT_TEXTS
            for value in ("x", " x ", "x" * 1024, "é" * 512, "🎪" * 256, "\u200b")
        ),
        ("eventId", "x" * 512),
        ("eventId", "é" * 256),
        ("eventId", "..."),
        ("eventId", "a?b#c%2F+ é"),
        ("description", ""),
        ("description", " \n\t "),
        ("description", "🎪" * 65_536),
        ("date", "0001-01-01"),
        ("date", "9999-12-31"),
        ("date", "2028-02-29"),
        ("capacity", 0),
        ("capacity", 10**15),
    ],
)
def test_rules_return_valid_values_as_they_are(field: str, value: Any) -> None:
    assert RULES[field](value) is value


CONTROL = "has a control character (U+{})"
TOO_LONG = "must be at most 1,024 bytes long in UTF-8"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        *((field, "", "must not be empty") for field in [*SHORT_TEXTS, "eventId"]),
        *((field, " \u2003\u00a0", "must not be empty") for field in [*SHORT_TEXTS, "eventId"]),
        *((field, "x" * 1025, TOO_LONG) for field in SHORT_TEXTS),
        *((field, "é" * 513, TOO_LONG) for field in SHORT_TEXTS),
        *((field, 5, "must be text") for field in [*SHORT_TEXTS, "eventId", "description"]),
        *((field, None, "must be text") for field in [*SHORT_TEXTS, "eventId", "description"]),
        *((field, "a\nb", CONTROL.format("000A")) for field in [*SHORT_TEXTS, "eventId"]),
        *((field, "a\x00", CONTROL.format("0000")) for field in [*SHORT_TEXTS, "eventId", "description"]),
        *((field, "\x85", CONTROL.format("0085")) for field in [*SHORT_TEXTS, "eventId", "description"]),
        *(
            (field, "\ud800", "has half a surrogate pair (U+D800)")
            for field in [*SHORT_TEXTS, "eventId", "description"]
        ),
        ("description", "a\r\nb", CONTROL.format("000D")),
        ("description", "x" * 65_537, "must be at most 65,536 characters long"),
        ("eventId", "x" * 513, "must be at most 512 bytes long in UTF-8"),
        ("eventId", "a/b", "must fit into an address: no '/', and not '.' or '..'"),
        ("eventId", ".", "must fit into an address: no '/', and not '.' or '..'"),
        ("eventId", "..", "must fit into an address: no '/', and not '.' or '..'"),
        ("date", "2026-02-30", "must be a day that exists"),
        ("date", "0000-01-01", "must be a day that exists"),
        ("date", "20261201", "must be a date as YYYY-MM-DD"),
        ("date", "2026-12-01T00:00:00", "must be a date as YYYY-MM-DD"),
        ("date", "\u0662\u0660\u0662\u0666-12-01", "must be a date as YYYY-MM-DD"),
        ("date", "2026-12-01\n", "must be a date as YYYY-MM-DD"),
        ("date", 20261201, "must be text, a date as YYYY-MM-DD"),
        ("capacity", -1, "must not be negative"),
        ("capacity", 10**15 + 1, "must be at most 1,000,000,000,000,000"),
        *(("capacity", value, "must be a whole number") for value in ("5", 5.0, True, False, None, [5])),
    ],
)
def test_rules_say_what_is_wrong(field: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011  # the message is compared below
        RULES[field](value)
    assert str(raised.value) == message
    assert not allows(field, value)


def test_a_create_may_have_no_id_or_null() -> None:
    assert CreateEvent(**make_body()).eventId is None
    assert CreateEvent(**make_body(eventId=None)).eventId is None
    assert CreateEvent(**make_body(eventId="x")).eventId == "x"


def test_an_update_takes_no_null_and_no_unknown_field() -> None:
    with pytest.raises(ValidationError) as raised:
        UpdateEvent.model_validate({"title": None, "colour": "red", "eventId": "x"})
    assert [error["loc"] for error in raised.value.errors()] == [("eventId",), ("title",), ("colour",)]
    assert UpdateEvent().model_dump(exclude_unset=True) == {}


@pytest.mark.parametrize("limit", ["1", "1000", 7])
def test_limits_that_are_taken(limit: Any) -> None:
    assert ListQuery(limit=limit).limit == int(limit)


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "", "1.0", " 1", "٣", "1" * 5000, "1_0", 0])
def test_limits_that_are_refused(limit: Any) -> None:
    with pytest.raises(ValidationError, match="must be a whole number from 1 to 1,000"):
        ListQuery(limit=limit)


@given(day=dates, event_id=event_ids)
def test_a_cursor_holds_a_sort_key(day: str, event_id: str) -> None:
    cursor = cursors.encode(sort_key(day, event_id))
    assert cursor.isascii()
    assert cursors.decode(cursor) == sort_key(day, event_id)


@pytest.mark.parametrize(
    "cursor",
    [
        *("", "x", "!", "é", "AAAA", "\ud800", cursors.encode("2026-12-01#x") + "="),
        *map(cursors.encode, ("2026-12-01", "2026-13-01#x", "2026-12-01#", "2026-12-01#a/b")),
    ],
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(ValueError, match="must be one that a page of this list gave"):
        cursors.decode(cursor)


@given(st.text(max_size=40))
def test_cursors_are_read_without_surprises(text: str) -> None:
    try:
        sort_key = cursors.decode(text)
    except ValueError:
        return
    assert cursors.encode(sort_key) == text


def test_an_event_becomes_an_item_and_an_event_again() -> None:
    event = Event.new(make_fields(title="ÄRGER", location="Straße", organizer="ÍO"), ACTOR)
    item = EventItem.from_event(event).serialize()
    assert read_event(item) == event
    assert read_fields(item) == event.fields
    assert item["dateAndId"] == {"S": "2026-12-01#launch"}
    assert item["searchText"] == {"S": "ärger\nstrasse\nío"}


@pytest.mark.parametrize(
    ("stored", "read"), [(10**16 - 1, 10**16 - 1), (10**16, 0), (1 - 10**16, 1 - 10**16), (-(10**16), 0)]
)
def test_a_capacity_that_another_program_stored_is_read_up_to_a_limit(stored: int, read: int) -> None:
    item = {**EventItem.from_event(Event.new(make_fields(), ACTOR)).serialize(), "capacity": {"N": str(stored)}}
    assert read_fields(item)["capacity"] == read_summary(item)["capacity"] == read


def test_a_cursor_holds_the_longest_id() -> None:
    key = sort_key("2026-12-01", "é" * 256)
    assert cursors.decode(cursors.encode(key)) == key
    with pytest.raises(ValueError, match="must be one that a page of this list gave"):
        cursors.decode(cursors.encode(sort_key("2026-12-01", "x" * 513)))


def test_a_change_gets_a_later_time_even_if_the_clock_is_behind() -> None:
    event = Event(make_fields(), "r1", "2999-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z", "x")
    changed = event.changed({"capacity": 1}, ACTOR)
    assert changed.updated_at == "2999-01-01T00:00:00.000001Z"
    assert (changed.created_at, changed.updated_by) == (event.created_at, "tester")
    assert changed.fields == {**event.fields, "capacity": 1}
    assert changed.revision != event.revision


@pytest.mark.parametrize("description", ["", "short", "x" * 16_383, "x" * 16_384, "é" * 65_536, "🎪" * 65_536])
def test_a_snapshot_keeps_every_description(description: str) -> None:
    attribute = SnapshotAttribute()
    fields = {"description": description, "capacity": 5}
    stored = attribute.serialize(fields)
    kind, value = next(iter(stored["description"].items()))
    assert kind == ("B" if len(description.encode()) >= 16_384 else "S")
    if kind == "B":  # DynamoDB sends bytes back as base64
        stored["description"] = {"B": b64encode(value).decode()}
    assert attribute.deserialize(stored) == fields
