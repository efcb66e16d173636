"""The security log in a browser: long names, phone and desktop, keyboard, export."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from eventsite import observed
from eventsite.accounts import security_log
from tests.browser.conftest import Open, sign_in
from tests.browser.problems import problems
from tests.support.builders import make_staff

LONG = "x" * 63


@pytest.fixture
def entries() -> None:
    request = observed.begin("6b5f1c1e-0000-4000-8000-000000000001")
    request.address = "2001:db8:85a3:8d3:1319:8a2e:370:7348"
    request.user_agent = f"Firefox/{'9' * 300} (Windows NT 10.0)"
    make_staff("ada", "admin")
    make_staff(LONG, "viewer")
    security_log.record("signed-in", LONG, detail="totp")
    security_log.record("sign-in-failed", whom=LONG)
    security_log.record("access-refused", LONG, detail="/staff/people/…/reset-password/")
    security_log.record("key-created", "ada", "Großraumveranstaltungsverwaltung" * 2, "write")
    observed.begin("")


@pytest.mark.parametrize("width", [390, 1280])
def test_long_entries_fit_and_axe_finds_nothing(entries: None, open_browser: Open, width: int) -> None:
    page = open_browser(viewport={"width": width, "height": 800})
    sign_in(page, "ada")
    page.goto("/staff/security/")
    expect(page.get_by_role("listitem").filter(has_text="signed in with an authenticator app")).to_be_visible()
    parts = page.locator("main li div")
    assert parts.evaluate_all("parts => parts.filter(part => part.scrollWidth > part.clientWidth + 1).length") == 0
    assert problems(page) == []


def test_filter_with_the_keyboard_and_export(entries: None, desk_of_ada: Page) -> None:
    page = desk_of_ada
    page.goto("/staff/security/")
    page.get_by_label("Person or API key").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Kind of entry")).to_be_focused()
    page.keyboard.type("Failures")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Filter").press("Enter")
    page.wait_for_url("**/staff/security/?*action=failures*")
    expect(page.locator("main li")).to_have_count(2)
    with page.expect_download() as downloaded:
        page.get_by_role("link", name="Export CSV").press("Enter")
    lines = Path(downloaded.value.path()).read_text("utf-8-sig").splitlines()
    assert [line.split(",")[1] for line in lines] == ['"event"', '"access.refused"', '"signin.failed"']
    page.goto("/staff/security/?action=exports")
    expect(page.locator("main li")).to_contain_text("ada exported 2 entries of this log")


@pytest.fixture
def desk_of_ada(entries: None, open_browser: Open) -> Page:
    page = open_browser(viewport={"width": 1280, "height": 800})
    sign_in(page, "ada")
    return page
