"""Lists that are read in many calls while events move to other days and statuses between the calls."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from rest_framework.test import APIClient

from events import batches, bulk, listing, months, services
from events.cursors import Start, encode_start
from events.domain import EventRange, Search
from events.listing import list_page
from events.months import Month, get_calendar
from events.overview import get_overview
from events.pages.today import today
from events.storage import lists as event_lists
from events.storage.connection import DynamoDB
from eventsite.accounts.models import Staff
from eventsite.aws_calls import Service
from tests.support.builders import ACTOR, make_feed, make_fields, make_staff
from tests.support.clients import client_of

EVENTS = 12
DAYS = 28
FIRST, LAST = 5, 24  # the days of the lists that have a range
STATUSES = ("active", "draft")

moves = st.lists(
    st.tuples(
        st.integers(0, EVENTS - 1),
        st.one_of(
            st.integers(0, DAYS - 1).map(lambda day: {"date": on(day)}),
            st.sampled_from(STATUSES).map(lambda status: {"status": status}),
        ),
    ),
    min_size=EVENTS,
    max_size=EVENTS,
)
places = st.lists(st.tuples(st.integers(0, DAYS - 1), st.sampled_from(STATUSES)), min_size=EVENTS, max_size=EVENTS)
some = settings(
    max_examples=6, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def on(day: int) -> str:
    return (today() + timedelta(day)).isoformat()


class Row(NamedTuple):
    """An event as a list shows it."""

    date: str
    event_id: str


Response = list[Row]
Read = Callable[["Desk"], list[Response]]


class Desk:
    """Reads lists in every way. A read returns the rows of each response."""

    def __init__(self) -> None:
        self.api = APIClient()
        self.staff: Staff = make_staff("ada", "admin")
        self.browser = client_of(self.staff)
        self.feed_address = make_feed(self.staff)

    def api_list(self, query: str, link: str = "next") -> list[Response]:
        responses, path = [], f"/events{query}"
        while path:
            response = self.api.get(path)
            assert response.status_code == 200, response.content
            responses.append([Row(event["date"], event["eventId"]) for event in response.json()])
            path = "".join(re.findall(f'<([^>]*)>; rel="{link}"', response.get("Link", "")))
        return responses

    def pages(self, search: Search) -> list[Response]:
        responses: list[Response] = []
        page = list_page(search)
        while True:
            responses.append(rows(page.events))
            if page.next is None:
                return responses
            page = list_page(search, after=page.next)

    def export(self, query: str) -> list[Response]:
        response: Any = self.browser.get(f"/staff/export/?ended=on{query}")
        assert response.status_code == 200
        lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
        return [[Row(event["date"], event["eventId"]) for event in csv.DictReader(lines)]]

    def feed(self) -> list[Response]:
        response = Client().get(self.feed_address)
        assert response.status_code == 200
        entries: Any = Calendar.from_ical(response.content).walk("VEVENT")
        return [[Row(entry["DTSTART"].dt.isoformat(), entry["UID"].partition("@")[0]) for entry in entries]]

    def bulk(self) -> list[Response]:
        batch = bulk.prepare_delete(Search(), [], ACTOR)
        return [[Row(task.date, task.event_id) for task, _ in batches.tasks_of(batch)]]


def rows(events: Any) -> Response:
    return [Row(event["date"], event["eventId"]) for event in events]


class Listed(NamedTuple):
    """How a list is read, and which events it holds."""

    read: Read
    first: int = 0
    last: int = DAYS
    status: str | None = None
    latest_first: bool = False

    def holds(self, fields: Any) -> bool:
        return on(self.first) <= fields["date"] <= on(self.last) and self.status in (None, fields["status"])


def days_of_month(desk: Desk) -> list[Response]:
    return [rows(event for day in get_calendar(Month.of(today())).days for event in day.events)]


LISTS = {
    "all": Listed(lambda desk: desk.api_list("")),
    "range": Listed(lambda desk: desk.api_list(f"?from={on(FIRST)}&to={on(LAST)}"), FIRST, LAST),
    "status": Listed(lambda desk: desk.api_list(f"?status=active&from={on(FIRST)}"), FIRST, status="active"),
    "pages": Listed(lambda desk: desk.api_list("?limit=5")),
    "pages of a status": Listed(lambda desk: desk.api_list("?limit=5&status=draft"), status="draft"),
    "pages of two statuses": Listed(lambda desk: desk.api_list("?limit=5&status=draft&status=active")),
    "two statuses": Listed(lambda desk: desk.api_list("?status=draft&status=active")),
    "pages, latest first": Listed(lambda desk: desk.api_list("?limit=5&order=-date"), latest_first=True),
    "pages of a search": Listed(lambda desk: desk.api_list("?limit=5&q=launch")),
    "pages of a search, latest first": Listed(
        lambda desk: desk.api_list("?limit=5&q=launch&order=-date&status=active"), status="active", latest_first=True
    ),
    "pages, backwards": Listed(lambda desk: desk.api_list(f"?limit=5&cursor={encode_start(Start(back=True))}", "prev")),
    "staff list": Listed(lambda desk: desk.pages(Search())),
    "staff list, latest first": Listed(lambda desk: desk.pages(Search(latest_first=True)), latest_first=True),
    "search": Listed(lambda desk: desk.pages(Search(text="launch"))),
    "export": Listed(lambda desk: desk.export("")),
    "export of a range": Listed(lambda desk: desk.export(f"&first={on(FIRST)}&last={on(LAST)}"), FIRST, LAST),
    "export of a status": Listed(lambda desk: desk.export("&status=active"), status="active"),
    "export, latest first": Listed(lambda desk: desk.export("&sort=latest&q=launch"), latest_first=True),
    "feed": Listed(lambda desk: desk.feed()),
    "calendar": Listed(days_of_month, last=(Month.of(today()).last - today()).days),
    "overview": Listed(lambda desk: [rows(get_overview(today()).events)]),
    "bulk change": Listed(lambda desk: desk.bulk()),
}


@contextmanager
def moving(planned: list[tuple[int, Any]]) -> Iterator[set[str]]:
    """Limits queries to four items and moves events before each read. Yields the IDs of the moved events."""
    left = iter(planned)
    moved: set[str] = set()

    def call(service: DynamoDB, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        if operation in ("Query", "Scan") and parameters["TableName"] == "events":
            parameters = {**parameters, "Limit": min(parameters.get("Limit", 4), 4)}
        elif operation != "BatchGetItem" or "events" not in parameters["RequestItems"]:
            return Service.call(service, operation, parameters)
        for number, changes in islice(left, 2):
            services.update_event(event_id(number), changes, ACTOR)
            moved.add(event_id(number))
        return Service.call(service, operation, parameters)

    with patch.object(DynamoDB, "call", call):
        yield moved


def event_id(number: int) -> str:
    return f"event-{number:02}"


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(event_lists, "_BATCH_GET_KEYS", 3)
    monkeypatch.setattr(services, "_EXPORT_PAGE", 7)
    monkeypatch.setattr(listing, "PAGE_SIZE", 5)
    monkeypatch.setattr(months, "MOST_A_DAY", EVENTS)
    for number in range(EVENTS):
        services.create_event(make_fields(eventId=event_id(number)), ACTOR)
    return Desk()


@pytest.mark.parametrize("name", LISTS)
@some
@given(places=places, planned=moves)
def test_a_list_holds_unmoved_events_once_and_moved_events_at_most_once(
    desk: Desk, name: str, places: list[tuple[int, str]], planned: list[tuple[int, Any]]
) -> None:
    listed = LISTS[name]
    for number, (day, status) in enumerate(places):
        services.update_event(event_id(number), {"date": on(day), "status": status}, ACTOR)
    before, _ = services.list_events(EventRange())
    with moving(planned) as moved:
        responses = listed.read(desk)
    for response in responses:
        ids = [row.event_id for row in response]
        assert len(ids) == len(set(ids))
        assert response == sorted(response, reverse=listed.latest_first)
        assert all(on(listed.first) <= row.date <= on(listed.last) for row in response)
    read = [row for response in responses for row in response if row.event_id not in moved]
    stayed = [event for event in before if event["eventId"] not in moved and listed.holds(event)]
    assert sorted(read) == rows(stayed)
