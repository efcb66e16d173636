"""The activity page: what everyone did, whoever and whatever they are."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client

from events import activity, batches, services
from events.domain import Actor
from events.tasks import Task
from tests.support.builders import store_titled as store
from tests.support.page_reader import links, text

ACTIVITY = "/staff/activity/"
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
    assert '<time class="small text-body-secondary" datetime="2026-12-31T20:00:00.000001Z">' in page.content.decode()
    assert "1 Jan 2027, 01:30" in text(page)


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
    assert "edith imported 2 events" in text(viewer.get(ACTIVITY + links(page)["Older →"]))


def test_pages_go_on_to_the_first_change_and_back_to_the_latest(viewer: Client) -> None:
    for number in range(60):
        store(f"e{number:02}")
    page = viewer.get(ACTIVITY)
    titles = [word for word in links(page) if word.startswith("e")]
    assert titles == [f"e{number:02}" for number in range(59, 9, -1)]
    assert "Latest" not in links(page)
    older = viewer.get(ACTIVITY + links(page)["Older →"])
    assert [word for word in links(older) if word.startswith("e")] == [f"e{number:02}" for number in range(9, -1, -1)]
    assert "Older →" not in links(older)
    assert links(older)["Latest"] == ACTIVITY


@pytest.mark.parametrize("cursor", ["x", "é", "MCM", "MjAyNi0xMi0wMSNl", "%00", "\ud7ff" * 900])
def test_what_is_no_cursor_begins_anew(viewer: Client, cursor: str) -> None:
    store("e")
    page = viewer.get(ACTIVITY, {"before": cursor})
    assert page.status_code == 200
    assert "e" in links(page)


def test_nothing_happened_yet(viewer: Client) -> None:
    assert "No activity yet" in text(viewer.get(ACTIVITY))


def test_nothing_is_older(viewer: Client) -> None:
    page = viewer.get(ACTIVITY, {"before": "MjAyNi0xMi0wMVQxMDowMDowMC4wMDAwMDBaI2U"})
    assert "No older changes" in text(page)
    assert links(page)["Latest"] == ACTIVITY


def test_markup_is_text(viewer: Client) -> None:
    evil = "<script>alert(1)</script>\"'&"
    store("e", actor=Actor(f"key:{evil}"), title=evil)
    page = viewer.get(ACTIVITY)
    assert page.content.decode().count("<script>") == 0
    assert f"API key {evil} created {evil}" in text(page)
