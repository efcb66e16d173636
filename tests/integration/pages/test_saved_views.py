"""Filters that a person saves under a name, opens and deletes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client

from events.storage import access_table
from events.storage.staff import StaffItem
from eventsite.accounts import people, preferences
from tests.support.builders import make_staff
from tests.support.builders import store_titled as store
from tests.support.clients import client_of
from tests.support.fault_proxy import FAIL, FaultProxy
from tests.support.page_reader import links, text, titles

LIST = "/staff/events/"


def save(client: Client, name: str, query: str) -> Any:
    return client.post(f"{LIST}views/", {"name": name, "query": query}, follow=True)


def views(username: str = "vera") -> list[tuple[str, str]]:
    return [(view["name"], view["query"]) for view in people.get_staff(username).preferences.get("views", [])]


def test_a_view_is_saved_opened_and_deleted(viewer: Client) -> None:
    store("Jazz", location="Hall")
    store("Chess", location="Cellar")
    assert 'name="query" id="view-query" value="location=Hall"' in viewer.get(
        LIST, {"q": "", "location": "Hall", "after": "x", "unknown": "y"}
    ).content.decode().replace("&amp;", "&")
    page = save(viewer, "  In the hall ", "q=&location=Hall&after=x&unknown=y")
    assert page.redirect_chain == [(f"{LIST}?location=Hall", 302)]
    assert "The view “In the hall” was saved." in text(page)
    save(viewer, "afternoon", "sort=latest")
    found = links(viewer.get(LIST))
    assert found["In the hall"] == f"{LIST}?location=Hall"
    assert titles(viewer.get(found["In the hall"])) == ["Jazz"]
    assert views() == [("afternoon", "sort=latest"), ("In the hall", "location=Hall")]
    page = viewer.post(f"{LIST}views/", {"delete": "In the hall", "query": "location=Hall"}, follow=True)
    assert "The view “In the hall” was deleted." in text(page)
    assert views() == [("afternoon", "sort=latest")]
    again = viewer.post(f"{LIST}views/", {"delete": "In the hall"}, follow=True)
    assert "This view was already deleted." in text(again)


def test_views_belong_to_one_person_and_a_name_is_used_once(viewer: Client) -> None:
    save(viewer, "mine", "q=jazz")
    save(viewer, "mine", "q=chess")
    assert views() == [("mine", "q=chess")]
    assert "mine" not in links(client_of(make_staff("eva")).get(LIST))


@pytest.mark.parametrize(
    ("name", "query", "sentence"),
    [
        ("", "q=x", "must have 1 to 60 characters"),
        ("n" * 61, "q=x", "must have 1 to 60 characters"),
        ("a\nb", "q=x", "must have 1 to 60 characters"),
        ("empty", "q=&unknown=1", "Filter the list first"),
    ],
)
def test_what_cannot_be_saved_is_said(viewer: Client, name: str, query: str, sentence: str) -> None:
    assert sentence in text(save(viewer, name, query))
    assert views() == []


def test_at_most_twenty_views(viewer: Client) -> None:
    for number in range(20):
        save(viewer, f"v{number}", "q=x")
    assert "You can save at most 20 views. Delete another view first." in text(save(viewer, "one more", "q=x"))
    assert "was saved" in text(save(viewer, "v3", "q=y"))
    assert len(views()) == 20


def test_a_view_that_has_no_room_and_a_failure_change_nothing(viewer: Client, faults: FaultProxy) -> None:
    save(viewer, "first", "q=x")
    with patch.object(preferences, "MAX_BYTES", 100):
        assert "Your account has no space for this view." in text(save(viewer, "second", "q=" + "y" * 100))
    faults.set(FAIL, "UpdateItem")
    assert save(viewer, "third", "q=x").status_code == 500
    faults.set(None)
    assert views() == [("first", "q=x")]


def test_two_windows_that_save_at_once_lose_nothing(viewer: Client, faults: FaultProxy) -> None:
    """Another window saves a view and the first day of the week, between the read and the write of this one."""
    save(viewer, "old", "q=x")
    other = client_of(people.get_staff("vera"))

    def write_first(handler: Any, body: bytes) -> None:
        faults.set(None)
        save(other, "theirs", "q=theirs")
        other.post(f"{LIST}views/", {"delete": "old"})
        other.post("/staff/calendar/first-day/", {"first_day": "sunday"})
        handler.answer(*handler.forward(body))

    faults.set(write_first, "UpdateItem", times=1)
    assert "The view “mine” was saved." in text(save(viewer, "mine", "q=mine"))
    assert views() == [("mine", "q=mine"), ("theirs", "q=theirs")]
    assert people.get_staff("vera").preferences["first_day"] == "sunday"


def test_many_windows_that_save_at_once_lose_nothing(viewer: Client) -> None:
    vera = people.get_staff("vera")

    def add(number: int) -> None:
        preferences.change_preference(vera, "numbers", lambda stored: [*(stored or []), number])

    with ThreadPoolExecutor(4) as windows:
        list(windows.map(add, range(8)))
    assert sorted(people.get_staff("vera").preferences["numbers"]) == [*range(8)]


def test_preferences_of_an_account_that_never_had_any_are_stored(viewer: Client) -> None:
    access_table.update("staff#vera", [StaffItem.preferences.remove()])
    save(viewer, "first", "q=x")
    save(viewer, "second", "q=x")
    assert [name for name, _ in views()] == ["first", "second"]


def test_a_name_is_only_text(viewer: Client) -> None:
    page = save(viewer, "<script>alert(1)</script>\u202e", "q=x")
    assert "<script>alert" not in page.content.decode()
    assert "<script>alert(1)</script>" in text(page)
