"""Behaviour that needs a browser: double clicks, filtering while typing, the keyboard, colours, signing out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from events import services
from events.domain import EventRange
from events.pages.today import today
from eventsite.accounts import keys, people
from tests.browser.conftest import Open, sign_in, store
from tests.browser.problems import problems
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
    token = page.locator(".secret").first.inner_text()
    assert keys.check_token(token)
    page.goto("/staff/people/new/")
    page.get_by_label("Username").fill("anna")
    page.get_by_role("button", name="Add", exact=True).dblclick(delay=100)
    password = page.locator(".secret").first.inner_text()
    assert people.get_staff("anna").check_password(password)
    page.goto("/staff/people/anna/reset-password/")
    page.get_by_role("button", name="Reset password").dblclick(delay=100)
    expect(page.get_by_role("heading", name="The password of anna was reset")).to_be_visible()
    password = page.locator(".secret").first.inner_text()
    assert people.get_staff("anna").check_password(password)


def test_secrets_and_addresses_are_copied_with_one_click(open_browser: Open) -> None:
    make_staff("ada", "admin")
    page = open_browser(permissions=["clipboard-read", "clipboard-write"])
    sign_in(page, "ada")
    page.goto("/staff/people/new/")
    page.get_by_label("Username").fill("anna")
    page.get_by_role("button", name="Add", exact=True).click()
    copy = page.get_by_role("button", name="Copy", exact=True)
    expect(copy).to_have_count(2)
    copy.first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    expect(page.locator("#announcement")).to_have_text("Copied")
    assert people.get_staff("anna").check_password(page.evaluate("navigator.clipboard.readText()"))
    copy.last.click()
    page.wait_for_function("navigator.clipboard.readText().then(text => text.endsWith('/staff/login/'))")


def test_a_secret_that_may_not_be_copied_is_selected(open_browser: Open) -> None:
    make_staff("ada", "admin")
    page = open_browser()
    page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed'))")
    sign_in(page, "ada")
    page.goto("/staff/people/new/")
    page.get_by_label("Username").fill("anna")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Copy", exact=True).first.click()
    expect(page.locator("#announcement")).to_have_text("Not allowed: copy the selected text")
    assert people.get_staff("anna").check_password(page.evaluate("getSelection().toString()").strip())


def test_the_address_of_a_feed_is_copied_once(open_browser: Open) -> None:
    """And its page does not prevent forms: with the policy "no-referrer", browsers send them with `Origin: null`."""
    make_staff("vera", "viewer")
    page = open_browser(permissions=["clipboard-read", "clipboard-write"], viewport={"width": 390, "height": 800})
    sign_in(page, "vera")
    page.goto("/staff/account/")
    page.get_by_role("button", name="Create the address").click()
    expect(page.get_by_role("heading", name="Copy the address now")).to_be_visible()
    assert problems(page) == []
    page.get_by_role("button", name="Copy", exact=True).click()
    page.wait_for_function("navigator.clipboard.readText().then(text => text.includes('/staff/feed/vera:'))")
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("button", name="Renew the address")).to_be_visible()
    expect(page.get_by_text("/staff/feed/")).to_have_count(0)
    page.get_by_role("button", name="Renew the address").click()
    expect(page.get_by_text("The former address no longer works.")).to_be_visible()
    page.get_by_role("button", name="vera viewer").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_text("You have signed out.")).to_be_visible()


def test_copy_buttons_are_hidden_without_scripts(open_browser: Open) -> None:
    make_staff("ada", "admin")
    page = open_browser(java_script_enabled=False)
    sign_in(page, "ada")
    page.goto("/staff/keys/new/")
    page.get_by_label("Name").fill("shop")
    page.get_by_role("button", name="Create the key").click()
    expect(page.locator(".secret")).to_be_visible()
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)


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
            expect(page.locator(".secret").first).to_be_visible()


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


def test_a_failed_request_shows_a_message(desk: Page) -> None:
    store()
    desk.goto("/staff/events/")
    desk.route("**/staff/events/?*", lambda route: route.fulfill(status=409, body="no"))
    desk.get_by_label("Search").press_sequentially("x")
    expect(desk.get_by_text("The connection or the server failed.")).to_be_visible()


def test_a_thin_line_shows_while_a_part_loads(desk: Page) -> None:
    store()
    desk.goto("/staff/events/")
    assert line(desk) == {"content": "none"}
    for word, finish in (("launch", Route.continue_), ("x", fail)):
        held = hold(desk, "**/staff/events/?*")
        desk.get_by_label("Search").fill(word)
        expect(desk.locator("html")).to_have_class("loading")
        shown = line(desk)
        assert (shown["content"], shown["position"], shown["top"]) == ('""', "fixed", "0px")
        assert (shown["width"], shown["height"], shown["animation"]) == ("1280px", "3px", "loading")
        assert "linear-gradient" in shown["background"]
        finish(first(desk, held))
        expect(desk.locator("html")).not_to_have_class("loading")
        assert line(desk) == {"content": "none"}
    expect(desk.get_by_text("The connection or the server failed.")).to_be_visible()


def test_a_form_that_was_sent_has_a_busy_button_and_is_not_sent_again(desk: Page) -> None:
    store()
    desk.clock.install()
    desk.goto("/staff/event/launch/delete/")
    desk.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))  # after some seconds, the form could be sent again
    button = desk.get_by_role("button", name="Delete", exact=True)
    assert style(button, "cursor") == "pointer"
    sent: list[str] = []

    def never_respond(route: Route) -> None:
        sent.append(route.request.method)
        route.fulfill(status=204)  # the browser stays on the page

    desk.route("**/delete/", never_respond)
    for _ in range(3):
        button.click()
        expect(button).to_have_attribute("aria-busy", "true")
    button.press("Enter")
    assert (line(desk)["height"], style(button, "cursor")) == ("3px", "progress")
    desk.wait_for_timeout(200)
    assert sent == ["POST"]
    desk.unroute_all()
    desk.reload()
    expect(desk.locator("html")).not_to_have_class("loading")
    button.click()
    expect(desk.get_by_text("“Launch night” was deleted.")).to_be_visible()


@pytest.mark.parametrize("stop", ["Escape", "time"])
def test_a_form_can_be_sent_again_after_loading_was_stopped(desk: Page, stop: str) -> None:
    store()
    desk.clock.install()
    desk.goto("/staff/event/launch/delete/")
    button = desk.get_by_role("button", name="Delete", exact=True)
    desk.route("**/delete/", lambda route: route.fulfill(status=204))  # the browser stays on the page
    button.click()
    expect(button).to_have_attribute("aria-busy", "true")
    if stop == "Escape":
        desk.keyboard.press("Escape")
    else:
        desk.clock.fast_forward(10_000)
    expect(desk.locator("[aria-busy], form[data-sent], .loading")).to_have_count(0)
    desk.unroute_all()
    button.click()
    expect(desk.get_by_text("“Launch night” was deleted.")).to_be_visible()


def test_back_to_a_sent_form_its_button_is_not_busy(desk: Page) -> None:
    store()
    desk.goto("/staff/event/launch/edit/")
    for capacity in ("7", "8"):
        desk.get_by_label("Capacity").fill(capacity)
        desk.get_by_role("button", name="Save", exact=True).click()
        expect(desk.get_by_text("“Launch night” was saved.")).to_be_visible()
        desk.go_back()
        expect(desk.locator("[aria-busy], form[data-sent]")).to_have_count(0)
        desk.reload()
    assert services.get_event("launch").fields["capacity"] == 8


def hold(page: Page, addresses: str) -> list[Route]:
    """Holds the requests for these addresses. Returns the list that they are added to."""
    held: list[Route] = []

    def add(route: Route) -> None:
        held.append(route)

    page.unroute_all()
    page.route(addresses, add)
    return held


def style(target: Locator, name: str) -> str:
    return str(target.evaluate("(one, name) => getComputedStyle(one).getPropertyValue(name)", name))


def fail(route: Route) -> None:
    route.fulfill(status=409, body="no")


def first(page: Page, held: list[Route]) -> Route:
    while not held:
        page.wait_for_timeout(10)
    return held[0]


def line(page: Page) -> dict[str, str]:
    """The style of the line at the top; without a line, there is no content."""
    shown: dict[str, str] = page.evaluate("""() => {
      const style = getComputedStyle(document.documentElement, "::before");
      if (style.content === "none") return {content: "none"};
      return {content: style.content, position: style.position, top: style.top, width: style.width,
        height: style.height, animation: style.animationName, background: style.backgroundImage};
    }""")
    return shown


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
    assert {"New event", "q", "Dates", "Filter", "Date", "Launch night", "event"} <= reached
    desk.get_by_role("button", name="ada admin").focus()
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
        return bool(page.locator("body").evaluate("body => getComputedStyle(body).color") == "rgb(232, 234, 242)")

    assert is_dark()
    for choice, dark in {"Light": False, "Dark": True, "Auto": True}.items():
        page.get_by_role("button", name="ada").click()
        page.get_by_role("button", name=choice, exact=True).click()
        page.wait_for_load_state()
        assert is_dark() is dark
    page.emulate_media(color_scheme="light")
    assert not is_dark()


def test_back_after_signing_out_shows_nothing(desk: Page) -> None:
    store(title="Secret plans")
    desk.goto("/staff/events/")
    expect(desk.get_by_text("Secret plans")).to_be_visible()
    desk.get_by_role("button", name="ada").click()
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
    desk.get_by_role("button", name="Sign in", exact=True).click()
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
    if "/calendar/" in path:
        desk.locator("summary", has_text="Calendar options").click()
    for menu in desk.locator("#filter summary").all():
        menu.click()
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


def test_the_documentation_works_under_its_policy(desk: Page) -> None:
    desk.goto("/docs")
    desk.get_by_role("button", name="Try it out").click()
    expect(desk.locator(".swagger-ui").get_by_text("/events/{eventId}").first).to_be_visible()
