"""Events and their changes."""

from __future__ import annotations

from events.domain import Event
from tests.support.builders import ACTOR, make_fields


def test_a_change_gets_a_later_timestamp_even_if_the_clock_is_behind() -> None:
    event = Event(make_fields(), "r1", "2999-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z", "x")
    changed = event.changed({"capacity": 1}, ACTOR)
    assert changed.updated_at == "2999-01-01T00:00:00.000001Z"
    assert (changed.created_at, changed.updated_by) == (event.created_at, "tester")
    assert changed.fields == {**event.fields, "capacity": 1}
    assert changed.revision != event.revision
