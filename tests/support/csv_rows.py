"""Two events, and the lines that they have in a CSV file."""

from __future__ import annotations

from tests.support.builders import store

HEADER = "eventId,title,description,date,location,capacity,organizer,status"
LAUNCH = "launch,Launch night,Doors at seven.,2026-12-01,Main hall,250,Events team,active"
GALA = "gala,Gala,,2020-12-31,Roof,80,Ann,draft"


def store_launch_and_gala() -> None:
    store()
    store(
        "gala",
        title="Gala",
        description="",
        date="2020-12-31",
        location="Roof",
        capacity=80,
        organizer="Ann",
        status="draft",
    )
