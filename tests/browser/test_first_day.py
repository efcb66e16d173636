"""The first day of a new user, from sign-in to sign-out: with scripts, without scripts, and on a phone."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from events import services
from events.domain import EventRange
from events.pages.today import today
from tests.browser.conftest import Open, sign_in
from tests.support.builders import make_staff

TOMORROW = (today() + timedelta(1)).isoformat()
WINDOWS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "without scripts": {"viewport": {"width": 1280, "height": 800}, "java_script_enabled": False},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
}


def stored() -> dict[str, str]:
    """The title and the status of every event."""
    return {event["title"]: event["status"] for event in services.list_events(EventRange())[0]}


def go(page: Page, name: str) -> None:
    """Follows a link of the menu, which phones hide behind a button."""
    if page.get_by_text("Menu", exact=True).is_visible():
        page.get_by_text("Menu", exact=True).click()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=name, exact=True).locator(
        "visible=true"
    ).click()


def fill(page: Page, **typed: str) -> None:
    for label, text in typed.items():
        page.get_by_label(re.compile(f"^{label}")).fill(text)


def row(page: Page, title: str) -> None:
    expect(page.get_by_role("link", name=title, exact=True)).to_be_visible()


def create(page: Page, title: str, status: str = "active", button: str = "Save") -> None:
    fill(page, Title=title, Date=TOMORROW, Location="Main hall", Capacity="40", Organizer="Events team")
    known = page.locator("label.choice", has_text=re.compile(f"^{status}$"))
    if known.count():
        known.click()
    else:
        page.locator("label.choice", has_text="Another…").click()
        fill(page, **{"New status": status})
    page.get_by_role("button", name=button, exact=True).click()


@pytest.mark.parametrize("window", WINDOWS)
def test_the_first_day(open_browser: Open, window: str, tmp_path: Path) -> None:
    make_staff("eva", "editor")
    page = open_browser(**WINDOWS[window])
    page.goto("/")
    expect(page).to_have_url(re.compile("/staff/login/"))
    sign_in(page, "eva")

    # Without events, the list offers to create one. Create one event, then a second one.
    go(page, "Events")
    page.get_by_role("link", name="Create an event").click()
    create(page, "Jazz night", button="Save and add another")
    expect(page.get_by_text("“Jazz night” was created.")).to_be_visible()
    create(page, "Chess evening", "draft")
    expect(page.get_by_role("heading", level=1, name="Chess evening")).to_be_visible()

    # Edit, first with an invalid value.
    page.get_by_role("link", name="Edit").click()
    fill(page, Capacity="-4", Location="Café")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Capacity: Must not be negative.")
    expect(page.get_by_label("Location")).to_have_value("Café")
    fill(page, Capacity="16")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("“Chess evening” was saved.")).to_be_visible()

    # Filter, and keep the filter through an event and back.
    go(page, "Events")
    page.get_by_label("Search").fill("caf")
    if window == "without scripts":
        page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("link", name="Jazz night")).to_have_count(0)
    page.get_by_role("link", name="Chess evening").click()
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Events").click()
    expect(page.get_by_label("Search")).to_have_value("caf")
    page.get_by_role("link", name="Clear", exact=True).click()

    # Copy.
    page.get_by_role("link", name="Jazz night").click()
    page.locator("summary", has_text="Copy").click()
    page.get_by_label("Copy to").fill(TOMORROW)
    page.get_by_role("button", name="Create the copy").click()
    expect(page.get_by_text("There is 1 other event on this day at this location")).to_be_visible()
    fill(page, Title="Jazz matinee")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Jazz matinee")).to_be_visible()

    # Two windows change the same event.
    other = page.context.new_page()
    other.goto(page.url)
    for one in (page, other):
        one.get_by_role("link", name="Edit").click()
    fill(other, Location="Garden", Title="Jazz brunch")
    other.get_by_role("button", name="Save", exact=True).click()
    expect(other.get_by_text("was saved.")).to_be_visible()
    other.close()
    fill(page, Title="Jazz lunch", Capacity="50")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="You changed this event in another window")).to_be_visible()
    titles = page.locator("section.list-group-item", has=page.get_by_role("heading", name="Title"))
    expect(titles).to_contain_text("Jazz matinee")
    expect(titles).to_contain_text("Both changed it")
    expect(page.get_by_label("Location")).to_have_value("Garden")
    page.get_by_role("button", name="Save the result").click()
    expect(page.get_by_role("heading", level=1, name="Jazz lunch")).to_be_visible()
    expect(page.locator(".facts")).to_contain_text("Garden")

    # Delete, and undo.
    page.get_by_role("link", name="Delete…").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("“Jazz lunch” was deleted.")).to_be_visible()
    assert "Jazz lunch" not in stored()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The change was undone.")).to_be_visible()
    assert "Jazz lunch" in stored()

    # Bulk change, and undo.
    go(page, "Events")
    for title in ("Jazz night", "Jazz lunch"):
        page.get_by_role("checkbox", name=f"Select {title}").check()
    page.locator(".bulk summary").click()
    page.get_by_role("button", name="Another status…").click()
    page.get_by_label("Status").fill("cancelled")
    page.get_by_role("button", name="Preview the changes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Edit 2 events?")
    page.get_by_role("button", name="Change 2 events").click()
    expect(page.get_by_text("2 events updated")).to_be_visible()
    assert stored() == {"Jazz night": "cancelled", "Jazz lunch": "cancelled", "Chess evening": "draft"}
    page.get_by_role("button", name="Undo 2 changes").click()
    expect(page.get_by_text("2 changes undone")).to_be_visible()
    assert stored() == {"Jazz night": "active", "Jazz lunch": "active", "Chess evening": "draft"}

    # Export, and import the file with one changed line.
    go(page, "Events")
    with page.expect_download() as download:
        page.locator("summary", has_text="Export").click()
        page.get_by_role("link", name="CSV").click()
    file = tmp_path / "exported.csv"
    download.value.save_as(file)
    file.write_bytes(file.read_bytes().replace(b"Chess evening", b"Chess night"))
    go(page, "Import")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_text("Chess night").first).to_be_visible()
    page.get_by_role("button", name="Import 1 event").click()
    expect(page.get_by_text("1 event imported")).to_be_visible()
    assert set(stored()) == {"Jazz night", "Jazz lunch", "Chess night"}

    # The calendar leads to the event.
    go(page, "Calendar")
    page.goto(f"/staff/calendar/?month={TOMORROW[:7]}")
    page.get_by_role("link", name="Chess night", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Chess night")).to_be_visible()

    # Activity.
    go(page, "Activity")
    expect(page.get_by_role("main")).to_contain_text("eva")

    # After sign-out, nothing is visible.
    page.get_by_text("eva", exact=False).locator("visible=true").first.click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.goto("/staff/events/")
    expect(page).to_have_url(re.compile("/staff/login/"))
