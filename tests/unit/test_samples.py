"""Generated sample events."""

from __future__ import annotations

from events.rules import RULES
from events.samples import made_up_events


def test_made_up_events_keep_the_rules_and_can_be_had_again() -> None:
    events = list(made_up_events(200))
    for event in events:
        for name, value in event.items():
            if name != "eventId":
                assert RULES[name](value) == value
    assert list(made_up_events(200)) == events
    assert len({event["status"] for event in events}) == 5
