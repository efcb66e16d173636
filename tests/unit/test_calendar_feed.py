"""The calendar feed: what calendar programs are told, for whatever an event says."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from icalendar import Calendar

from events import calendar_feed, services
from events.calendar_feed import calendar, feed_events
from events.domain import Event, EventFields
from tests.builders import ACTOR, make_fields
from tests.strategies import event_ids, field_values

relaxed = hypothesis_settings(deadline=None)  # files take long on a busy machine


def make_event(**overrides: Any) -> Event:
    return Event(make_fields(**overrides), "r", "2026-01-01T00:00:00.000000Z", "2026-02-03T04:05:06.789000Z", "tester")


def address_of(event_id: str) -> str:
    return f"https://desk.example/staff/event/{len(event_id)}/"


def entry(event: Event) -> Any:
    """The event as a calendar program reads it."""
    [read] = Calendar.from_ical(calendar([event], False, address_of)).walk("VEVENT")
    return read


def test_an_event_is_a_whole_day() -> None:
    assert calendar([make_event()], False, address_of).decode().split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Events//Calendar feed//EN",
        "X-WR-CALNAME:Events",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
        "BEGIN:VEVENT",
        "SUMMARY:Launch night",
        "DTSTART;VALUE=DATE:20261201",
        "DTEND;VALUE=DATE:20261202",
        "DTSTAMP:20260203T040506Z",
        "UID:launch@events",
        "DESCRIPTION:Doors at seven.\\n\\nOrganizer: Events team\\nCapacity: 250\\nStat",
        " us: active",
        "LAST-MODIFIED:20260203T040506Z",
        "LOCATION:Main hall",
        "STATUS:CONFIRMED",
        "TRANSP:TRANSPARENT",
        "URL:https://desk.example/staff/event/6/",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def test_a_feed_that_is_cut_says_so() -> None:
    feed = Calendar.from_ical(calendar([], True, address_of))
    assert feed["X-WR-CALDESC"] == "Only the next 2,000 events; there are more."


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("active", "CONFIRMED"),
        ("sold out", "CONFIRMED"),
        ("Cancelled", "CANCELLED"),
        ("canceled", "CANCELLED"),
        ("draft", "TENTATIVE"),
        (" POSTPONED ", "TENTATIVE"),
    ],
)
def test_the_status_is_told_in_the_formats_words_too(status: str, told: str) -> None:
    read = entry(make_event(status=status))
    assert read["STATUS"] == told
    assert f"Status: {status}" in read["DESCRIPTION"]


@pytest.mark.parametrize("description", ["", " \n "])
def test_without_a_description_there_are_the_facts(description: str) -> None:
    read = entry(make_event(description=description))
    assert read["DESCRIPTION"] == "Organizer: Events team\nCapacity: 250\nStatus: active"


def test_the_last_day_there_is_has_no_next_one() -> None:
    read = entry(make_event(date="9999-12-31"))
    assert read["DTSTART"].dt == date(9999, 12, 31)
    assert "DTEND" not in read


@relaxed
@given(st.fixed_dictionaries({"eventId": event_ids, **field_values}))
def test_whatever_an_event_says_is_read_back(fields: dict[str, Any]) -> None:
    event = Event(cast(EventFields, fields), "r", "", "2026-02-03T04:05:06.789000Z", "tester")
    content = calendar([event], False, address_of)
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")
    read = entry(event)
    assert (read["SUMMARY"], read["LOCATION"]) == (fields["title"], fields["location"])
    assert read["DTSTART"].dt.isoformat() == fields["date"]
    assert fields["description"].strip() in read["DESCRIPTION"]


@relaxed
@given(event_ids, event_ids)
def test_every_event_has_an_id_of_its_own(one: str, other: str) -> None:
    ids = [str(entry(make_event(eventId=event_id))["UID"]) for event_id in (one, other)]
    assert (ids[0] == ids[1]) == (one == other)
    assert all(text.isascii() and text.isprintable() and " " not in text for text in ids)


def test_the_feed_begins_a_month_ago_and_has_no_end() -> None:
    today = date(2026, 12, 1)
    for days in (-32, -31, 0, 900):
        services.create_event(make_fields(eventId=f"{days}", date=(today + timedelta(days)).isoformat()), ACTOR)
    events, cut = feed_events(today)
    assert [event.fields["eventId"] for event in events] == ["-31", "0", "900"]
    assert events[0] == services.get_event("-31")
    assert not cut


def test_the_feed_ends_after_so_many_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar_feed, "MAX_EVENTS", 2)
    for number in range(3):
        services.create_event(make_fields(eventId=f"{number}"), ACTOR)
    events, cut = feed_events(date(2026, 12, 1))
    assert [event.fields["eventId"] for event in events] == ["0", "1"]
    assert cut


def test_the_feed_can_be_had_on_the_first_days_there_are() -> None:
    assert feed_events(date(1, 1, 5)) == ([], False)
