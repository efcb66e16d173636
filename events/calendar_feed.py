"""The calendar feed: events as iCalendar (RFC 5545), for the calendar programs that staff subscribe with."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from events import services
from events.domain import Event, EventRange, Search
from events.fields import LABELS
from events.storage.changes import end_of_changes
from events.storage.events import installation_id
from events.storage.history import get_activity

if TYPE_CHECKING:
    from icalendar import Event as Entry

DAYS_BACK = (0, 7, 31, 92, 366, 1827)  # what people can choose
DEFAULT_DAYS_BACK = 31
MAX_EVENTS = 2_000
# Lambda sends at most 6 MiB of JSON, which takes at most three bytes for one of UTF-8.
MAX_BYTES = 2_000_000
REFRESH = timedelta(hours=1)
PREFERENCE = "feed"

_UNCERTAIN = frozenset({"draft", "postponed", "tentative", "planned"})
_CANCELLED = frozenset({"cancelled", "canceled"})


def feed_state(today: date) -> str | None:
    """A text that changes whenever the feed does: today's date, which moves the first day, and the latest change.

    None if that change is recent: one with an earlier time may still become visible. Events that another program
    wrote have no row in the history, so the feed shows them from the next day on. Raises StorageError.
    """
    latest = get_activity(1)
    if latest and latest[0].at > end_of_changes():
        return None
    return " ".join([today.isoformat(), *(row.key for row in latest)])


class FeedChoice(NamedTuple):
    """What a person wants in the feed: how many past days, and which statuses to leave out."""

    days_back: int = DEFAULT_DAYS_BACK
    hidden: frozenset[str] = frozenset()

    @classmethod
    def read(cls, preferences: dict[str, Any]) -> FeedChoice:
        """The stored choice, or the default."""
        stored = preferences.get(PREFERENCE, {})
        return cls(stored.get("days", DEFAULT_DAYS_BACK), frozenset(stored.get("hidden", ())))

    @property
    def stored(self) -> dict[str, Any]:
        """The choice as JSON. The same choice gives the same text."""
        return {"days": self.days_back, "hidden": sorted(self.hidden)}


def feed_events(today: date, days_back: int = DEFAULT_DAYS_BACK) -> Iterator[Event]:
    """The events from today on in order of date, then the past ones from the latest back, read on demand.

    At most one more than a feed may contain, so that a long past displaces no future event. Raises StorageError.
    """
    first = date.fromordinal(max(today.toordinal() - days_back, 1))
    most = MAX_EVENTS + 1
    return islice(_unique(_from(today, first, most)), most)


def _from(today: date, first: date, page: int) -> Iterator[Event]:
    yield from services.read_events(Search(EventRange(first_date=today.isoformat())), page)
    if first < today:
        past = EventRange(first_date=first.isoformat(), last_date=(today - timedelta(days=1)).isoformat())
        yield from services.read_events(Search(past, latest_first=True), page)


def _unique(events: Iterable[Event]) -> Iterator[Event]:
    """Each event once, also if it moves from the future to the past between two reads."""
    seen: set[str] = set()
    for event in events:
        if event.fields["eventId"] not in seen:
            seen.add(event.fields["eventId"])
            yield event


def calendar(events: Iterable[Event], address_of: Callable[[str], str], hidden: Container[str] = frozenset()) -> bytes:
    """The feed with as many events as it may contain; the same events give the same bytes.

    `address_of` returns the address of an event's page, given its ID. Events with a hidden status are left out, but
    count, so that the cost of a feed is limited. Raises StorageError.
    """
    entries: list[bytes] = []
    size, cut = 0, False
    for number, event in enumerate(events):
        if cut := number == MAX_EVENTS:
            break
        if event.fields["status"] in hidden:
            continue
        entry: bytes = _entry(event, address_of(event.fields["eventId"])).to_ical()
        size += len(entry)
        if cut := size > MAX_BYTES:
            break
        entries.append(entry)
    beginning, end, rest = _empty(len(entries) if cut else None).partition(b"END:VCALENDAR")
    return b"".join([beginning, *entries, end, rest])


def _empty(cut_after: int | None) -> bytes:
    from icalendar import Calendar  # noqa: PLC0415  # slow to load, needed only here

    feed = Calendar()
    feed.add("version", "2.0")
    feed.add("prodid", "-//Events//Calendar feed//EN")
    feed.add("x-wr-calname", "Events")
    if cut_after is not None:
        feed.add("x-wr-caldesc", f"This feed shows only {cut_after:,} events. There are more.")
    feed.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    feed.add("x-published-ttl", "PT1H")  # the same, for older programs
    content: bytes = feed.to_ical()
    return content


def _entry(event: Event, address: str) -> Entry:
    from icalendar import Event as Entry  # noqa: PLC0415

    fields = event.fields
    day = date.fromisoformat(fields["date"])
    changed = datetime.fromisoformat(event.updated_at).replace(microsecond=0)
    entry = Entry()
    # Must be unique in the world, and stay the same for an event (RFC 5545, 3.8.4.7).
    entry.add("uid", f"{quote(fields['eventId'], safe='')}@{installation_id()}")
    entry.add("dtstamp", changed)
    entry.add("last-modified", changed)
    entry.add("dtstart", day)
    if day < date.max:
        entry.add("dtend", day + timedelta(days=1))
    status = _status(fields["status"])
    # Many programs show a cancelled event like any other.
    entry.add("summary", f"Cancelled: {fields['title']}" if status == "CANCELLED" else fields["title"])
    entry.add("location", fields["location"])
    entry.add("description", _description(event))
    entry.add("status", status)
    entry.add("transp", "TRANSPARENT")  # these events do not make a subscriber busy
    entry.add("url", address)
    return entry


def _description(event: Event) -> str:
    fields = event.fields
    values = {"organizer": fields["organizer"], "capacity": f"{fields['capacity']:,}", "status": fields["status"]}
    facts = "\n".join(f"{LABELS[name]}: {value}" for name, value in values.items())
    return f"{fields['description']}\n\n{facts}" if fields["description"].strip() else facts


def _status(status: str) -> str:
    word = status.strip().casefold()
    return "CANCELLED" if word in _CANCELLED else "TENTATIVE" if word in _UNCERTAIN else "CONFIRMED"
