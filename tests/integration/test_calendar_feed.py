"""The content of the calendar feed, for any event."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from icalendar import Calendar

from events import calendar_feed, services
from events.calendar_feed import calendar, feed_events, feed_state
from events.domain import Event, EventFields
from events.storage.events import installation_id
from eventsite.lambda_handler import MAX_RESPONSE_BYTES
from tests.support.builders import ACTOR, make_fields
from tests.support.strategies import event_ids, field_values
from tests.support.tables import empty_tables

TODAY = date(2026, 12, 1)
relaxed = hypothesis_settings(deadline=None)  # slow on a busy machine


def make_event(**overrides: Any) -> Event:
    return Event(make_fields(**overrides), "r", "2026-01-01T00:00:00.000000Z", "2026-02-03T04:05:06.789000Z", "tester")


def address_of(event_id: str) -> str:
    return f"https://desk.example/staff/event/{len(event_id)}/"


def entry(event: Event) -> Any:
    """The event, read like a calendar program does."""
    [read] = Calendar.from_ical(calendar([event], address_of)).walk("VEVENT")
    return read


def folded(line: str) -> list[str]:
    """An ASCII line, folded as iCalendar requires."""
    return [line[:75], f" {line[75:]}"] if len(line) > 75 else [line]


def test_an_event_is_a_whole_day() -> None:
    assert calendar([make_event()], address_of).decode().split("\r\n") == [
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
        *folded(f"UID:launch@{installation_id()}"),
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


@pytest.mark.parametrize(("more", "cut"), [(0, False), (1, True)])
def test_a_cut_feed_says_so(more: int, cut: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar_feed, "MAX_EVENTS", 3)
    feed = Calendar.from_ical(calendar([make_event()] * (3 + more), address_of))
    assert len(feed.walk("VEVENT")) == 3
    told = "This feed shows only 3 events. There are more."
    assert feed.get("X-WR-CALDESC") == (told if cut else None)


@pytest.mark.parametrize(("spare", "held"), [(0, 3), (-1, 2)])
def test_a_feed_is_cut_before_it_is_too_long(spare: int, held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    length = len(calendar([make_event()], address_of)) - len(calendar([], address_of))
    monkeypatch.setattr(calendar_feed, "MAX_BYTES", 3 * length + spare)
    taken = iter([make_event()] * 10)
    feed = Calendar.from_ical(calendar(taken, address_of))
    assert len(feed.walk("VEVENT")) == held
    assert feed["X-WR-CALDESC"] == f"This feed shows only {held} events. There are more."
    assert len(list(taken)) == 10 - held - 1  # no more were read


def test_the_longest_feed_fits_into_what_lambda_sends() -> None:
    for text in ("é\\n", '"\\', "🎪", "x"):
        event = make_event(description=text * (65_000 // len(text)))
        content = calendar([event] * 100, address_of)
        assert len(content) < 2_000_300
        assert len(json.dumps(content.decode())) < MAX_RESPONSE_BYTES - 20_000


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
def test_the_status_is_also_a_status_of_icalendar(status: str, told: str) -> None:
    read = entry(make_event(status=status))
    assert read["STATUS"] == told
    assert read["SUMMARY"] == ("Cancelled: Launch night" if told == "CANCELLED" else "Launch night")
    assert f"Status: {status}" in read["DESCRIPTION"]


@pytest.mark.parametrize("description", ["", " \n "])
def test_without_a_description_the_feed_has_the_other_fields(description: str) -> None:
    read = entry(make_event(description=description))
    assert read["DESCRIPTION"] == "Organizer: Events team\nCapacity: 250\nStatus: active"


def test_an_event_on_the_last_possible_day() -> None:
    read = entry(make_event(date="9999-12-31"))
    assert read["DTSTART"].dt == date(9999, 12, 31)
    assert "DTEND" not in read


@relaxed
@given(st.fixed_dictionaries({"eventId": event_ids, **field_values}))
def test_any_event_survives_writing_and_reading(fields: dict[str, Any]) -> None:
    event = Event(cast(EventFields, fields), "r", "", "2026-02-03T04:05:06.789000Z", "tester")
    content = calendar([event], address_of)
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")
    read = entry(event)
    assert read["SUMMARY"].removeprefix("Cancelled: ") == fields["title"].removeprefix("Cancelled: ")
    assert read["LOCATION"] == fields["location"]
    assert read["DTSTART"].dt.isoformat() == fields["date"]
    assert fields["description"].strip() in read["DESCRIPTION"]


@relaxed
@given(event_ids, event_ids)
def test_every_event_has_a_unique_uid(one: str, other: str) -> None:
    ids = [str(entry(make_event(eventId=event_id))["UID"]) for event_id in (one, other)]
    assert (ids[0] == ids[1]) == (one == other)
    assert all(text.isascii() and text.isprintable() and " " not in text for text in ids)


def test_an_event_has_the_same_uid_in_every_process_of_an_installation() -> None:
    uid = entry(make_event())["UID"]
    installation_id.cache_clear()  # as in another process
    assert entry(make_event(title="Lunch", date="2027-01-01"))["UID"] == uid


def test_an_event_has_another_uid_in_another_installation() -> None:
    uid = entry(make_event())["UID"]
    empty_tables()
    assert entry(make_event())["UID"] != uid


def test_concurrent_processes_agree_on_the_installation_id() -> None:
    empty_tables()
    with ThreadPoolExecutor(8) as processes:
        ids = set(processes.map(lambda _: installation_id.__wrapped__(), range(8)))
    assert len(ids) == 1


def test_the_feed_begins_a_month_ago_and_has_no_end() -> None:
    store_days(-32, -31, 0, 900)
    events = list(feed_events(TODAY))
    assert [event.fields["eventId"] for event in events] == ["0", "900", "-31"]
    assert events[-1] == services.get_event("-31")


@pytest.mark.parametrize(
    ("days_back", "found"), [(0, ["0", "1"]), (7, ["0", "1", "-7"]), (366, ["0", "1", "-7", "-8", "-366"])]
)
def test_a_person_chooses_how_far_back_the_feed_reaches(days_back: int, found: list[str]) -> None:
    store_days(-367, -366, -8, -7, 0, 1)
    assert [event.fields["eventId"] for event in feed_events(TODAY, days_back)] == found


def test_a_long_past_displaces_no_future_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar_feed, "MAX_EVENTS", 3)
    store_days(-4, -3, -2, -1, 0, 1)
    assert held(366) == ["0", "1", "-1"]
    assert held(366, "draft") == ["0", "1", "-1"]


def test_hidden_statuses_are_left_out_but_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar_feed, "MAX_EVENTS", 4)
    store_days(0, 2)
    store_days(1, 3, 4, status="draft")
    assert held(31, "draft") == ["0", "2"]
    assert held(31, "active") == ["1", "3"]  # the fifth was not read
    assert held(31) == ["0", "1", "2", "3"]


def test_an_event_that_moves_to_the_past_meanwhile_is_there_once() -> None:
    store_days(0, 1)
    events = feed_events(TODAY)
    next(events)
    services.update_event("0", {"date": "2026-11-30"}, ACTOR)
    assert [event.fields["eventId"] for event in events] == ["1"]


def store_days(*days: int, status: str = "active") -> None:
    for days_on in days:
        date_of_it = (TODAY + timedelta(days_on)).isoformat()
        services.create_event(make_fields(eventId=f"{days_on}", date=date_of_it, status=status), ACTOR)


def held(days_back: int, *hidden: str) -> list[str]:
    """The IDs in a feed."""
    feed = Calendar.from_ical(calendar(feed_events(TODAY, days_back), address_of, hidden))
    return [str(entry["UID"]).partition("@")[0] for entry in feed.walk("VEVENT")]


def test_the_feed_has_a_maximum_number_of_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar_feed, "MAX_EVENTS", 2)
    for number in range(4):
        services.create_event(make_fields(eventId=f"{number}"), ACTOR)
    feed = Calendar.from_ical(calendar(feed_events(date(2026, 12, 1)), address_of))
    assert [str(entry["UID"]).partition("@")[0] for entry in feed.walk("VEVENT")] == ["0", "1"]
    assert "X-WR-CALDESC" in feed
    services.delete_event("2", ACTOR)
    services.delete_event("3", ACTOR)
    feed = Calendar.from_ical(calendar(feed_events(date(2026, 12, 1)), address_of))
    assert [str(entry["UID"]).partition("@")[0] for entry in feed.walk("VEVENT")] == ["0", "1"]
    assert "X-WR-CALDESC" not in feed


def test_the_feed_works_on_the_first_possible_days() -> None:
    assert list(feed_events(date(1, 1, 5))) == []


def test_the_state_of_the_feed_changes_with_every_change_and_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.storage.changes.seconds_to_wait", lambda: 0)
    day = date(2026, 12, 1)
    states = [feed_state(day)]
    for change in (
        lambda: services.create_event(make_fields(), ACTOR),
        lambda: services.update_event("launch", {"description": "Doors at eight."}, ACTOR),
        lambda: services.delete_event("launch", ACTOR),
    ):
        change()
        assert feed_state(day) == feed_state(day)
        states.append(feed_state(day))
    states.append(feed_state(day + timedelta(1)))
    assert None not in states
    assert len(set(states)) == 5


def test_the_state_of_the_feed_is_unknown_right_after_a_change() -> None:
    """A change with an earlier timestamp than the latest may become visible later, and would not change the state."""
    services.create_event(make_fields(), ACTOR)
    assert feed_state(date(2026, 12, 1)) is None
