"""Behaviour that needs a browser: double clicks, filtering while typing, the keyboard, colours, signing out."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Request, expect

from events import batches, services
from events.domain import EventRange
from events.pages.today import today
from eventsite.accounts import keys, people
from tests.browser.conftest import Open, sign_in, store
from tests.support.builders import make_staff


def test_a_double_click_saves_once(desk: Page) -> None:
    desk.goto("/staff/events/new/")
    for label, text in {"Title": "Once", "Location": "Here", "Organizer": "Me", "Status": "active"}.items():
        desk.get_by_label(label).fill(text)
    desk.get_by_label("Date").fill(today().isoformat())
    desk.get_by_label("Capacity").fill("1")
    desk.get_by_role("button", name="Save", exact=True).dblclick()
    expect(desk.get_by_role("heading", level=1, name="Once")).to_be_visible()
    assert [event["title"] for event in services.list_events(EventRange())[0]] == ["Once"]


@pytest.mark.parametrize("scripts", [True, False])
def test_a_double_click_shows_the_secret_that_works(open_browser: Open, scripts: bool) -> None:
    make_staff("ada", "admin")
    page = open_browser(java_script_enabled=scripts)
    sign_in(page, "ada")
    page.goto("/staff/keys/new/")
    page.get_by_label("Name").fill("shop")
    page.get_by_role("button", name="Create the key").dblclick(delay=100)
    token = page.locator(".user-select-all").inner_text()
    assert keys.check_token(token)
    page.goto("/staff/people/new/")
    page.get_by_label("Username").fill("anna")
    page.get_by_role("button", name="Add", exact=True).dblclick(delay=100)
    password = page.locator(".user-select-all").inner_text()
    assert people.get_staff("anna").check_password(password)
    page.goto("/staff/people/anna/reset-password/")
    page.get_by_role("button", name="Reset password").dblclick(delay=100)
    expect(page.get_by_role("heading", name="The password of anna was reset")).to_be_visible()
    password = page.locator(".user-select-all").inner_text()
    assert people.get_staff("anna").check_password(password)


@pytest.mark.parametrize("width", [390, 1280])
def test_the_second_of_two_clicks_does_not_leave_the_page_with_the_secret(open_browser: Open, width: int) -> None:
    make_staff("ada", "admin")
    page = open_browser(viewport={"width": width, "height": 800})
    sign_in(page, "ada")
    for path, label, button in (
        ("/staff/keys/new/", "Name", "Create the key"),
        ("/staff/people/new/", "Username", "Add"),
        ("/staff/people/anna/reset-password/", "", "Reset password"),
    ):
        page.goto(path)
        if label:
            page.get_by_label(label).fill("anna")
        box = page.get_by_role("button", name=button, exact=True).bounding_box()
        assert box
        for _ in range(2):
            page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            expect(page.locator(".user-select-all")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_double_click_reports_success(open_browser: Open, scripts: bool) -> None:
    make_staff("ada", "admin")
    page = open_browser(java_script_enabled=scripts)
    sign_in(page, "ada")
    page.goto("/staff/events/new/")
    for label, text in {"Title": "Once", "Location": "Here", "Organizer": "Me", "Status": "active"}.items():
        page.get_by_label(label).fill(text)
    page.get_by_label("Date").fill(today().isoformat())
    page.get_by_label("Capacity").fill("1")
    page.get_by_text("Advanced").click()
    page.get_by_label("Event ID").fill("once")
    page.get_by_role("button", name="Save", exact=True).dblclick(delay=100)
    expect(page.get_by_text("“Once” was created.")).to_be_visible()
    page.get_by_role("link", name="Delete…").click()
    page.get_by_role("button", name="Delete", exact=True).dblclick(delay=100)
    expect(page.get_by_text("“Once” was deleted.")).to_be_visible()
    page.get_by_role("button", name="Undo").first.dblclick(delay=100)
    expect(page.get_by_text("The change was undone.").first).to_be_visible()
    assert services.get_event("once").fields["title"] == "Once"


def test_the_list_filters_while_typing_and_the_address_keeps_the_filter(desk: Page) -> None:
    store("jazz", title="Jazz")
    store("chess", title="Chess")
    desk.goto("/staff/events/")
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


def test_a_failed_request_shows_a_message(desk: Page) -> None:
    store()
    desk.goto("/staff/events/")
    desk.route("**/staff/events/?*", lambda route: route.fulfill(status=409, body="no"))
    desk.get_by_label("Search").press_sequentially("x")
    expect(desk.get_by_text("The connection or the server failed.")).to_be_visible()


def test_one_checkbox_selects_all_and_the_bar_counts(desk: Page) -> None:
    for name in "abc":
        store(name)
    desk.goto("/staff/events/")
    desk.get_by_label("Select all on this page").check()
    expect(desk.get_by_text("3 selected")).to_be_visible()
    desk.get_by_role("checkbox", name="Select Launch night").first.uncheck()
    expect(desk.get_by_text("2 selected")).to_be_visible()


def test_a_long_batch_continues_by_itself(desk: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SECONDS_FOR_A_STEP", 0)
    monkeypatch.setattr(batches.run, "__defaults__", (0,))
    for number in range(120):
        store(f"e{number}")
    desk.goto("/staff/events/")
    desk.get_by_label("Select all events that match the filter").check()
    desk.get_by_role("button", name="Delete…").click()
    seen: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and "/batches/" in request.url:
            seen.append(request.url)

    desk.on("request", note)
    desk.get_by_role("button", name="Delete 120 events").click()
    expect(desk.get_by_role("heading", level=1)).to_contain_text("Delete 120 events")
    expect(desk.get_by_text("120 events deleted")).to_be_visible()
    assert len(seen) == 3
    assert services.list_events(EventRange())[0] == []


def test_the_keyboard_reaches_everything(desk: Page) -> None:
    store()
    desk.goto("/staff/events/")
    desk.keyboard.press("Tab")
    expect(desk.get_by_role("link", name="Skip to content")).to_be_focused()
    desk.keyboard.press("Enter")
    reached = set()
    for _ in range(30):
        desk.keyboard.press("Tab")
        reached.add(desk.evaluate("(document.activeElement.innerText || document.activeElement.name || '').trim()"))
    assert {"New event", "q", "status", "first", "ended", "Filter", "Launch night", "event", "Delete…"} <= reached
    desk.locator("details.user-menu summary").focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("button", name="Sign out")).to_be_visible()
    desk.keyboard.press("Escape")
    expect(desk.get_by_role("button", name="Sign out")).to_be_hidden()


@pytest.mark.parametrize("scripts", [True, False])
def test_colours_follow_the_system_unless_chosen(open_browser: Open, scripts: bool) -> None:
    make_staff("ada", "admin")
    page = open_browser(color_scheme="dark", java_script_enabled=scripts, viewport={"width": 1280, "height": 800})
    sign_in(page, "ada")

    def is_dark() -> bool:
        return bool(page.locator("body").evaluate("body => getComputedStyle(body).color") == "rgb(222, 226, 230)")

    assert is_dark()
    for choice, dark in {"Light": False, "Dark": True, "Auto": True}.items():
        page.locator("details.user-menu summary").click()
        page.get_by_role("button", name=choice, exact=True).click()
        page.wait_for_load_state()
        assert is_dark() is dark
    page.emulate_media(color_scheme="light")
    assert not is_dark()


def test_back_after_signing_out_shows_nothing(desk: Page) -> None:
    store(title="Secret plans")
    desk.goto("/staff/events/")
    expect(desk.get_by_text("Secret plans")).to_be_visible()
    desk.locator("details.user-menu summary").click()
    desk.get_by_role("button", name="Sign out").click()
    expect(desk.get_by_label("Username")).to_be_visible()  # wait for the sign-out before going back
    desk.go_back()
    expect(desk.get_by_text("Secret plans")).to_have_count(0)


def test_a_signed_out_window_leads_to_sign_in_and_back(desk: Page) -> None:
    store()
    desk.goto("/staff/events/?q=launch")
    desk.context.clear_cookies()
    desk.get_by_label("Search").press_sequentially("x")
    expect(desk).to_have_url(re.compile(r"/staff/login/\?next="))
    desk.get_by_label("Username").fill("ada")
    desk.get_by_label("Password").fill("correct horse battery")
    desk.get_by_role("button", name="Sign in").click()
    expect(desk).to_have_url(re.compile(r"/staff/events/\?q=launch"))


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/staff/event/launch/edit/", ("capacity", "date")),
        ("/staff/events/?first=2026-12-01&last=2026-12-24&ended=on", ("first", "last")),
        ("/staff/calendar/?month=2026-12", ("month",)),
    ],
)
def test_the_mouse_wheel_changes_no_field(desk: Page, path: str, names: tuple[str, ...]) -> None:
    store()
    desk.goto(path)
    for name in names:
        field = desk.locator(f"main [name={name}]")
        before = field.input_value()
        assert before
        field.focus()
        for place in (10, 0.5):
            box = field.bounding_box()
            assert box
            across = box["width"] * place if place < 1 else box["width"] - place
            desk.mouse.move(box["x"] + across, box["y"] + box["height"] / 2)
            desk.mouse.wheel(0, 100)
            desk.wait_for_timeout(50)
        assert field.input_value() == before


def test_statuses_are_offered_after_filtering_too(desk: Page) -> None:
    store(status="pencilled in")
    desk.goto("/staff/events/")
    desk.get_by_label("Search").press_sequentially("launch")
    expect(desk).to_have_url(re.compile(r"\?q=launch"))
    expect(desk.locator("#statuses option[value='pencilled in']")).to_have_count(1)


def test_the_documentation_works_under_its_policy(desk: Page) -> None:
    desk.goto("/docs")
    expect(desk.get_by_text("/events/{eventId}").first).to_be_visible()
