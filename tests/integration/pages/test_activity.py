"""The activity page: the changes of people, API keys and commands."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client

from events import activity, batches, services
from events.domain import Actor
from events.pages.filters import moment
from events.tasks import Task
from tests.support.builders import day
from tests.support.builders import store_titled as store
from tests.support.page_reader import links, text

ACTIVITY = "/staff/activity/"
DELETED = "/staff/deleted/"
EDITH = Actor("edith", "192.0.2.7")


def test_who_did_what_to_which(viewer: Client) -> None:
    store("Jazz", "2026-12-01", Actor("key:Website"))
    store("Chess", actor=Actor("anonymous"))
    store("Yoga", actor=Actor("samples"))
    services.update_event("Jazz", {"title": "Early jazz", "date": "2026-12-02"}, EDITH)
    services.delete_event("Chess", EDITH)
    page = viewer.get(ACTIVITY)
    said = text(page)
    told = ["edith deleted Chess", "edith changed Early jazz : title, date", "samples created Yoga"]
    told += ["The API (no key) created Chess", "API key Website created Jazz"]
    assert sorted(told, key=said.index) == told
    assert links(page)["Early jazz"] == "/staff/event/Jazz/"
    assert viewer.get(links(page)["Chess"]).status_code == 410  # deleted; its history is there


def test_when_is_told_in_the_desks_time(viewer: Client, settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Kolkata"
    with patch("events.domain._timestamp", return_value="2026-12-31T20:00:00.000001Z"):
        store("e")
    page = viewer.get(ACTIVITY)
    assert 'datetime="2026-12-31T20:00:00.000Z" title="1 Jan 2027, 01:30"' in page.content.decode()


def test_batches_are_one_line_each(viewer: Client) -> None:
    for number in range(4):
        store(f"e{number}")
    tasks = [Task("update", f"e{number}", f"e{number}", changes={"status": "draft"}) for number in range(3)]
    changed = batches.prepare("status", tasks, EDITH, "draft")
    batches.run(changed.id, EDITH)
    batches.run(batches.undo_batch(changed.id, EDITH).id, EDITH)
    alone = batches.prepare("delete", [Task("delete", "e3", "e3")], EDITH, "")
    batches.run(alone.id, EDITH)
    page = viewer.get(ACTIVITY)
    said = text(page)
    assert "edith deleted e3" in said
    assert "edith undid changes to 3 events" in said
    assert "edith set the status of 3 events" in said
    assert page.content.decode().count("<summary>") == 2
    assert said.count("changed e1") == 1
    assert links(page)["e1"] == "/staff/event/e1/"


def test_a_batch_that_goes_on_says_so(viewer: Client) -> None:
    for number in range(53):
        store(f"e{number}", actor=Actor("edith", batch="import-0123456789abcdef"))
    with patch.object(activity, "_MORE_QUERIES", 0):
        page = viewer.get(ACTIVITY)
    assert "edith imported at least 51 events" in text(page)
    assert "edith imported 2 events" in text(viewer.get(ACTIVITY + links(page)["Older"]))


def test_pages_go_on_to_the_first_change_and_back_to_the_latest(viewer: Client) -> None:
    for number in range(60):
        store(f"e{number:02}")
    page = viewer.get(ACTIVITY)
    titles = [word for word in links(page) if word.startswith("e")]
    assert titles == [f"e{number:02}" for number in range(59, 9, -1)]
    assert "Latest" not in links(page)
    older = viewer.get(ACTIVITY + links(page)["Older"])
    assert [word for word in links(older) if word.startswith("e")] == [f"e{number:02}" for number in range(9, -1, -1)]
    assert "Older" not in links(older)
    assert links(older)["Latest"] == "?"


@pytest.mark.parametrize("cursor", ["x", "é", "MCM", "MjAyNi0xMi0wMSNl", "%00", "\ud7ff" * 900])
def test_an_invalid_cursor_shows_the_first_page(viewer: Client, cursor: str) -> None:
    store("e")
    page = viewer.get(ACTIVITY, {"before": cursor})
    assert page.status_code == 200
    assert "e" in links(page)


def test_nothing_happened_yet(viewer: Client) -> None:
    assert "No activity yet" in text(viewer.get(ACTIVITY))


def test_nothing_is_older(viewer: Client) -> None:
    page = viewer.get(ACTIVITY, {"before": "MjAyNi0xMi0wMVQxMDowMDowMC4wMDAwMDBaI2U"})
    assert "No older changes" in text(page)
    assert links(page)["Latest"] == "?"


def test_markup_is_text(viewer: Client) -> None:
    evil = "<script>alert(1)</script>\"'&"
    store("e", actor=Actor(f"key:{evil}"), title=evil)
    page = viewer.get(ACTIVITY)
    assert page.content.decode().count("<script>") == 0
    assert f"API key {evil} created {evil}" in text(page)


def test_filters_by_person_action_and_date(viewer: Client) -> None:
    store("Jazz", actor=Actor("key:Website"))
    store("Chess", actor=Actor("anonymous"))
    services.update_event("Chess", {"capacity": 3}, EDITH)

    def shown(**query: str) -> list[str]:
        return [name for name in links(viewer.get(ACTIVITY, query)) if name in ("Jazz", "Chess")]

    assert shown(person="Edith") == ["Chess"]
    assert shown(person="Website") == shown(person="API key Website") == ["Jazz"]
    assert shown(person="The API (no key)") == ["Chess"]
    assert shown(person="edi") == []
    assert shown(action="update") == ["Chess"]
    assert shown(action="bulk") == []
    assert shown(first=day(0), last=day(0)) == ["Chess", "Jazz"]
    assert shown(first=day(1)) == shown(last=day(-1)) == []
    assert shown(first="0001-01-01", last="9999-12-31") == ["Chess", "Jazz"]


def test_nothing_matches(viewer: Client) -> None:
    store("e")
    page = viewer.get(ACTIVITY, {"person": "nobody"})
    assert "No changes match" in text(page)
    assert links(page)["Clear"] == ACTIVITY


@pytest.mark.parametrize(
    "query", [{"first": "nonsense"}, {"last": "2026-02-30"}, {"action": "x"}, {"person": "x" * 101}, {"person": "a\0b"}]
)
def test_an_invalid_filter_shows_an_error_and_does_not_filter(viewer: Client, query: dict[str, str]) -> None:
    store("e")
    page = viewer.get(ACTIVITY, query)
    assert page.status_code == 200
    assert "e" in links(page)
    assert "invalid-feedback" in page.content.decode()


def test_a_search_that_takes_long_offers_to_continue(viewer: Client) -> None:
    store("rare", actor=EDITH)
    for number in range(9):
        store(f"e{number}")
    with patch.object(activity, "_SEARCHED", (3, 3)):
        page = viewer.get(ACTIVITY, {"person": "edith"})
        assert "Nothing found so far" in text(page)
        page = viewer.get(ACTIVITY + links(page)["Continue searching"])
    assert "edith created rare" in text(page)


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2026-11-26T03:26:00.000001Z", "today 04:26"),
        ("2026-11-25T23:26:00.000001Z", "today 00:26"),
        ("2026-11-25T16:02:00.000001Z", "yesterday 17:02"),
        ("2026-11-24T10:40:00.000001Z", "24 Nov 11:40"),
        ("2025-11-24T10:40:00.000001Z", "24 Nov 2025 11:40"),
        ("1970-01-01T00:00:00.000000Z", "at an unknown time"),
    ],
)
def test_times_are_short(settings: Any, at: str, shown: str) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    with patch("django.utils.timezone.now", return_value=datetime.fromisoformat("2026-11-26T09:00:00+00:00")):
        assert moment(at) == shown


class TestDeleted:
    def test_who_when_and_restore(self, editor: Client) -> None:
        store("Jazz")
        services.delete_event("Jazz", Actor("anna"))
        page = editor.get(DELETED)
        assert "anna deleted Jazz today" in text(page)
        assert links(page)["Jazz"] == "/staff/event/Jazz/"
        address = re.findall(r'action="([^"]*undo[^"]*)"', page.content.decode())[0]
        assert editor.post(unescape(address)).status_code == 302
        assert services.get_event("Jazz").fields["title"] == "Jazz"
        assert "No deleted events" in text(editor.get(DELETED))
        assert editor.post(unescape(address)).status_code == 302  # a double click

    def test_a_lost_race_is_a_clear_error(self, editor: Client) -> None:
        store("Jazz")
        services.delete_event("Jazz", Actor("anna"))
        address = re.findall(r'action="([^"]*undo[^"]*)"', editor.get(DELETED).content.decode())[0]
        store("Jazz", actor=Actor("anna"), location="Elsewhere")
        response = editor.post(unescape(address))
        assert response.status_code == 409
        assert "The event has changed since then." in text(response)
        assert services.get_event("Jazz").fields["location"] == "Elsewhere"

    def test_a_viewer_cannot_restore(self, viewer: Client) -> None:
        store("Jazz")
        services.delete_event("Jazz", Actor("anna"))
        page = viewer.get(DELETED)
        assert "anna deleted Jazz" in text(page)
        assert "Restore" not in text(page)

    def test_the_menu_leads_there(self, viewer: Client) -> None:
        assert links(viewer.get("/staff/"))["Deleted"] == DELETED
        assert f'href="{DELETED}" aria-current="page"' in viewer.get(DELETED).content.decode()

    def test_pages_and_invalid_cursors(self, viewer: Client) -> None:
        for number in range(52):
            store(f"e{number:02}")
            services.delete_event(f"e{number:02}", EDITH)
        page = viewer.get(DELETED)
        assert len([name for name in links(page) if name.startswith("e")]) == 50
        older = viewer.get(DELETED + links(page)["Older"])
        assert [name for name in links(older) if name.startswith("e")] == ["e01", "e00"]
        assert viewer.get(DELETED, {"before": "\ud7ff"}).status_code == 200
