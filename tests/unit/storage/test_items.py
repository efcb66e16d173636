"""Events are converted to items and back."""

from __future__ import annotations

import pytest

from events.domain import Event
from events.storage.items import read_event, read_fields, read_summary
from events.storage.models import EventItem
from tests.support.builders import ACTOR, make_fields


def test_an_event_becomes_an_item_and_an_event_again() -> None:
    event = Event.new(make_fields(title="ÄRGER", location="Straße", organizer="ÍO"), ACTOR)
    item = EventItem.from_event(event).serialize()
    assert read_event(item) == event
    assert read_fields(item) == event.fields
    assert item["dateAndId"] == {"S": "2026-12-01#launch"}
    assert item["searchText"] == {"S": "arger\nstrasse\nio"}


@pytest.mark.parametrize(
    ("stored", "read"), [(10**16 - 1, 10**16 - 1), (10**16, 0), (1 - 10**16, 1 - 10**16), (-(10**16), 0)]
)
def test_capacities_that_another_program_stored_are_read_up_to_a_limit(stored: int, read: int) -> None:
    item = {**EventItem.from_event(Event.new(make_fields(), ACTOR)).serialize(), "capacity": {"N": str(stored)}}
    assert read_fields(item)["capacity"] == read_summary(item)["capacity"] == read
