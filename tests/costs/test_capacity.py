"""The calls and capacity units of each request. They are the same for 120 and for 50,000 events.

The units are those that DynamoDB Local reports. Of a transaction it takes 4 for each table and index, where AWS takes 2
for a table and 1 for an index (docs/scale.md); the rest is alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from rest_framework.test import APIClient

from events.storage.cached_queries import forget_cached
from tests.costs.desk import FEW, Desk, month_shown
from tests.support.api_calls import send
from tests.support.builders import make_body, make_staff
from tests.support.clients import client_of

SIZES = [1_000, pytest.param(50_000, marks=pytest.mark.stress)]

# The session with the account, and the list of statuses (one query for each of four, and a last one that finds none).
# The site keeps the statuses for 20 seconds; here it queries them each time.
STAFF = "BatchGetItem events-access"
STATUSES = "5 x Query events/by-status-name"

WRITES = {
    "POST": "TransactWriteItems events+events-access+events-history: 30 WCU",
    "PUT": "GetItem events, TransactWriteItems events+events-history: 1 RCU + 20 WCU",
    "PATCH": "GetItem events, TransactWriteItems events+events-history: 1 RCU + 20 WCU",
    "DELETE": "GetItem events, TransactWriteItems events+events-access+events-history: 1 RCU + 32 WCU",
}
READS = {
    "/events/event-000005": "GetItem events: 1 RCU",
    "/events?limit=50": "Query events/by-date, BatchGetItem events: 52 RCU",
    "/events?limit=100": "Query events/by-date, BatchGetItem events: 104 RCU",
    "/events?from={first}&to={last}": "Query events/by-date, BatchGetItem events: 31.5 RCU",
    "/events?from={first}&to={last}&limit=20": "Query events/by-date, BatchGetItem events: 21 RCU",
    "/events?status=active&limit=50": "Query events/by-status: 4 RCU",
    "/events?status=postponed&limit=50": "Query events/by-status: 1 RCU",
    "/events?status=active&status=postponed&limit=50": "2 x Query events/by-status: 5 RCU",
    "/events?order=-date&limit=50": "Query events/by-date, BatchGetItem events: 52 RCU",
    "/events?status=active&order=-date&limit=50": "Query events/by-status: 4 RCU",
    "/staff/": f"{STAFF}, Query events-history/by-time, Query events/by-date: 3.5 RCU",
    "/staff/calendar/?month={month}": f"{STAFF}, Query events/by-date: 3.5 RCU",
    "/staff/event/event-000005/": f"{STAFF}, GetItem events, Query events-history, {STATUSES}: 6 RCU",
    "/staff/event/event-000005/delete/": f"{STAFF}, GetItem events: 3 RCU",
    "/staff/activity/": f"{STAFF}, Query events-history/by-time: 3.5 RCU",
}
# A list also reads 200 events for the locations and organizers in use. Unless one page shows every match, one query
# counts at most 1,001 of them. So the units have a bound: the calls, the most units with 120 events, and with more.
_LIST = f"{STAFF}, {STATUSES}"
LISTS: dict[str, tuple[str, float, float]] = {
    "/staff/events/": (f"{_LIST}, 3 x Query events/by-date", 15, 48.5),
    "/staff/events/?status=active": (f"{_LIST}, Query events/by-date, 2 x Query events/by-status", 18, 86.5),
    "/staff/events/?status=postponed": (f"{_LIST}, Query events/by-date, Query events/by-status", 9.5, 12),
    "/staff/events/?q=jazz&first={first}&last={last}": (f"{_LIST}, 2 x Query events/by-date", 10, 12.5),
}
# A search reads 500 events by date, then twice as many texts each time, eight times in all. The most units are those
# of DynamoDB Local, where a query, also one that counts, reads up to a megabyte until enough events match.
_EDIT = f"{STAFF}, GetItem events, {STATUSES}, Query events/by-date"
_BY_TEXT = f"{_LIST}, 2 x Query events/by-date, Query events/by-text"
SEARCHES: dict[int, dict[str, tuple[str, float]]] = {
    FEW: {
        "/events?q=talk&limit=50": ("Query events/by-text, BatchGetItem events", 52.5),
        "/events?q=nowhere": ("Query events/by-text", 2.5),
        "/staff/events/new/": (f"{_LIST}, Query events/by-date", 8.5),
        "/staff/event/event-000005/edit/": (_EDIT, 9.5),
        "/staff/events/?q=talk": (_BY_TEXT, 16),
        "/staff/events/?q=jazz": (f"{_LIST}, 2 x Query events/by-date", 13),
        "/staff/events/?q=nowhere&ended=on": (f"{_LIST}, 2 x Query events/by-date", 13),
        "/staff/events/?location=Training+room+1": (f"{_LIST}, 2 x Query events/by-date", 13),
    },
    1_000: {
        "/events?q=talk&limit=50": ("Query events/by-text, BatchGetItem events", 58.5),
        "/events?q=nowhere": ("2 x Query events/by-text", 17),
        "/staff/events/new/": (f"{_LIST}, Query events/by-date", 11),
        "/staff/event/event-000005/edit/": (_EDIT, 12),
        "/staff/events/?q=talk": (_BY_TEXT, 38.5),
        "/staff/events/?q=jazz": (f"{_BY_TEXT}, BatchGetItem events", 35),
        "/staff/events/?q=nowhere&ended=on": (_BY_TEXT, 38),
        "/staff/events/?location=Training+room+1": (f"{_LIST}, 3 x Query events/by-date", 48.5),
    },
    50_000: {
        "/events?q=talk&limit=50": ("Query events/by-text, BatchGetItem events", 58.5),
        "/events?q=nowhere": ("8 x Query events/by-text", 314.5),
        "/staff/events/new/": (f"{_LIST}, Query events/by-date", 11),
        "/staff/event/event-000005/edit/": (_EDIT, 12),
        "/staff/events/?q=talk": (_BY_TEXT, 47),
        "/staff/events/?q=jazz": (
            f"{_LIST}, 2 x Query events/by-date, 2 x Query events/by-text, BatchGetItem events",
            109,
        ),
        "/staff/events/?q=nowhere&ended=on": (f"{_LIST}, 2 x Query events/by-date, 7 x Query events/by-text", 336),
        "/staff/events/?location=Training+room+1": (f"{_LIST}, 3 x Query events/by-date", 64.5),
    },
}


@pytest.mark.parametrize("size", SIZES)
def test_the_cost_of_a_request_does_not_depend_on_the_number_of_events(
    own_desk: Desk, record_property: Any, size: int
) -> None:
    client = client_of(make_staff("ada", "admin"))
    for events in (FEW, size):
        own_desk.grow(events)
        assert costs_of_writes(own_desk) == WRITES
        assert costs_of_reads(own_desk, client, READS) == READS
        lists = {path: (calls, few if events == FEW else many) for path, (calls, few, many) in LISTS.items()}
        for path, (calls, most) in {**lists, **SEARCHES[events]}.items():
            taken, _, units = costs_of_reads(own_desk, client, [path])[path].rpartition(": ")
            assert (path, taken) == (path, calls)
            assert float(units.removesuffix(" RCU")) <= most, path
            record_property(f"\n  {events:,} {path}:", units)
    record_property("events", f"{FEW} and {size:,}")
    for request, cost in {**WRITES, **READS}.items():
        record_property(f"\n  {request}:", cost)


def costs_of_writes(own_desk: Desk) -> dict[str, str]:
    """Deletes what the request creates."""
    body = make_body(eventId=f"another-{uuid4()}")  # an ID that was never deleted
    path = f"/events/{body['eventId']}"
    return {
        "POST": write(own_desk, "POST", "/events", body),
        "PUT": write(own_desk, "PUT", path, {"capacity": 300}),
        "PATCH": write(own_desk, "PATCH", path, {"capacity": 301}),
        "DELETE": write(own_desk, "DELETE", path),
    }


def write(own_desk: Desk, method: str, path: str, body: Any = ...) -> str:
    with own_desk.measured() as cost:
        response = send(APIClient(), method, path, body)
    assert response.status_code in (200, 201, 204), response.content
    return str(cost)


def costs_of_reads(own_desk: Desk, client: Client, paths: Iterable[str]) -> dict[str, str]:
    month = month_shown()
    taken = {}
    for path in paths:
        forget_cached()
        with own_desk.measured() as cost:
            response = client.get(path.format(month=month, first=month.first, last=month.last))
        assert response.status_code == 200, path
        taken[path] = str(cost)
    return taken
