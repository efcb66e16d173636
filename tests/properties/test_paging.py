"""The pages of each list of the API, forward and back, together are the list."""

from __future__ import annotations

import re
from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from events import services
from events.storage import lists as event_lists
from tests.support.builders import store
from tests.support.tables import empty_tables

STATUSES = ("active", "draft", "cancelled")
TITLES = ("Choir practice", "Launch night")
events = st.lists(
    st.tuples(st.integers(1, 5), st.sampled_from(STATUSES), st.sampled_from(TITLES)), min_size=1, max_size=9
)
Page = tuple[list[str], dict[str, str]]  # the IDs of its events, and its links by name
LISTS = [
    {"order": order, "status": statuses, "q": q}
    for order, statuses, q in product(("date", "-date"), ((), ("active",), ("draft", "active")), ((), ("choir",)))
]


def read(api: APIClient, path: str) -> Page:
    response = api.get(path)
    assert response.status_code == 200, response.content
    links = re.findall(r'<([^>]*)>; rel="(\w+)"', response.get("Link", ""))
    return [event["eventId"] for event in response.json()], {name: path for path, name in links}


def walk(api: APIClient, path: str, link: str) -> list[Page]:
    """The pages from this one on, following these links to the end."""
    pages = [read(api, path)]
    while link in pages[-1][1]:
        pages.append(read(api, pages[-1][1][link]))
        assert len(pages) < 50
    return pages


def joined(pages: list[Page]) -> list[str]:
    return [event_id for ids, _ in pages for event_id in ids]


@settings(
    max_examples=3, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(drawn=events, limit=st.integers(1, 4), read_at_once=st.integers(2, 4))
def test_pages_forward_and_back_are_the_list(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, drawn: list[Any], limit: int, read_at_once: int
) -> None:
    """Searches stop after one short query, so that some pages are short or empty. It may read the excluded row, too."""
    monkeypatch.setattr(event_lists, "_FIRST_QUERY_ITEMS", read_at_once)
    monkeypatch.setattr(services, "MAX_SEARCH_QUERIES", 1)
    empty_tables()
    for number, (day, status, title) in enumerate(drawn):
        store(f"e{number}", date=f"2026-12-{day:02}", status=status, title=title)
    for listed in LISTS:
        expected = [
            f"e{number}"
            for number, (_, status, title) in sorted(enumerate(drawn), key=lambda row: (row[1][0], f"e{row[0]}"))
            if status in (listed["status"] or STATUSES) and (not listed["q"] or title == TITLES[0])
        ]
        if listed["order"] == "-date":
            expected.reverse()
        query = urlencode({**listed, "limit": limit}, doseq=True)
        there = walk(api, f"/events?{query}", "next")
        assert joined(there) == expected
        if len(there) == 1:
            continue
        back = walk(api, there[-2][1]["next"], "prev")
        assert joined(back[::-1]) == expected
        assert joined([back[-1], *walk(api, back[-1][1]["next"], "next")]) == expected
        assert read(api, back[0][1]["first"]) == there[0]
