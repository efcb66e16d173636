"""The search as staff use it: each text finds the same events on the list and in an export."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import StringIO
from typing import Any
from unicodedata import normalize
from unittest.mock import patch

import pytest
from django.test import Client

from events import listing, services
from events.domain import Search
from events.storage import lists as event_lists
from tests.support.builders import ACTOR, day, store, store_all, store_titled, titled_fields
from tests.support.fault_proxy import FaultProxy
from tests.support.page_reader import links, text, titles
from tests.support.stored import set_attribute, store_former

LIST = "/staff/events/"

STORED: dict[str, dict[str, Any]] = {
    "composed": {"title": normalize("NFC", "Zürich")},
    "decomposed": {"title": normalize("NFD", "Zürich")},
    "polish": {"title": "Łódź"},
    "danish": {"title": "Smørrebrød"},
    "turkish": {"title": "İstanbul"},
    "irish": {"title": "Book", "organizer": "O\u2019Brien"},
    "wide": {"title": "\uff21\uff22\uff23"},
    "german": {"title": "Market", "location": "Straße 5"},
    "winter": {"title": "Winter concert", "location": "Hall 9\u201317"},
    "SE-15": {"title": "Meeting"},
    "japanese": {"title": "がんばる"},
}
FOUND = {
    "zurich": ["composed", "decomposed"],
    "ZÜRICH": ["composed", "decomposed"],
    normalize("NFD", "zürich"): ["composed", "decomposed"],
    "lodz": ["polish"],
    "łódź": ["polish"],
    "smorrebrod": ["danish"],
    "istanbul": ["turkish"],
    "ISTANBUL": ["turkish"],
    "o'brien": ["irish"],
    "o\u2019brien": ["irish"],
    "book brien": ["irish"],
    "abc": ["wide"],
    "strasse": ["german"],
    "straße market": ["german"],
    "STRASSE": ["german"],
    "concert winter": ["winter"],
    "conc wint": ["winter"],
    '"winter concert"': ["winter"],
    "\u201cwinter concert\u201d": ["winter"],
    '"winter conc': ["winter"],
    '"concert winter"': [],
    "hall 9-17": ["winter"],
    "se-15": ["SE-15"],
    "SE\u201115 meeting": ["SE-15"],
    "winter": ["winter"],
    "danish": ["danish"],
    "がん": ["japanese"],
    "かん": [],
}


def listed(client: Client, query: str) -> list[str]:
    """The titles on the list of a search, of past events too."""
    return titles(client.get(LIST, {"q": query, "ended": "on"}))


def exported(client: Client, query: str) -> list[str]:
    """The IDs in an export of the same list."""
    response: Any = client.get("/staff/export/", {"format": "csv", "q": query, "ended": "on"})
    return [row["eventId"] for row in csv.DictReader(StringIO(b"".join(response).decode("utf-8-sig")))]


def test_each_text_finds_its_events_on_the_list_and_in_an_export(viewer: Client) -> None:
    for event_id, fields in STORED.items():
        store(event_id, **fields)
    for query, found in FOUND.items():
        assert listed(viewer, query) == [STORED[event_id]["title"] for event_id in sorted(found)], query
        assert exported(viewer, query) == sorted(found), query


def test_the_longest_filter(viewer: Client) -> None:
    """Twenty words that each have two forms."""
    store("composed", title=normalize("NFC", "Zürich"))
    assert listed(viewer, "zürich " * 20) == [normalize("NFC", "Zürich")]
    assert listed(viewer, "zürich " * 21) == []  # from the 20th word on, the text stays together


@contextmanager
def short_looks() -> Iterator[None]:
    """The first query of a search reads two events, and each further one, in by-text, four."""
    with patch.object(event_lists, "_FIRST_QUERY_ITEMS", 2), patch.object(event_lists, "_MAX_QUERY_ITEMS", 4):
        yield


class TestBeyondTheFirstQuery:
    """The first query reads by-date. Further ones read by-text, and then the events that they found."""

    def test_pages_in_both_directions(self, viewer: Client) -> None:
        store_all(titled_fields(f"{'Jazz' if number % 3 == 0 else 'Talk'} {number:02}", number) for number in range(20))
        jazz = [f"Jazz {number:02}" for number in range(0, 20, 3)]
        with short_looks(), patch.object(listing, "PAGE_SIZE", 3):
            first = viewer.get(LIST, {"q": "jazz"})
            second = viewer.get(f"{LIST}{links(first)['Next']}")
            third = viewer.get(f"{LIST}{links(second)['Next']}")
            assert [titles(page) for page in (first, second, third)] == [jazz[:3], jazz[3:6], jazz[6:]]
            assert titles(viewer.get(f"{LIST}{links(third)['Previous']}")) == jazz[3:6]
            assert titles(viewer.get(LIST, {"q": "jazz", "sort": "latest"})) == jazz[:-4:-1]
            assert "7 events" in text(first)
            assert exported(viewer, "jazz") == jazz

    def test_a_page_has_whole_rows(self, viewer: Client) -> None:
        store_all(titled_fields(f"Talk {number}", number) for number in range(9))
        event = store_titled("Rare", 9, location="Attic", organizer="Eva", capacity=12, status="draft")
        with short_looks():
            page = services.search_events(Search(text="rare"), 5)
            assert page.events == [
                {
                    **{name: value for name, value in event.fields.items() if name != "description"},
                    "revision": event.revision,
                }
            ]
            assert "Attic" in text(viewer.get(LIST, {"q": "rare"}))

    def test_other_filters_are_combined(self, viewer: Client) -> None:
        for number in range(9):
            other: Any = {"location": f"Hall {number % 2}", "status": ["draft", "active"][number % 2]}
            store_titled(f"Talk {number}", number, **other)
        with short_looks():
            for query in ({"location": "Hall 1"}, {"status": "active"}, {"first": day(7), "last": day(7)}):
                page = viewer.get(LIST, {"q": "talk", **query})
                assert titles(page)[-1:] == ["Talk 7"], query
                assert "Talk 6" not in titles(page)

    @pytest.mark.parametrize(
        ("change", "found"),
        [
            ({"date": day(30)}, []),  # its new place is on a later page
            ({"capacity": 7}, ["Rare"]),
            (None, []),
        ],
        ids=["moved", "changed", "deleted"],
    )
    def test_an_event_that_changes_between_the_two_reads(
        self, faults: FaultProxy, change: Any, found: list[str]
    ) -> None:
        store_all(titled_fields(f"Talk {number}", number) for number in range(9))
        store_titled("Rare", 9)

        def write_first(handler: Any, body: bytes) -> None:
            faults.set(None)
            services.update_event("Rare", change, ACTOR) if change else services.delete_event("Rare", ACTOR)
            handler.answer(*handler.forward(body))

        faults.set(write_first, "BatchGetItem", times=1)
        with short_looks():
            page = services.search_events(Search(text="rare"), 5)
        assert [event["title"] for event in page.events] == found

    def test_an_incomplete_result_says_so(self, viewer: Client, faults: FaultProxy) -> None:
        store_all(titled_fields(f"Talk {number:02}", number) for number in range(30))
        store_titled("Rare", 8)
        viewer.get(LIST)
        three_queries = partial(services.search_events, max_queries=3)
        with short_looks(), patch.object(listing, "search_events", three_queries):
            faults.set(None)
            page = viewer.get(LIST, {"q": "rare"})
        assert titles(page) == ["Rare"]
        assert "1+ events" in text(page)
        assert "Continue searching" in links(page)
        assert faults.calls.count("Query") == 3  # and none that counts


def test_events_of_the_former_form_are_found_as_before(viewer: Client) -> None:
    store_former("old-1", title="Zürich im Winter", location="Straße", organizer="O\u2019Brien")
    found = ["Zürich im Winter"]
    for query in ("ZÜRICH", "winter zürich", "strasse", "straße", "o\u2019brien", '"im winter"', "old-1"):
        assert listed(viewer, query) == found, query
        assert exported(viewer, query) == ["old-1"], query
    for query in ("zurich", "o'brien"):  # not until `manage.py upgrade_events` has run
        assert listed(viewer, query) == [], query


def test_an_event_of_another_program_is_found_by_its_id(viewer: Client) -> None:
    store("foreign", title="Plain")
    set_attribute("foreign", searchText=None)
    assert listed(viewer, "foreign") == ["Plain"]
    assert listed(viewer, "plain") == []
