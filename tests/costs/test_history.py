"""The maximum cost of the pages of an event, and of the API, for any history: calls, capacity units and bytes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

import pytest
from django.test import Client
from rest_framework.test import APIClient

from events.domain import Actor, Event, EventChanges
from events.rules import MAX_DESCRIPTION_CHARACTERS, MAX_TEXT_BYTES
from tests.costs import desk
from tests.costs.desk import Desk
from tests.support.api_calls import send as send_json
from tests.support.builders import make_fields, make_staff
from tests.support.clients import client_of
from tests.support.page_reader import fields

# A call reads at most a megabyte, plus the row that crosses it: in units, and in bytes of DynamoDB's Base64.
A_CALL = 360
A_CALLS_BYTES = 1_900_000
# The session, the account, the statuses in use, and the event itself (twice, after a conflict).
OTHER_UNITS = 150
OTHER_BYTES = 1_800_000


class Limit(NamedTuple):
    """The maximum number of calls that may read a megabyte of history, of all calls, and of bytes of the page."""

    large: int
    calls: int
    page: int


LIMITS = {
    "page": Limit(1, 7, 2_000_000),
    "earlier changes": Limit(1, 7, 2_000_000),
    "one change": Limit(1, 4, 2_000_000),
    "form": Limit(0, 8, 1_000_000),
    "delete": Limit(0, 3, 1_000_000),
    "conflict": Limit(3, 12, 3_000_000),
    "refused restore": Limit(1, 4, 20_000),  # it reads two rows, to recognize a double click
    "restore": Limit(7, 14, 2_000_000),
    "undo": Limit(1, 5, 20_000),
    "API: history": Limit(1, 1, 1_010_000),
    "API: restore": Limit(7, 10, 1_000_000),
    "API: refused restore": Limit(1, 2, 20_000),
    "API: undo": Limit(0, 3, 1_000_000),
    "API: undo, sent again": Limit(1, 3, 1_000_000),
}


def longest(number: int) -> EventChanges:
    """Descriptions that do not compress: each change is a row of almost 400 KiB."""
    return {"description": DESCRIPTIONS[number % 2]}


def compressed(number: int) -> EventChanges:
    """Descriptions that compress well: hundreds of rows fit into a megabyte, and are 500 times as long unpacked."""
    return {"description": chr(0x1F600 + number % 50) * MAX_DESCRIPTION_CHARACTERS}


def hidden(number: int) -> EventChanges:
    """Characters that pages show as eight characters each."""
    text = "\u200b" * (MAX_TEXT_BYTES // 3 - 1) + str(number % 10)
    return {
        "title": text,
        "description": "\u200b" * (MAX_DESCRIPTION_CHARACTERS - 1) + str(number % 10),
        "date": f"20{number % 90 + 10}-01-01",
        "location": text,
        "capacity": number,
        "organizer": text,
        "status": text,
    }


def numbers(number: int) -> EventChanges:
    """A program counts the capacity down."""
    return {"capacity": number}


def _longest(seed: int) -> str:
    return "".join(map(chr, random.Random(seed).choices(range(0x20000, 0x30000), k=MAX_DESCRIPTION_CHARACTERS)))


DESCRIPTIONS = [_longest(seed) for seed in range(2)]

HISTORIES: dict[Callable[[int], EventChanges], tuple[int, int]] = {
    longest: (40, 400),
    compressed: (1_000, 5_000),
    hidden: (60, 400),
    numbers: (500, 20_000),
}


@pytest.mark.parametrize("length", [0, pytest.param(1, marks=pytest.mark.stress)], ids=["short", "long"])
def test_the_cost_of_event_pages_is_limited_for_any_history(own_desk: Desk, record_property: Any, length: int) -> None:
    client = client_of(make_staff("ada", "editor"))
    too_much = []
    for edit, lengths in HISTORIES.items():
        edits, event_id = lengths[length], edit.__name__
        first = Event.new(make_fields(eventId=event_id, capacity=edits), Actor("tester"))
        versions = desk.fill_history(own_desk.engine.port, first, map(edit, range(edits)))
        for name, send in chain(operations(client, versions), api_calls(APIClient(), versions)):
            with own_desk.measured() as cost:
                response = send()
            assert response.status_code < 500, name
            page = f"a page of {len(response.content):,} bytes ({response.status_code})"
            said = f"{event_id}, {edits:,} edits, {name}: {cost}, {cost.read_bytes:,} bytes read, {page}"
            record_property("\n ", said)
            limit = LIMITS[name]
            if (
                cost.calls.total() > limit.calls
                or cost.read_units > limit.large * A_CALL + OTHER_UNITS
                or cost.read_bytes > limit.large * A_CALLS_BYTES + OTHER_BYTES
                or len(response.content) > limit.page
            ):
                too_much.append(said)
    assert too_much == []


def operations(client: Client, versions: list[Event]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The requests of a person who works with an event, one after the other."""
    page = f"/staff/event/{versions[0].fields['eventId']}/"
    latest, middle, before = versions[-1], versions[len(versions) // 2], versions[-2]
    yield "page", lambda: client.get(page)
    yield "earlier changes", lambda: client.get(page, {"before": middle.updated_at})
    yield "one change", lambda: client.get(f"{page}change/{middle.updated_at}/")
    yield "form", lambda: client.get(f"{page}edit/")
    yield "delete", lambda: client.get(f"{page}delete/")
    typed = {**fields(client.get(f"{page}edit/")), "title": "Mine", "description": "Mine"}
    for revision in (before.revision, versions[0].revision, "never-was"):
        yield "conflict", partial(client.post, f"{page}edit/", {**typed, "revision": revision})
    yield "undo", lambda: client.post(f"{page}undo/?at={latest.updated_at}")
    for version in (before, versions[0], versions[1], middle):
        now = fields(client.get(f"{page}edit/"))["revision"]
        for name, revision in (("refused restore", latest.revision), ("restore", now)):
            yield name, partial(client.post, f"{page}restore/", {"at": version.updated_at, "revision": revision})


def api_calls(api: APIClient, versions: list[Event]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The requests of a program that works with the same event."""
    path = f"/events/{versions[0].fields['eventId']}"
    yield "API: history", lambda: api.get(f"{path}/history?limit=1000")
    for version in (versions[-2], versions[0], versions[1], versions[len(versions) // 2]):
        body, old_tag = {"version": version.updated_at}, f'"{version.revision}"'
        yield "API: refused restore", partial(send_json, api, "POST", f"{path}/restore", body, If_Match=old_tag)
        yield "API: restore", partial(send_json, api, "POST", f"{path}/restore", body)
    tag = api.get(path)["ETag"]
    for name in ("undo", "undo, sent again"):
        yield f"API: {name}", partial(send_json, api, "POST", f"{path}/undo", If_Match=tag)
