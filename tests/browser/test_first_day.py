"""The first day of a new user, from sign-in to sign-out.

By keyboard only, on a phone, without scripts, and at 200 % zoom with right-to-left titles.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from events import services
from events.domain import EventRange
from events.pages.today import today
from events.visible_text import quoted
from tests.browser.conftest import Open, store
from tests.browser.hands import Keyboard, Mouse
from tests.support.builders import PASSWORD, make_staff

TOMORROW = (today() + timedelta(1)).isoformat()
WINDOWS: dict[str, dict[str, Any]] = {
    "without scripts": {"viewport": {"width": 1280, "height": 800}, "java_script_enabled": False},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
    "keyboard": {"viewport": {"width": 1280, "height": 800}},
    "zoomed, right to left": {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2},
}
ENGLISH = ("Jazz night", "Jazz matinee", "Jazz brunch", "Jazz lunch", "Chess evening", "Chess night")
ARABIC = ("ليلة الجاز", "جاز بعد الظهر", "فطور الجاز", "غداء الجاز", "أمسية الشطرنج", "ليلة الشطرنج")


def stored() -> dict[str, str]:
    """The title and the status of every event."""
    return {event["title"]: event["status"] for event in services.list_events(EventRange())[0]}


def go(hands: Mouse, page: Page, name: str) -> None:
    """Follows a link of the menu, which phones hide behind a button."""
    if page.get_by_text("Menu", exact=True).is_visible():
        hands.click(page.get_by_text("Menu", exact=True))
    menu = page.get_by_role("navigation", name="Pages")
    link = menu.get_by_role("link", name=name, exact=True).locator("visible=true")
    address = link.get_attribute("href")
    hands.click(link)
    page.wait_for_url(f"**{address}")  # a second navigation before this one commits may hang Chromium


def fill(hands: Mouse, page: Page, **typed: str) -> None:
    for label, text in typed.items():
        hands.fill(page.get_by_label(re.compile(f"^{label}")), text)


def create(hands: Mouse, page: Page, title: str, status: str = "active", button: str = "Save") -> None:
    fill(hands, page, Title=title, Date=TOMORROW, Location="Main hall", Capacity="40", Organizer="Events team")
    known = page.locator("label.choice", has_text=re.compile(f"^{status}$"))
    if known.count():
        hands.choose(known)
    else:
        hands.choose(page.locator("label.choice", has_text="Another…"))
        fill(hands, page, **{"New status": status})
    hands.click(page.get_by_role("button", name=button, exact=True))


@pytest.mark.parametrize("window", WINDOWS)
def test_the_first_day(open_browser: Open, window: str, tmp_path: Path) -> None:
    night, matinee, brunch, lunch, evening, chess = ARABIC if window == "zoomed, right to left" else ENGLISH
    hands = Keyboard() if window == "keyboard" else Mouse()
    make_staff("eva", "editor")
    page = open_browser(**WINDOWS[window])
    page.goto("/")
    expect(page).to_have_url(re.compile("/staff/login/"))
    fill(hands, page, Username="eva", Password=PASSWORD)
    hands.click(page.get_by_role("button", name="Sign in", exact=True))

    # Without events, the list offers to create one. Create one event, then a second one.
    go(hands, page, "Events")
    hands.click(page.get_by_role("link", name="Create an event"))
    create(hands, page, night, button="Save and add another")
    expect(page.get_by_text(f"{quoted(night)} was created.")).to_be_visible()
    create(hands, page, evening, "draft")
    expect(page.get_by_role("heading", level=1, name=evening)).to_be_visible()

    # Edit, first with an invalid value.
    hands.click(page.get_by_role("link", name="Edit"))
    fill(hands, page, Capacity="-4", Location="Kiosk")
    hands.click(page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_role("alert")).to_contain_text("Capacity: Must not be negative.")
    expect(page.get_by_label("Location")).to_have_value("Kiosk")
    fill(hands, page, Capacity="16")
    hands.click(page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_text(f"{quoted(evening)} was saved.")).to_be_visible()

    # Filter, and keep the filter through an event and back.
    go(hands, page, "Events")
    hands.fill(page.get_by_label("Search"), "kio")  # not in any eventId: those are hexadecimal
    if window == "without scripts":
        hands.click(page.get_by_role("button", name="Filter"))
    expect(page).to_have_url(re.compile("[?]q=kio&"))  # the list of "k" may arrive first, and is replaced
    expect(page.get_by_role("link", name=night)).to_have_count(0)
    hands.click(page.get_by_role("link", name=evening))
    hands.click(page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Events"))
    expect(page.get_by_label("Search")).to_have_value("kio")
    hands.click(page.get_by_role("link", name="Clear", exact=True))

    # Copy.
    hands.click(page.get_by_role("link", name=night))
    hands.click(page.locator("summary", has_text="Copy"))
    hands.fill(page.get_by_label("Copy to"), TOMORROW)
    hands.click(page.get_by_role("button", name="Create the copy"))
    expect(page.get_by_text("There is 1 other event on this day at this location")).to_be_visible()
    fill(hands, page, Title=matinee)
    hands.click(page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_role("heading", level=1, name=matinee)).to_be_visible()

    # Two windows change the same event.
    other = page.context.new_page()
    other.goto(page.url)
    for one in (page, other):
        hands.click(one.get_by_role("link", name="Edit"))
    fill(hands, other, Location="Garden", Title=brunch)
    hands.click(other.get_by_role("button", name="Save", exact=True))
    expect(other.get_by_text("was saved.")).to_be_visible()
    other.close()
    fill(hands, page, Title=lunch, Capacity="50")
    hands.click(page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_role("heading", level=1, name="You changed this event in another window")).to_be_visible()
    titles = page.locator("section.list-group-item", has=page.get_by_role("heading", name="Title"))
    expect(titles).to_contain_text(matinee)
    expect(titles).to_contain_text("Both changed it")
    expect(page.get_by_label("Location")).to_have_value("Garden")
    hands.click(page.get_by_role("button", name="Save the result"))
    expect(page.get_by_role("heading", level=1, name=lunch)).to_be_visible()
    expect(page.locator(".facts")).to_contain_text("Garden")

    # Delete, and undo.
    hands.click(page.get_by_role("link", name="Delete…"))
    hands.click(page.get_by_role("button", name="Delete", exact=True))
    expect(page.get_by_text(f"{quoted(lunch)} was deleted.")).to_be_visible()
    assert lunch not in stored()
    hands.click(page.get_by_role("button", name="Undo"))
    expect(page.get_by_text("The change was undone.")).to_be_visible()
    assert lunch in stored()

    # Bulk change, and undo.
    go(hands, page, "Events")
    for title in (night, lunch):
        hands.check(page.get_by_role("checkbox", name=f"Select {title}"))
    hands.click(page.locator(".bulk summary"))
    hands.click(page.get_by_role("button", name="Another status…"))
    hands.fill(page.get_by_label("Status"), "cancelled")
    hands.click(page.get_by_role("button", name="Preview the changes"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Edit 2 events?")
    hands.click(page.get_by_role("button", name="Change 2 events"))
    expect(page.get_by_text("2 events updated")).to_be_visible()
    assert stored() == {night: "cancelled", lunch: "cancelled", evening: "draft"}
    hands.click(page.get_by_role("button", name="Undo 2 changes"))
    expect(page.get_by_text("2 changes undone")).to_be_visible()
    assert stored() == {night: "active", lunch: "active", evening: "draft"}

    # Export, and import the file with one changed line.
    go(hands, page, "Events")
    with page.expect_download() as download:
        hands.click(page.locator("summary", has_text="Export"))
        hands.click(page.get_by_role("link", name="CSV"))
    file = tmp_path / "exported.csv"
    download.value.save_as(file)
    file.write_bytes(file.read_bytes().replace(evening.encode(), chess.encode()))
    go(hands, page, "Import")
    hands.choose_file(page.locator("input[type=file]"), file)
    hands.click(page.get_by_role("button", name="Check the file"))
    expect(page.get_by_role("link", name=chess)).to_be_visible()
    hands.click(page.get_by_role("button", name="Import 1 event"))
    expect(page.get_by_text("1 event imported")).to_be_visible()
    assert set(stored()) == {night, lunch, chess}

    # The calendar leads to the event.
    go(hands, page, "Calendar")
    page.goto(f"/staff/calendar/?month={TOMORROW[:7]}")
    hands.click(page.get_by_role("link", name=chess, exact=True))
    expect(page.get_by_role("heading", level=1, name=chess)).to_be_visible()

    # Activity.
    go(hands, page, "Activity")
    expect(page.get_by_role("main")).to_contain_text("eva")

    # After sign-out, nothing is visible.
    hands.click(page.get_by_role("button", name=re.compile("^eva")))
    hands.click(page.get_by_role("button", name="Sign out", exact=True))
    expect(page.get_by_label("Username")).to_be_visible()
    page.goto("/staff/events/")
    expect(page).to_have_url(re.compile("/staff/login/"))


def test_a_right_to_left_title_turns_only_its_own_cell(desk: Page) -> None:
    """Its first strong letter decides the direction; the columns stay where they are."""
    store("english", title=ENGLISH[0])
    store("arabic", title=f"{ARABIC[0]} (2026)", location="Main hall 2")
    desk.goto("/staff/events/")
    rows = {name: desk.locator("tbody tr", has_text=title) for name, title in (("en", ENGLISH[0]), ("ar", ARABIC[0]))}
    places = {name: [cell.bounding_box() for cell in row.locator("td").all()] for name, row in rows.items()}
    assert [box and box["x"] for box in places["ar"]] == [box and box["x"] for box in places["en"]]
    assert [style(cell, "direction") for cell in rows["ar"].locator("td").all()] == ["ltr", "ltr", "rtl", *["ltr"] * 4]
    assert style(rows["ar"].locator("td.title"), "text-align") == "left"
    rows["ar"].get_by_role("link", name=ARABIC[0]).click()
    heading = desk.get_by_role("heading", level=1)
    assert style(heading, "direction") == "rtl"
    assert [style(part, "direction") for part in desk.locator(".breadcrumb, .breadcrumb-item:last-child").all()] == [
        "ltr",
        "rtl",
    ]


def style(target: Locator, name: str) -> str:
    return str(target.evaluate("(one, name) => getComputedStyle(one).getPropertyValue(name)", name))
