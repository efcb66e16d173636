"""Every page on a desktop and a phone, in light and in dark: axe finds nothing, HTML is valid, nothing is too wide."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from events import services
from events.domain import Actor
from events.pages.today import today
from events.tasks import Batch
from eventsite.accounts import keys
from eventsite.accounts.domain import Scope
from tests.browser.conftest import Open, sign_in
from tests.browser.full_desk import LONG, PAGES
from tests.browser.problems import WINDOWS, problems, violations
from tests.support.builders import ACTOR, PASSWORD, make_fields, make_staff
from tests.support.http_server import Server

SWAGGERS_OWN = {"nested-interactive": False}  # the row of an endpoint is a button with buttons in it
BACKGROUNDS: dict[Literal["light", "dark"], str] = {"dark": "rgb(15, 19, 32)", "light": "rgb(245, 246, 248)"}


@pytest.mark.parametrize("window", WINDOWS)
def test_every_page(open_browser: Open, full_desk: dict[str, Batch], window: str) -> None:
    page = open_browser(**WINDOWS[window])
    page.goto("/staff/login/")
    found = problems(page)
    page.get_by_label("Username").fill("ada")
    page.get_by_role("button", name="Sign in", exact=True).click()
    found += problems(page)
    sign_in(page, "ada")
    batch_pages = [f"/staff/batches/{batch.id}/" for batch in full_desk.values()]
    for path in [*PAGES, *batch_pages]:
        page.goto(path)
        found += problems(page)
    page.goto("/staff/event/story/")
    page.get_by_role("link", name="Details").first.click()
    page.wait_for_url("**/change/**")
    found += problems(page)
    page.goto("/staff/events/new/")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("alert").wait_for()
    found += problems(page)
    page.goto("/staff/event/launch/edit/")
    services.update_event("launch", {"title": "Theirs", "description": LONG * 9}, ACTOR)
    page.get_by_label("Title").fill("Mine")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Save the result").wait_for()
    found += problems(page)
    assert found == []


def test_menus_opened(open_browser: Open) -> None:
    make_staff("ada", "admin")
    page = open_browser(**WINDOWS["phone"])
    sign_in(page, "ada")
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Deleted")).to_be_visible()
    found = problems(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="ada").click()
    expect(page.get_by_role("link", name="My account")).to_be_visible()
    assert found + problems(page) == []


def test_menus_by_keyboard(open_browser: Open) -> None:
    make_staff("ada", "admin")
    page = open_browser(**WINDOWS["phone"])
    sign_in(page, "ada")
    account, item = page.get_by_role("button", name="ada"), page.get_by_role("link", name="My account")
    account.focus()
    page.keyboard.press("Enter")
    expect(item).to_be_visible()
    page.keyboard.press("Tab")
    expect(item).to_be_focused()
    page.keyboard.press("Escape")
    expect(item).not_to_be_visible()
    expect(account).to_be_focused()
    page.get_by_role("button", name="Menu").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Events", exact=True).last).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/staff/events/")


def test_a_wide_screen_is_used(open_browser: Open) -> None:
    make_staff("ada", "admin")
    page = open_browser(viewport={"width": 1920, "height": 1080})
    sign_in(page, "ada")
    page.goto("/staff/people/")
    box = page.locator("main").bounding_box()
    assert box
    assert box["width"] > 1500


def test_the_focus_is_visible_in_the_menu_and_on_the_page(desk: Page) -> None:
    desk.goto("/staff/activity/")
    colours = {}
    for place, target in (("side", desk.locator(".side-nav a").nth(1)), ("page", desk.locator("main input").first)):
        target.focus()
        desk.keyboard.press("Shift+Tab")
        desk.keyboard.press("Tab")
        properties = ("outlineStyle", "outlineWidth", "outlineColor")
        kind, width, colours[place] = (
            target.evaluate(f"element => getComputedStyle(element).{name}") for name in properties
        )
        assert (kind, width) == ("solid", "2px")
    assert colours == {"side": "rgb(223, 227, 255)", "page": "rgb(67, 56, 202)"}


@pytest.mark.parametrize(
    ("path", "section", "current"),
    [
        ("/staff/deleted/", "Deleted", "page"),
        ("/staff/activity/", "Activity", "page"),
        ("/staff/security/", "Security log", "page"),
        ("/staff/people/new/", "People", "true"),
        ("/staff/people/ada/sessions/", "People", "true"),
        ("/staff/keys/new/", "API keys", "true"),
        ("/staff/events/new/", "Events", "true"),
        ("/staff/nothing/", "", ""),
    ],
)
def test_the_menu_shows_the_current_section(desk: Page, path: str, section: str, current: str) -> None:
    desk.goto(path)
    here = desk.locator(".side-nav [aria-current]")
    if not section:
        expect(here).to_have_count(0)
        return
    expect(here).to_have_text(section)
    expect(here).to_have_attribute("aria-current", current)


@pytest.mark.parametrize("window", WINDOWS)
def test_the_documentation(open_browser: Open, window: str) -> None:
    page = open_browser(**WINDOWS[window])
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto("/docs")
    expect(page.get_by_role("heading", name="Create Event")).to_be_visible()
    page.add_style_tag(content="#reference section { content-visibility: visible !important; }")  # for axe
    assert problems(page) == []
    for scheme, colour in BACKGROUNDS.items():
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == colour
    assert [url for url in requested if "swagger" in url] == []
    page.get_by_role("button", name="Try it out").click()
    expect(page.get_by_text("/events/{eventId}").locator("visible=true").first).to_be_visible()
    expect(page.get_by_role("heading", name="Authentication")).not_to_be_visible()
    expect(page.locator("html")).not_to_have_class("loading")
    expect(page.locator(".json-schema-2020-12")).to_have_count(0)  # drawn on a click, because it takes long
    assert violations(page, SWAGGERS_OWN) == []
    page.get_by_role("button", name="Show the reference").click()
    expect(page.get_by_role("heading", name="Authentication")).to_be_visible()
    expect(page.locator("#swagger")).not_to_be_visible()


def test_the_documentation_for_signed_in_staff(open_browser: Open, settings: Any) -> None:
    """Signing in leads back to it, and Swagger may fetch the document."""
    settings.EVENTS_DOCS_ACCESS = "signed-in"
    make_staff("vera", "viewer")
    page = open_browser(**WINDOWS["phone"])
    page.goto("/docs")
    page.get_by_label("Username").fill("vera")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/docs")
    page.get_by_role("button", name="Try it out").click()
    expect(page.get_by_text("/events/{eventId}").locator("visible=true").first).to_be_visible()


def test_the_documentation_without_scripts(open_browser: Open) -> None:
    page = open_browser(**WINDOWS["phone"], java_script_enabled=False)
    page.goto("/docs")
    expect(page.locator("#try-it-out")).not_to_be_visible()
    page.get_by_role("button", name="Contents").click()
    page.get_by_role("link", name="Delete Event").click()
    expect(page.locator("#deleteEvent")).to_be_in_viewport()


def test_the_contents_close_and_lead_back_from_swagger(open_browser: Open) -> None:
    page = open_browser(**WINDOWS["phone"])
    page.goto("/docs#/events/listEvents")  # the address of an operation in Swagger UI
    expect(page.locator("#operations-events-listEvents")).to_be_visible()
    page.get_by_role("button", name="Contents").click()
    page.get_by_role("link", name="Errors").click()
    expect(page.get_by_role("navigation", name="Contents")).not_to_be_visible()
    expect(page.locator("#errors")).to_be_in_viewport()
    expect(page.locator("#swagger")).not_to_be_visible()


def test_swagger_that_cannot_be_loaded(browser: Browser, server: Server) -> None:
    context = browser.new_context(base_url=server.url)  # a context whose console may report errors
    page = context.new_page()
    page.route("**/swagger-ui-bundle*.js", lambda route: route.abort())
    page.goto("/docs")
    page.get_by_role("button", name="Try it out").click()
    expect(page.get_by_role("alert")).to_have_text("Swagger UI could not be loaded. Reload the page to try again.")
    expect(page.get_by_role("heading", name="Authentication")).to_be_visible()
    expect(page.locator("#try-it-out")).not_to_be_visible()
    context.close()


def test_a_mistake_in_the_filter_leaves_its_fields_in_one_line(desk: Page) -> None:
    desk.goto("/staff/events/?first=nonsense")
    expect(desk.get_by_text("From: Must be a date as YYYY-MM-DD.")).to_be_visible()
    shown = desk.locator("#filter .form-control, #filter .form-select, #filter .btn").locator("visible=true")
    tops = [
        box["y"]
        for field in shown.all()
        if not field.evaluate("it => it.closest('.pop')") and (box := field.bounding_box())
    ]
    assert len(tops) == 6  # the search, three lists, the dates and the button
    assert max(tops) - min(tops) < 1


def test_a_selected_box_has_a_mark_in_both_colours(open_browser: Open, full_desk: dict[str, Batch]) -> None:
    page = open_browser(**WINDOWS["desktop"])
    sign_in(page, "ada")
    page.goto("/staff/events/")
    box = page.locator("input[name=event]").first
    box.check()
    for scheme in BACKGROUNDS:
        page.emulate_media(color_scheme=scheme)
        image = box.evaluate("it => getComputedStyle(it).backgroundImage")
        address = image.removeprefix('url("').removesuffix('")')
        assert address.startswith("data:image/svg+xml") or page.request.get(address).ok, address


def test_long_and_right_to_left_texts_leave_room_on_a_phone(open_browser: Open, full_desk: dict[str, Batch]) -> None:
    arabic = {"title": "أمسية موسيقية في القاعة الكبرى مع ضيوف من جميع أنحاء البلاد", "location": "القاعة الكبرى"}
    services.create_event(make_fields(eventId="arabic", date=today().isoformat(), **arabic), ACTOR)
    services.update_event("long", {"status": LONG}, ACTOR)
    page = open_browser(**WINDOWS["phone"])
    sign_in(page, "ada")
    titles = page.locator(".coming .title")
    widths = titles.evaluate_all("all => all.map(title => title.offsetWidth)")
    assert min(widths) >= 140
    title = titles.filter(has=page.locator("a[href*=arabic]"))
    assert title.evaluate("it => getComputedStyle(it).direction") == "rtl"  # the end is cut off, not the beginning
    assert title.evaluate("it => getComputedStyle(it).textAlign") == "left"
    page.goto("/staff/event/long/edit/")
    path = page.locator(".breadcrumb").bounding_box()
    assert path
    assert path["height"] < 30  # one line


def test_no_table_of_accounts_scrolls_sideways_on_a_phone(open_browser: Open) -> None:
    make_staff("ada", "admin")
    make_staff("a.person.with.a.very.long.name.for.a.phone", "editor")
    keys.create_key("website", Scope.WRITE, Actor("a.person.with.a.very.long.name.for.a.phone"))
    page = open_browser(**WINDOWS["phone"])
    sign_in(page, "ada")
    for path, name in (("/staff/keys/", "API keys"), ("/staff/people/", "People")):
        page.goto(path)
        table = page.get_by_role("region", name=name)
        assert table.evaluate("it => it.scrollWidth - it.clientWidth") == 0, path
        assert problems(page) == []
    page.goto("/staff/keys/")
    revoke = page.get_by_role("link", name="Revoke… website")
    expect(revoke).to_be_in_viewport(ratio=1)
    revoke.click()
    expect(page.get_by_role("heading", name="Revoke the key website?")).to_be_visible()


def test_what_a_finger_hits_is_large_enough(open_browser: Open, full_desk: dict[str, Batch]) -> None:
    page = open_browser(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    sign_in(page, "ada")
    for path, targets in (
        ("/staff/events/", "input[name=event], a.pill"),
        ("/staff/event/launch/", "a.pill, .timeline a, .timeline button"),
        ("/staff/account/", "input[type=checkbox]"),
    ):
        page.goto(path)
        heights = page.locator(targets).evaluate_all("all => all.map(it => it.getBoundingClientRect().height)")
        assert min(heights) >= 24, path
