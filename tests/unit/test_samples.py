"""Generated sample events."""

from __future__ import annotations

from events.fields import RULES
from events.samples import generated_events


def test_generated_events_are_valid_and_repeatable() -> None:
    events = list(generated_events(200))
    for event in events:
        for name, value in event.items():
            if name != "eventId":
                assert RULES[name](value) == value
    assert list(generated_events(200)) == events
    assert len({event["status"] for event in events}) == 5
