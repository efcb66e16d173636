"""Every page in light, in dark and on a phone: axe finds nothing, and nothing is wider than the window."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from events import batches, bulk, services
from events.domain import Actor, Search
from events.pages.today import today
from events.tasks import Batch
from tests.browser.conftest import Open, sign_in
from tests.support.builders import ACTOR, make_fields, make_staff

ADA = Actor("ada", "127.0.0.1")
LONG = "A title that goes on and on, with Donaudampfschifffahrtsgesellschaftskapitänsmütze in it, " + "x" * 120
WINDOWS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "light"},
}
PAGES = [
    "/staff/",
    "/staff/events/",
    "/staff/events/?q=nothing+like+this",
    "/staff/events/?first=nonsense",
    "/staff/events/?location=Main+hall&status=active&first=2020-01-01&last=2999-12-31&sort=latest",
    "/staff/events/new/",
    "/staff/events/new/?copy=launch",
    "/staff/event/launch/",
    "/staff/event/launch/edit/",
    "/staff/event/launch/delete/",
    "/staff/event/launch/status/",
    "/staff/event/story/",
    "/staff/event/deleted/",
    "/staff/calendar/",
    "/staff/activity/",
    "/staff/import/",
    "/staff/account/",
    "/staff/account/password/",
    "/staff/people/",
    "/staff/people/new/",
    "/staff/people/eva/",
    "/staff/keys/",
    "/staff/nothing/here/",
    "/staff/event/never-was/",
]


@pytest.fixture
def full_desk() -> dict[str, Batch]:
    """Events for every page, and a batch in each state."""
    make_staff("ada", "admin")
    make_staff("eva", "editor")
    day = today().isoformat()
    services.create_event(make_fields(date=day, description="Two\nlines."), ACTOR)
    for status in ("draft", "completed", "postponed", "cancelled", "pencilled in"):
        services.create_event(make_fields(eventId=status, title=f"Is {status}", date=day, status=status), ACTOR)
    services.create_event(make_fields(eventId="long", title=LONG, location=LONG, organizer=LONG, date=day), ACTOR)
    services.update_event("launch", {"title": "Launch evening", "capacity": 10**15}, ACTOR)
    story = "A story in one breath, " * 400
    services.create_event(make_fields(eventId="story", date=day, description=f"{story}with an end."), ACTOR)
    services.update_event("story", {"description": f"{story}{'w' * 200}"}, ACTOR)
    services.create_event(make_fields(eventId="deleted", title="Deleted"), ACTOR)
    services.delete_event("deleted", ACTOR)
    waiting = bulk.prepare_delete(Search(), [], ADA)
    done = bulk.prepare_status(Search(), [], "active", ADA)
    services.update_event("long", {"capacity": 3}, ACTOR)
    return {"waiting": waiting, "report": batches.run(done.id, ADA, seconds=60)}


def problems(page: Page) -> list[str]:
    """The violations that axe finds, and whether the page is wider than its window."""
    found = [
        f"{urlsplit(page.url).path} {violation['id']}: {[node['html'][:150] for node in violation['nodes']]}"
        for violation in Axe().run(page).response["violations"]
    ]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found + ([f"{urlsplit(page.url).path} is {wide} px too wide"] if wide > 0 else [])


@pytest.mark.parametrize("window", WINDOWS)
def test_every_page(open_browser: Open, full_desk: dict[str, Batch], window: str) -> None:
    page = open_browser(**WINDOWS[window])
    page.goto("/staff/login/")
    found = problems(page)
    page.get_by_label("Username").fill("ada")
    page.get_by_role("button", name="Sign in").click()
    found += problems(page)
    sign_in(page, "ada")
    batch_pages = [f"/staff/batches/{batch.id}/" for batch in full_desk.values()]
    for path in [*PAGES, *batch_pages]:
        page.goto(path)
        found += problems(page)
    page.goto("/staff/event/story/")
    page.get_by_role("link", name="Show the full text").first.click()
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
    page.get_by_text("Menu", exact=True).click()
    found = problems(page)
    page.keyboard.press("Escape")
    page.locator("details.user-menu summary").click()
    assert found + problems(page) == []


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
