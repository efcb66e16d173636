"""The pages of one event in a browser: status menu, choice of a status, copies, and a conflict on a phone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from events import services
from events.domain import EventRange
from events.pages.filters import long_date
from events.pages.today import today
from tests.browser.conftest import Open, sign_in, store
from tests.support.builders import ACTOR, make_staff

PHONE = {"width": 390, "height": 740}


def test_the_status_is_changed_in_the_header_and_can_be_undone(desk: Page) -> None:
    store()
    store("other", status="draft")
    desk.goto("/staff/event/launch/")
    desk.get_by_role("link", name="active").press("Enter")
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("The status of “Launch night” is now “draft”.")).to_be_visible()
    expect(desk).to_have_url("/staff/event/launch/")
    assert services.get_event("launch").fields["status"] == "draft"
    desk.get_by_label("Undo the change today").click()
    expect(desk.get_by_text("The change was undone.")).to_be_visible()
    assert services.get_event("launch").fields["status"] == "active"


def test_a_status_is_chosen_with_the_arrow_keys_or_typed(desk: Page) -> None:
    store()
    store("other", status="draft")
    desk.goto("/staff/event/launch/edit/")
    expect(desk.get_by_label("New status")).to_be_hidden()
    desk.get_by_role("radio", name="active").focus()
    desk.keyboard.press("ArrowRight")
    expect(desk.get_by_role("radio", name="draft")).to_be_checked()
    desk.keyboard.press("ArrowRight")
    desk.get_by_label("New status").fill("DRAFT")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("“Launch night” was saved.")).to_be_visible()
    assert services.get_event("launch").fields["status"] == "draft"


def test_save_stays_in_view_on_a_phone(open_browser: Open) -> None:
    make_staff("ada", "admin")
    store()
    page = open_browser(viewport=PHONE)
    sign_in(page, "ada")
    page.goto("/staff/event/launch/edit/")
    for top in (0, 150, 10_000):
        page.evaluate(f"scrollTo(0, {top})")
        expect(page.get_by_role("button", name="Save", exact=True)).to_be_in_viewport()


@pytest.mark.parametrize("scripts", [True, False])
def test_copies_for_several_weeks_with_one_undo(open_browser: Open, scripts: bool) -> None:
    make_staff("ada", "admin")
    store()
    page = open_browser(java_script_enabled=scripts, viewport=PHONE)
    sign_in(page, "ada")
    page.goto("/staff/event/launch/")
    page.locator("summary", has_text="Copy").click()
    page.get_by_role("link", name="Several days, weekly or monthly…").click()
    expect(page.get_by_label("Number of copies")).to_be_hidden()
    page.get_by_text("Every week").click()
    page.get_by_label("Number of copies").fill("10")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Create 10 events").dblclick(delay=100)
    expect(page.get_by_text("10 events created")).to_be_visible()
    assert len(services.list_events(EventRange())[0]) == 11
    page.get_by_role("button", name="Undo 10 changes").click()
    expect(page.get_by_text("10 changes undone")).to_be_visible()
    assert len(services.list_events(EventRange())[0]) == 1


def test_one_day_leads_to_the_form(desk: Page) -> None:
    store()
    day = (today() + timedelta(7)).isoformat()
    desk.goto("/staff/event/launch/copy/")
    desk.get_by_label("Day 1").fill(day)
    desk.get_by_role("button", name="Continue").click()
    expect(desk.get_by_role("heading", name="Copy of Launch night")).to_be_visible()
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("“Launch night” was created.")).to_be_visible()
    assert [event["date"] for event in services.list_events(EventRange())[0]] == [today().isoformat(), day]


@pytest.mark.parametrize("scripts", [True, False])
def test_the_menu_copies_to_a_day_at_once(open_browser: Open, scripts: bool) -> None:
    make_staff("ada", "admin")
    store()
    day = today() + timedelta(7)
    page = open_browser(java_script_enabled=scripts, viewport=PHONE)
    sign_in(page, "ada")
    page.goto("/staff/event/launch/")
    page.locator("summary", has_text="Copy").click()
    panel = page.locator(".head .menu-panel").bounding_box()
    assert panel
    assert panel["x"] >= 0
    assert panel["x"] + panel["width"] <= PHONE["width"]
    page.get_by_label("Copy to").fill(day.isoformat())
    page.get_by_role("button", name="Create the copy").dblclick(delay=100)
    expect(page.get_by_text(f"“Launch night” was copied to {long_date(day.isoformat())}.")).to_be_visible()
    expect(page.get_by_role("heading", level=1, name="Launch night")).to_be_visible()
    stored = services.list_events(EventRange())[0]
    assert [event["date"] for event in stored] == [today().isoformat(), day.isoformat()]
    assert {**stored[1], "eventId": "launch", "date": stored[0]["date"]} == stored[0]
    page.locator("#messages").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The change was undone.")).to_be_visible()
    assert len(services.list_events(EventRange())[0]) == 1


def test_a_conflict_fits_a_phone(open_browser: Open) -> None:
    make_staff("ada", "admin")
    store(title="حفل موسيقي شتوي", location="Donaudampfschifffahrtsgesellschaftskapitänsmützenhalle" * 3)
    page = open_browser(viewport=PHONE)
    sign_in(page, "ada")
    page.goto("/staff/event/launch/edit/")
    page.get_by_label("Title").fill("Mine")
    services.update_event("launch", {"title": "Theirs", "location": "Cellar"}, ACTOR)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Both changed it")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Save the result").click()
    expect(page.get_by_role("heading", level=1, name="Mine")).to_be_visible()
    assert services.get_event("launch").fields["location"] == "Cellar"
