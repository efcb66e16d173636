"""Test data: valid unless told otherwise."""

from __future__ import annotations

from typing import Any, cast

from events.domain import Actor, EventFields
from eventsite.accounts import people
from eventsite.accounts.domain import Role
from eventsite.accounts.models import Staff

ACTOR = Actor("tester", "192.0.2.7")
PASSWORD = "correct horse battery"


def make_body(**overrides: Any) -> dict[str, Any]:
    """The body of a valid create, as a client sends it; a value of ... leaves the field out."""
    body = {
        "title": "Launch night",
        "description": "Doors at seven.",
        "date": "2026-12-01",
        "location": "Main hall",
        "capacity": 250,
        "organizer": "Events team",
        "status": "active",
        **overrides,
    }
    return {name: value for name, value in body.items() if value is not ...}


def make_fields(**overrides: Any) -> EventFields:
    """A valid event's fields, as the services take them."""
    return cast(EventFields, make_body(**{"eventId": "launch", **overrides}))


def make_staff(
    username: str = "anna", role: str = "editor", password: str = PASSWORD, must_change_password: bool = False
) -> Staff:
    """A stored account."""
    return people.create_staff(username, Role(role), password, ACTOR, must_change_password)
