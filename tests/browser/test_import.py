"""An import of a calendar, from the file to the list: with scripts, without, and on a phone."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from events import services
from events.domain import EventRange
from tests.browser.conftest import Open, sign_in
from tests.browser.hands import Mouse
from tests.browser.problems import WINDOWS, problems
from tests.browser.test_first_day import WINDOWS as WAYS
from tests.browser.test_first_day import go
from tests.support.builders import make_staff, store
from tests.support.spreadsheets import FOLDER


def send(page: Page, name: str) -> None:
    go(Mouse(), page, "Import")
    page.locator("input[type=file]").set_input_files(FOLDER / name)
    page.get_by_role("button", name="Check the file").click()


def fill_in_what_is_missing(page: Page) -> None:
    for label, text in (("Capacity", "50"), ("Organizer", "Northtown"), ("Status", "active")):
        expect(page.get_by_label(label, exact=True)).to_have_value("value")
        page.get_by_label(f"{label} for all rows").fill(text)
    page.get_by_role("button", name="Show the preview").click()


@pytest.mark.parametrize("way", WAYS)
def test_a_calendar_of_another_program(open_browser: Open, way: str) -> None:
    page = open_browser(**WAYS[way])
    make_staff("eva")
    sign_in(page, "eva")
    send(page, "google-calendar.csv")
    expect(page.get_by_role("heading", level=1)).to_have_text("Columns of google-calendar.csv")
    expect(page.get_by_label("Location for all rows")).to_be_hidden()
    page.get_by_label("Location", exact=True).select_option("One value for all rows")
    expect(page.get_by_label("Location for all rows")).to_be_visible()
    page.get_by_label("Location", exact=True).select_option(index=9)
    fill_in_what_is_missing(page)
    expect(page.get_by_text("1 event will be imported.")).to_be_visible()

    # The columns can still be changed, and the file is not sent again.
    page.get_by_text("Change columns").click()
    page.get_by_label("Capacity for all rows").fill("60")
    page.get_by_role("button", name="Update the preview").click()
    page.get_by_role("button", name="Import 1 event").click()
    expect(page.get_by_text("1 event imported")).to_be_visible()
    page.get_by_role("link", name="Back to the events").click()
    expect(page.get_by_role("link", name="Spring fair", exact=True)).to_be_visible()
    [event] = services.list_events(EventRange())[0]
    assert (event["date"], event["capacity"], event["location"]) == ("2027-05-30", 60, "Market square, Northtown")

    # The same file again: the columns are remembered, and the event is not doubled.
    send(page, "google-calendar.csv")
    expect(page.get_by_text("1 possible duplicate", exact=True).first).to_be_visible()
    page.get_by_role("button", name="Import the selected rows").click()
    expect(page.get_by_text("Select at least one row.")).to_be_visible()


@pytest.mark.parametrize("window", WINDOWS)
def test_the_pages_of_an_import(open_browser: Open, window: str) -> None:
    """As in test_every_page: these pages are responses to a form."""
    store(title="Spring fair", date="2027-05-30")
    make_staff("eva")
    page = open_browser(**WINDOWS[window])
    sign_in(page, "eva")
    send(page, "google-calendar.csv")
    found = problems(page)
    page.get_by_role("button", name="Show the preview").click()
    expect(page.get_by_role("alert")).to_be_visible()
    found += problems(page)
    fill_in_what_is_missing(page)
    expect(page.get_by_role("heading", name="Possible duplicates")).to_be_visible()
    found += problems(page)
    page.get_by_text("Change columns").click()
    found += problems(page)
    assert found == []


def test_all_possible_duplicates_are_selected_at_once(desk: Page) -> None:
    for title in ("Spring fair", "Autumn fair"):
        store(title, title=title, date="2027-05-30")
    row = "{},2027-05-30,Hall,10,Team,active\n"
    content = "title,date,location,capacity,organizer,status\n" + row.format("Spring fair") + row.format("Autumn fair")
    go(Mouse(), desk, "Import")
    file: Any = {"name": "a.csv", "mimeType": "text/csv", "buffer": content.encode()}
    desk.locator("input[type=file]").set_input_files(file)
    desk.get_by_role("button", name="Check the file").click()
    desk.get_by_label("Select these 2 rows").check()
    expect(desk.locator("input[name=event]:checked")).to_have_count(2)
    desk.get_by_role("button", name="Import the selected rows").click()
    expect(desk.get_by_text("2 events imported")).to_be_visible()
