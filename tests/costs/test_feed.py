"""The cost of a calendar feed that a program has already."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from events import services
from tests.costs.desk import FEW, Desk
from tests.support.builders import ACTOR, make_feed, make_fields, make_staff

UNCHANGED = "GetItem events-access, Query events-history/by-time: 1.5 RCU"


@pytest.mark.parametrize("size", [1_000, pytest.param(50_000, marks=pytest.mark.stress)])
def test_an_unchanged_feed_costs_two_calls_at_any_size(
    own_desk: Desk, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("events.storage.changes.seconds_to_wait", lambda: 0)
    path = make_feed(make_staff("vera", "viewer"))
    for events in (FEW, size):
        own_desk.grow(events)
        known: Any = {"If-None-Match": Client().get(path)["ETag"]}
        with own_desk.measured() as cost:
            response = Client().get(path, headers=known)
        assert (response.status_code, response["ETag"]) == (304, known["If-None-Match"])
        assert response["Cache-Control"] == "private, no-cache"
        assert str(cost) == UNCHANGED
        services.create_event(make_fields(eventId=f"another-{events}"), ACTOR)
        assert Client().get(path, headers=known).status_code == 200
