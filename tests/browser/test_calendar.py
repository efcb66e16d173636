"""The calendar with a mouse and with the keyboard, and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from events import services
from tests.browser.conftest import Open, sign_in, store
from tests.support.builders import ACTOR, make_staff

MONTH = "/staff/calendar/?month=2026-12"


def day(page: Page, date: str) -> str:
    """Where the focus is, as the date of its day."""
    focused = page.locator(f"[data-date='{date}']")
    expect(focused).to_be_focused()
    return date


def test_dragging_moves_an_event_and_undo_moves_it_back(desk: Page) -> None:
    store("gala", title="Gala", date="2026-12-01")
    store("other", title="Other", date="2026-12-01")
    desk.goto(MONTH)
    desk.get_by_role("link", name="Gala", exact=True).drag_to(desk.locator("[data-date='2026-12-24']"))
    expect(desk.get_by_text("“Gala” was moved to Thu 24 Dec 2026.")).to_be_visible()
    expect(desk).to_have_url(re.compile(r"/calendar/\?month=2026-12$"))
    expect(desk.locator("[data-date='2026-12-24']").get_by_role("link", name="Gala", exact=True)).to_be_visible()
    assert services.get_event("other").fields["date"] == "2026-12-01"
    desk.get_by_role("button", name="Undo").click()
    expect(desk.locator("[data-date='2026-12-01']").get_by_role("link", name="Gala", exact=True)).to_be_visible()
    assert services.get_event("gala").fields["date"] == "2026-12-01"


def test_dropping_an_event_elsewhere_changes_nothing(desk: Page) -> None:
    store("gala", title="Gala", date="2026-12-01")
    desk.goto(MONTH)
    event = desk.get_by_role("link", name="Gala", exact=True)
    event.drag_to(desk.locator("[data-date='2026-12-01']"), target_position={"x": 60, "y": 90})
    event.drag_to(desk.get_by_role("heading", level=1))
    desk.get_by_role("link", name="New event", exact=True).drag_to(desk.locator("[data-date='2026-12-24']"))
    expect(desk).to_have_url(re.compile(r"/calendar/\?month=2026-12$"))
    assert services.get_event("gala").updated_at == services.get_event("gala").created_at


def test_dragging_an_event_that_was_deleted_says_so(desk: Page) -> None:
    store("gala", title="Gala", date="2026-12-01")
    desk.goto(MONTH)
    services.delete_event("gala", ACTOR)
    desk.get_by_role("link", name="Gala", exact=True).drag_to(desk.locator("[data-date='2026-12-24']"))
    expect(desk.get_by_role("heading", level=1)).not_to_have_text("December 2026")


def test_the_keyboard_moves_between_days_and_months(desk: Page) -> None:
    desk.goto(MONTH)
    desk.get_by_role("link", name="New event on Wed 16 Dec 2026").focus()
    for key, date in (
        ("ArrowRight", "2026-12-17"),
        ("ArrowDown", "2026-12-24"),
        ("ArrowLeft", "2026-12-23"),
        ("ArrowUp", "2026-12-16"),
    ):
        desk.keyboard.press(key)
        day(desk, date)
    desk.keyboard.press("PageDown")
    expect(desk).to_have_url(re.compile("month=2027-01"))
    day(desk, "2027-01-01")
    desk.keyboard.press("ArrowUp")  # there is no day
    day(desk, "2027-01-01")
    desk.keyboard.press("PageUp")
    expect(desk).to_have_url(re.compile("month=2026-12"))
    desk.keyboard.press("Tab")
    expect(desk.get_by_role("link", name="New event on Tue 1 Dec 2026")).to_be_focused()
    expect(desk.get_by_text("the arrow keys go to another day")).to_be_visible()


def test_the_keyboard_moves_within_the_agenda(desk: Page) -> None:
    store("gala", title="Gala", date="2026-12-01")
    store("other", title="Other", date="2026-12-24")
    desk.goto("/staff/calendar/?view=agenda&month=2026-12")
    desk.get_by_role("link", name="Gala", exact=True).focus()
    desk.keyboard.press("ArrowDown")
    day(desk, "2026-12-24")


@pytest.mark.parametrize("width", [390, 1280])
def test_without_scripts_a_form_moves_an_event(open_browser: Open, width: int) -> None:
    store("gala", title="Gala", date="2026-12-01")
    make_staff("ada", "admin")
    page = open_browser(java_script_enabled=False, viewport={"width": width, "height": 800})
    sign_in(page, "ada")
    page.goto(MONTH)
    page.get_by_role("link", name="Move Gala").focus()
    page.keyboard.press("Enter")
    page.get_by_label("New date").fill("2026-12-24")
    page.keyboard.press("Enter")
    expect(page.get_by_text("“Gala” was moved to Thu 24 Dec 2026.")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/calendar/\?month=2026-12$"))


def test_a_phone_shows_only_days_with_events(open_browser: Open) -> None:
    store("gala", title="Gala", date="2026-12-01")
    make_staff("ada", "admin")
    page = open_browser(viewport={"width": 390, "height": 800})
    sign_in(page, "ada")
    page.goto(MONTH)
    expect(page.locator("[data-date='2026-12-01']")).to_be_visible()
    expect(page.locator("[data-date='2026-12-02']")).to_be_hidden()
    page.goto("/staff/calendar/?month=2031-01")
    expect(page.get_by_text("No events in January 2031.")).to_be_visible()


def test_a_month_fits_on_a_desktop_screen(desk: Page) -> None:
    for number in range(5):
        store(f"e{number}", date="2026-12-16")
    desk.set_viewport_size({"width": 1280, "height": 860})
    desk.goto(MONTH)
    box = desk.locator("[data-date='2026-12-31']").bounding_box()
    assert box
    assert box["y"] + box["height"] <= 860
    heights = desk.locator(".month-event").evaluate_all("all => all.map(one => one.offsetHeight)")
    assert max(heights) <= 24
