"""The events that both sites hold when the ten tasks begin: about 60, from last month until next year."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

Fields = dict[str, Any]
_KINDS = ["Chess", "Jazz", "Film", "Yoga", "Poetry", "Choir", "Dance", "Games", "Science", "Craft"]
_TIMES = ["morning", "lunch", "afternoon", "evening", "night"]
_ORGANIZERS = ["City library", "Music school", "Sports club", "Town museum", "Youth centre"]
_TODAY = datetime.now(UTC).date()
_MARCH = date(_TODAY.year + (_TODAY.month >= 3), 3, 1)
_NEXT_MONTH = (_TODAY.replace(day=1) + timedelta(32)).replace(day=1)


def _event(event_id: str, title: str, day: date, **overrides: Any) -> Fields:
    fields = {"eventId": event_id, "title": title, "description": "Doors open at seven. Free for members."}
    place = {"date": day.isoformat(), "location": "Main hall", "capacity": 80}
    return {**fields, **place, "organizer": "Music school", "status": "active", **overrides}


def later(event: Fields, days: int, **overrides: Any) -> Fields:
    return {**event, "date": (date.fromisoformat(event["date"]) + timedelta(days)).isoformat(), **overrides}


_SPREAD = [
    _event(
        f"{_KINDS[n % 10]}-{_TIMES[n // 10]}".lower(),
        f"{_KINDS[n % 10]} {_TIMES[n // 10]}",
        _TODAY + timedelta(1 + 7 * n),
        location=f"Room {n % 4 + 1}",
        organizer=_ORGANIZERS[n % 5],
        status="postponed" if n == 30 else "active",
    )
    for n in range(50)
]
_READING = [
    _event(f"reading-{n}", f"Reading {n}", _MARCH + timedelta(3 * n), organizer="City library") for n in range(6)
]
POSTPONED = _SPREAD[2]
LAST_MONTH = _event("opening-1", "Opening of the exhibition", (_TODAY.replace(day=1) - timedelta(1)).replace(day=15))
LIKE_LAST_MONTH = {**LAST_MONTH, "eventId": "opening-2", "date": (_NEXT_MONTH + timedelta(14)).isoformat()}
FOUND = _event("tour-1", "Candlelight tour of the old harbour", _TODAY + timedelta(20))
TWO_WORDS = "candlelight harbour"
RESIZED = _event("quiz-1", "Quiz of the year", _TODAY + timedelta(12), capacity=35)
NEW_CAPACITY = 40
DELETED = _event("picnic-1", "Picnic in the park", _TODAY + timedelta(25))
EVENTS = [*_SPREAD, *_READING, LAST_MONTH, FOUND, RESIZED, DELETED]

NEXT_MONTH = _NEXT_MONTH.isoformat()[:7]
MARCH_ORGANIZER = "City library"
IN_MARCH = sorted(
    (event for event in EVENTS if (event["organizer"], event["date"][:7]) == ("City library", f"{_MARCH:%Y-%m}")),
    key=lambda event: (event["date"], event["eventId"]),
)
_TANGO = _event("tango-1", "Tango for beginners", _NEXT_MONTH + timedelta(1))
WEEKLY = [later(_TANGO, 7 * n, eventId=f"tango-{n + 1}") for n in range(10)]
ROWS = [_event(f"course-{n}", f"Course {n}", _TODAY + timedelta(100 + n % 90)) for n in range(1, 201)]
COLLEAGUE = "colin"


def write_rows(file: Path) -> None:
    """The file to import. It has no IDs: the desk generates them."""
    with file.open("w", newline="") as opened:
        writer = csv.DictWriter(opened, [name for name in ROWS[0] if name != "eventId"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(ROWS)
