"""The list in a browser: filters, selection, bulk bar, status menu and saved views, with and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Request, expect

from events import batches, listing, services
from events.domain import EventRange
from tests.browser.conftest import Open, sign_in, store
from tests.browser.problems import problems
from tests.support.builders import make_staff

LIST = "/staff/events/"
PHONE = {"width": 390, "height": 800}


def status(event_id: str) -> str:
    return services.get_event(event_id).fields["status"]


def open_list(open_browser: Open, **options: object) -> Page:
    make_staff("ada", "admin")
    page = open_browser(**options)
    sign_in(page, "ada")
    page.goto(LIST)
    return page


def test_the_list_filters_while_typing_and_the_address_keeps_the_filter(desk: Page) -> None:
    store("jazz", title="Jazz")
    store("chess", title="Chess")
    desk.goto(LIST)
    desk.get_by_label("Search").press_sequentially("jaz")
    expect(desk.get_by_role("link", name="Chess", exact=True)).to_have_count(0)
    expect(desk.get_by_role("link", name="Jazz", exact=True)).to_be_visible()
    expect(desk.get_by_label("Search")).to_be_focused()
    expect(desk).to_have_url(re.compile(r"\?q=jaz&"))
    desk.reload()
    expect(desk.get_by_label("Search")).to_have_value("jaz")
    expect(desk.get_by_role("link", name="Chess", exact=True)).to_have_count(0)
    desk.go_back()
    desk.get_by_label("Search").fill("")
    expect(desk.get_by_role("link", name="Chess", exact=True)).to_be_visible()


def test_a_chosen_location_becomes_a_chip_and_the_count_follows(desk: Page) -> None:
    store("jazz", title="Jazz", location="Hall")
    store("chess", title="Chess", location="Cellar")
    desk.goto(LIST)
    expect(desk.locator("#count")).to_have_text("2 events")
    desk.get_by_label("Location").select_option("Hall")
    expect(desk.locator("#count")).to_have_text("1 event")
    expect(desk.locator("#announcement")).to_have_text("1 event")
    assert problems(desk) == []
    desk.get_by_role("link", name="Location: Hall").click()
    expect(desk.locator("#count")).to_have_text("2 events")
    expect(desk.get_by_label("Location")).to_have_value("")


def test_the_dates_are_a_menu(desk: Page) -> None:
    store("jazz", title="Jazz")
    desk.goto(LIST)
    desk.locator("summary", has_text="Dates").click()
    desk.get_by_label("From").fill("2999-01-01")
    expect(desk.get_by_text("No events match")).to_be_visible()
    assert problems(desk) == []
    desk.keyboard.press("Escape")
    expect(desk.get_by_label("From")).to_be_hidden()
    desk.get_by_role("link", name="From Tue 1 Jan 2999").click()
    expect(desk.get_by_role("link", name="Jazz", exact=True)).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_button_opens_the_filters_on_a_phone(open_browser: Open, scripts: bool) -> None:
    store("jazz", title="Jazz", organizer="Choir")
    store("chess", title="Chess")
    page = open_list(open_browser, viewport=PHONE, java_script_enabled=scripts)
    expect(page.get_by_label("Organizer")).to_be_hidden()
    page.get_by_role("button", name="Filters").click()
    width = "element => element.offsetWidth"
    button = page.get_by_role("button", name="Filter", exact=True)
    assert page.get_by_label("Organizer").evaluate(width) == button.evaluate(width)  # that of the panel
    page.get_by_label("Organizer").select_option("Choir")
    if scripts:  # the choice filters at once
        expect(page.get_by_role("link", name="Organizer: Choir")).to_be_attached()
    with page.expect_request("**/staff/events/?*organizer=Choir*") as sent:
        page.get_by_role("button", name="Filter", exact=True).click()
    response = sent.value.response()
    assert response
    response.finished()  # a request that runs when the window is closed would be reported as an error
    expect(page.get_by_role("link", name="Organizer: Choir")).to_be_attached()
    expect(page.get_by_role("link", name="Chess", exact=True)).to_have_count(0)


def test_one_checkbox_selects_all_and_the_bar_counts(desk: Page) -> None:
    for name in "abc":
        store(name)
    desk.goto(LIST)
    desk.get_by_label("Select all on this page").check()
    expect(desk.get_by_text("3 selected")).to_be_visible()
    desk.get_by_role("checkbox", name="Select Launch night").first.uncheck()
    expect(desk.get_by_text("2 selected")).to_be_visible()
    assert problems(desk) == []
    desk.get_by_role("button", name="Clear").click()
    expect(desk.locator(".bulk")).to_be_hidden()


def test_shift_and_a_click_select_a_range(desk: Page) -> None:
    for name in "abcde":
        store(name)
    desk.goto(LIST)
    boxes = desk.locator("input[name=event]")
    boxes.nth(3).click()
    boxes.nth(1).click(modifiers=["Shift"])
    expect(desk.get_by_text("3 selected")).to_be_visible()
    assert [boxes.nth(number).is_checked() for number in range(5)] == [False, True, True, True, False]
    boxes.nth(2).click()
    boxes.nth(3).click(modifiers=["Shift"])
    expect(desk.get_by_text("1 selected")).to_be_visible()


def test_a_long_batch_continues_by_itself(desk: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SECONDS_FOR_A_STEP", 0)
    monkeypatch.setattr(batches.run, "__defaults__", (0,))
    for number in range(120):
        store(f"e{number}")
    desk.goto(LIST)
    desk.locator("input[name=event]").first.check()
    desk.get_by_label("Select all 120 matches").check()
    expect(desk.get_by_text("All 120 matches", exact=True)).to_be_visible()
    desk.get_by_role("button", name="Delete").click()
    seen: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and "/batches/" in request.url:
            seen.append(request.url)

    desk.on("request", note)
    desk.get_by_role("button", name="Delete 120 events").click()
    expect(desk.get_by_role("heading", level=1)).to_contain_text("Delete 120 events")
    expect(desk.get_by_text("120 events deleted")).to_be_visible(timeout=60_000)
    assert len(seen) == 3
    assert services.list_events(EventRange())[0] == []


@pytest.mark.parametrize("scripts", [True, False])
def test_a_bulk_edit_with_preview_and_undo(open_browser: Open, scripts: bool) -> None:
    for name in "abc":
        store(name, title=name.upper(), location="Hall")
    page = open_list(open_browser, viewport=PHONE, java_script_enabled=scripts)
    page.get_by_label("Select A", exact=True).check()
    page.get_by_label("Select C", exact=True).check()
    page.get_by_role("button", name="Edit…").click()
    expect(page.get_by_role("heading", name="Edit 2 events", level=1)).to_be_visible()
    page.get_by_role("button", name="Preview the changes").click()
    expect(page.get_by_role("alert")).to_contain_text("Fill in at least one field.")
    page.get_by_label("Location").fill("Cellar")
    if scripts:
        assert problems(page) == []
    page.get_by_role("button", name="Preview the changes").click()
    expect(page.get_by_text("2 events will change.")).to_be_visible()
    if scripts:
        assert problems(page) == []
    page.get_by_role("button", name="Change 2 events").click()
    if not scripts and page.get_by_role("button", name="Continue").count():
        page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("2 events updated")).to_be_visible()
    assert [services.get_event(name).fields["location"] for name in "abc"] == ["Cellar", "Hall", "Cellar"]
    page.get_by_role("button", name="Undo 2 changes").click()
    expect(page.get_by_text("2 changes undone")).to_be_visible()
    assert services.get_event("a").fields["location"] == "Hall"


def test_the_status_menu_works_by_keyboard(desk: Page) -> None:
    store("a", title="A")
    store("b", title="B", status="draft")
    desk.goto(LIST)
    label = desk.locator("a[data-status]").first
    label.focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("button", name="active")).to_be_focused()
    assert problems(desk) == []
    desk.keyboard.press("Escape")
    expect(label).to_be_focused()
    desk.keyboard.press("Enter")
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("The status of “A” is now “draft”.")).to_be_visible()
    assert (status("a"), status("b")) == ("draft", "draft")
    desk.get_by_role("button", name="Undo").click()
    expect(desk.get_by_text("The change was undone.")).to_be_visible()
    assert status("a") == "active"


def test_another_status_than_those_in_use(desk: Page) -> None:
    store("a", title="A")
    desk.goto(f"{LIST}?q=a")
    desk.locator("a[data-status]").first.click()
    desk.keyboard.press("ArrowUp")
    expect(desk.get_by_role("link", name="Another status…")).to_be_focused()
    desk.keyboard.press("Enter")
    desk.get_by_label("Status").fill("pencilled in")
    desk.get_by_role("button", name="Change the status").click()
    expect(desk).to_have_url(re.compile(r"/staff/events/\?q=a$"))
    assert status("a") == "pencilled in"


def test_a_status_without_scripts(open_browser: Open) -> None:
    store("a", title="A")
    page = open_list(open_browser, java_script_enabled=False)
    page.get_by_role("link", name="active").click()
    page.get_by_label("Status").fill("draft")
    page.get_by_role("button", name="Change the status").click()
    expect(page.get_by_text("The status of “A” is now “draft”.")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_view_is_saved_opened_and_deleted(open_browser: Open, scripts: bool) -> None:
    store("jazz", title="Jazz")
    store("chess", title="Chess")
    page = open_list(open_browser, java_script_enabled=scripts)
    page.get_by_label("Search").fill("jazz")
    if not scripts:
        page.get_by_role("button", name="Filter", exact=True).click()
    expect(page.get_by_role("link", name="Chess", exact=True)).to_have_count(0)
    views = page.locator("summary", has_text="Views")
    views.click()
    page.get_by_label("Name of the view").fill("Music")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The view “Music” was saved.")).to_be_visible()
    page.goto(LIST)
    views.click()
    if scripts:
        assert problems(page) == []
    page.get_by_role("link", name="Music").click()
    expect(page).to_have_url(re.compile(r"/staff/events/\?q=jazz$"))
    views.click()
    page.get_by_role("button", name="Delete the view Music").click()
    expect(page.get_by_text("The view “Music” was deleted.")).to_be_visible()


def test_the_header_stays_in_view_and_changes_the_order(desk: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE_SIZE", 40)
    for number in range(40):
        store(f"e{number:02}", title=f"E{number:02}")
    desk.goto(LIST)
    header = desk.get_by_role("columnheader", name="Date")
    expect(header).to_have_attribute("aria-sort", "ascending")
    desk.mouse.wheel(0, 700)
    expect(desk.get_by_role("link", name="E00", exact=True)).not_to_be_in_viewport()
    expect(header).to_be_in_viewport()
    desk.get_by_role("link", name="Date").click()
    expect(header).to_have_attribute("aria-sort", "descending")
    expect(desk.locator("td.title a").first).to_have_text("E39")


@pytest.mark.parametrize("title", ["A title that goes on " * 20, "أمسية شعرية في المقهى " * 20])
def test_a_long_title_is_shown_in_full_on_focus(desk: Page, title: str) -> None:
    store("long", title=title.strip())
    desk.goto(LIST)
    link = desk.locator("td.title a")
    row = desk.locator("tr", has=link)
    box = row.bounding_box()
    assert box
    assert box["height"] < 45
    assert link.get_attribute("title") == title.strip()
    link.focus()
    box = row.bounding_box()
    assert box
    assert box["height"] > 60
