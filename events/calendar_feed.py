"""The calendar feed: events as iCalendar (RFC 5545), for the calendar programs that staff subscribe with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import quote

from events import services
from events.domain import Event, EventRange, Search

if TYPE_CHECKING:
    from icalendar import Event as Entry

DAYS_BACK = 31
MAX_EVENTS = 2_000
REFRESH = timedelta(hours=1)

_UNCERTAIN = frozenset({"draft", "postponed", "tentative", "planned"})
_CANCELLED = frozenset({"cancelled", "canceled"})


def feed_events(today: date) -> tuple[list[Event], bool]:
    """The events from a month ago on, in order of date, and whether there are more than the feed holds.

    Raises StorageError.
    """
    first = date.fromordinal(max(today.toordinal() - DAYS_BACK, 1))
    most = MAX_EVENTS + 1
    events = list(islice(services.read_events(Search(EventRange(first_date=first.isoformat())), most), most))
    return events[:MAX_EVENTS], len(events) > MAX_EVENTS


def calendar(events: Iterable[Event], cut: bool, address_of: Callable[[str], str]) -> bytes:
    """The same bytes for the same events; `address_of` gives an event's page by its id."""
    from icalendar import Calendar  # noqa: PLC0415  # slow to load, and needed here only

    feed = Calendar()
    feed.add("version", "2.0")
    feed.add("prodid", "-//Events//Calendar feed//EN")
    feed.add("x-wr-calname", "Events")
    if cut:
        feed.add("x-wr-caldesc", f"Only the next {MAX_EVENTS:,} events; there are more.")
    feed.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    feed.add("x-published-ttl", "PT1H")  # the same for older programs
    for event in events:
        feed.add_component(_entry(event, address_of(event.fields["eventId"])))
    content: bytes = feed.to_ical()
    return content


def _entry(event: Event, address: str) -> Entry:
    from icalendar import Event as Entry  # noqa: PLC0415

    fields = event.fields
    day = date.fromisoformat(fields["date"])
    changed = datetime.fromisoformat(event.updated_at).replace(microsecond=0)
    entry = Entry()
    entry.add("uid", f"{quote(fields['eventId'], safe='')}@events")
    entry.add("dtstamp", changed)
    entry.add("last-modified", changed)
    entry.add("dtstart", day)
    if day < date.max:
        entry.add("dtend", day + timedelta(days=1))
    entry.add("summary", fields["title"])
    entry.add("location", fields["location"])
    entry.add("description", _description(event))
    entry.add("status", _status(fields["status"]))
    entry.add("transp", "TRANSPARENT")  # the desk's events do not make its staff busy
    entry.add("url", address)
    return entry


def _description(event: Event) -> str:
    fields = event.fields
    facts = f"Organizer: {fields['organizer']}\nCapacity: {fields['capacity']:,}\nStatus: {fields['status']}"
    return f"{fields['description']}\n\n{facts}" if fields["description"].strip() else facts


def _status(status: str) -> str:
    word = status.strip().casefold()
    return "CANCELLED" if word in _CANCELLED else "TENTATIVE" if word in _UNCERTAIN else "CONFIRMED"
