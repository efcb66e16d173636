"""Lines of CSV files, and two events with theirs."""

from __future__ import annotations

from typing import Any

from events.domain import FIELD_NAMES
from tests.support.builders import make_fields, store

HEADER = ",".join(FIELD_NAMES)


def csv_row(**overrides: Any) -> str:
    """The line of a valid event. Values are not quoted."""
    fields: dict[str, Any] = {**make_fields(**overrides)}
    return ",".join(str(fields[name]) for name in FIELD_NAMES)


_GALA: dict[str, Any] = {
    "eventId": "gala",
    "title": "Gala",
    "description": "",
    "date": "2020-12-31",
    "location": "Roof",
    "capacity": 80,
    "organizer": "Ann",
    "status": "draft",
}
LAUNCH = csv_row()
GALA = csv_row(**_GALA)


def store_launch_and_gala() -> None:
    store()
    store(**_GALA)
