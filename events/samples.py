"""Sample events: twelve for the first run, and any number of generated ones to try the site with many."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import islice

from events import services
from events.domain import Actor, EventExistsError, EventFields
from events.storage import events as repository

ACTOR = Actor("samples")
_WRITERS = 8
_BATCH = 200

# Days from today, title, description, location, capacity, organizer, status
_SAMPLES = [
    (
        -21,
        "Harvest supper",
        "A long table, soup and bread. Bring a bowl.",
        "Village hall",
        80,
        "Kitchen group",
        "completed",
    ),
    (-6, "First aid refresher", "Two hours, with a new certificate.", "Training room 2", 16, "Red Cross", "completed"),
    (2, "Open workshop", "Bikes, radios, lamps: we repair what you bring.", "Workshop", 25, "Repair café", "active"),
    (5, "Board meeting", "Agenda:\n1. Accounts\n2. Summer programme\n3. Roof", "Library", 9, "Board", "active"),
    (9, "Winter concert", "The choir and its guests sing by candle-light.", "St Mary's", 220, "Choir", "active"),
    (14, "Children's film night", "Popcorn included. Ends at 20:00.", "Main hall", 120, "Youth group", "active"),
    (18, "Wine tasting", "Postponed: the grower is snowed in.", "Cellar", 30, "Friends of the house", "postponed"),
    (
        23,
        "Café Ñandú: poetry evening",
        "Leído en español, übersetzt auf Deutsch.",
        "Café",
        40,
        "Literature circle",
        "active",
    ),
    (31, "New Year's walk", "Ten kilometres, then tea.", "Car park north", 60, "Hiking group", "active"),
    (45, "Budget workshop", "For everyone who runs a group.", "Training room 1", 20, "Treasurer", "draft"),
    (60, "Photography exhibition", "Opening with the artists.", "Gallery", 150, "Photo club", "active"),
    (75, "Spring market", "Cancelled: the square is being dug up.", "Market square", 400, "Market team", "cancelled"),
]

_KINDS = {"Lecture": 60, "Workshop": 20, "Concert": 200, "Course": 15, "Meeting": 12, "Exhibition": 150, "Tour": 25}
_SUBJECTS = [
    "Beekeeping",
    "Local history",
    "Early music",
    "Jazz",
    "Ceramics",
    "Bread",
    "Star-gazing",
    "Chess",
    "Letterpress",
]
_SUBJECTS += [
    "Family law",
    "Solar power",
    "Yoga",
    "Italian",
    "Birds of the marsh",
    "Accounting for clubs",
    "Photography",
]
_ADDITIONS = [
    "for beginners",
    "with guests",
    "in the evening",
    "for families",
    "part {}",
    "with {} places left",
    "no. {}",
]
_PLACES = [
    "Main hall",
    "Library",
    "Café",
    "Garden",
    "Training room 1",
    "Training room 2",
    "Gallery",
    "St Mary's",
    "Cellar",
]
_ORGANIZERS = [
    "Events team",
    "Adult education",
    "Choir",
    "Youth group",
    "Friends of the house",
    "Repair café",
    "Parish",
]
_STATUSES = {"active": 70, "draft": 10, "completed": 12, "postponed": 3, "cancelled": 5}
_SENTENCES = [
    "Doors open half an hour before.",
    "Please book early; the last one was full.",
    "Tea and cake afterwards.",
    "The room has step-free access.",
    "Bring a notebook.",
    "Members come in free.",
    "Led by someone who does it for a living.",
    "If it rains, we move inside.",
]


def sample_events() -> Iterator[EventFields]:
    """Twelve events on days around today."""
    for number, (days, title, description, location, capacity, organizer, status) in enumerate(_SAMPLES, 1):
        yield {
            "eventId": f"sample-{number:02}",
            "title": title,
            "description": description,
            "date": _day(days),
            "location": location,
            "capacity": capacity,
            "organizer": organizer,
            "status": status,
        }


def generated_events(count: int, seed: int = 0) -> Iterator[EventFields]:
    """Varied events from a year ago to a year ahead; the same seed gives the same events, except for their IDs."""
    chance = random.Random(seed)
    for _ in range(count):
        kind, size = chance.choice(list(_KINDS.items()))
        addition = chance.choice(["", *_ADDITIONS]).format(chance.randint(2, 12))
        yield {
            "eventId": "",
            "title": f"{kind}: {chance.choice(_SUBJECTS)} {addition}".strip(),
            "description": " ".join(chance.sample(_SENTENCES, chance.randint(1, 5))),
            "date": _day(chance.randint(-365, 365)),
            "location": chance.choice(_PLACES),
            "capacity": max(5, round(chance.gauss(size, size / 4))),
            "organizer": chance.choice(_ORGANIZERS),
            "status": chance.choices(list(_STATUSES), list(_STATUSES.values()))[0],
        }


def _day(from_today: int) -> str:
    return (date.today() + timedelta(from_today)).isoformat()  # noqa: DTZ011  # the local day of the person who runs this


def load_samples() -> int:
    """Stores the twelve if there are no events; returns how many were stored. Raises StorageError."""
    return 0 if repository.has_events() else store(sample_events())


def store(events: Iterable[EventFields]) -> int:
    """Stores events, several at a time, except those whose ID is taken; returns how many. Raises StorageError."""
    left, stored = iter(events), 0
    with ThreadPoolExecutor(_WRITERS) as writers:
        while batch := list(islice(left, _BATCH)):  # small, so that Ctrl-C does not wait long
            stored += sum(writers.map(_store_one, batch))
    return stored


def _store_one(fields: EventFields) -> bool:
    try:
        services.create_event(fields, ACTOR)
    except EventExistsError:  # two first runs at the same time
        return False
    return True
