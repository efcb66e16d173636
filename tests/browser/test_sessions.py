"""The pages of sessions, and signing in again: without scripts, by keyboard, and on a phone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from eventsite.accounts import people
from tests.browser.conftest import Open, sign_in
from tests.browser.problems import problems
from tests.support.builders import PASSWORD, make_staff
from tests.support.clients import client_of
from tests.support.session_clock import SessionClock

AGAIN = "**/staff/login/again/?**"
PHONE = {"width": 390, "height": 740}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SessionClock:
    return SessionClock(monkeypatch)


def enter_password(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Continue").click()


@pytest.mark.parametrize("scripts", [True, False])
def test_signing_in_again_before_a_change(open_browser: Open, clock: SessionClock, scripts: bool) -> None:
    make_staff("eva", "editor")
    make_staff("ada", "admin")
    page = open_browser(viewport=PHONE, java_script_enabled=scripts)
    sign_in(page, "ada")
    page.goto("/staff/people/eva/")
    clock.move(timedelta(minutes=11))
    page.get_by_label("Role").select_option("admin")
    page.get_by_role("button", name="Save the role").click()
    page.wait_for_url(AGAIN)
    expect(page.get_by_label("Username")).to_have_value("ada")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    assert not scripts or problems(page) == []
    enter_password(page, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("This password is wrong. Please try again.")
    assert not scripts or problems(page) == []
    enter_password(page)
    page.wait_for_url("**/staff/people/eva/")
    expect(page.get_by_text("Nothing was changed. Please do it again.")).to_be_visible()
    assert people.get_staff("eva").role == "editor"
    page.get_by_label("Role").select_option("admin")
    page.get_by_role("button", name="Save the role").click()
    expect(page.get_by_text("eva is now an admin.")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_sessions_by_keyboard(open_browser: Open, scripts: bool) -> None:
    ada = make_staff("ada", "admin")
    page = open_browser(viewport=PHONE, java_script_enabled=scripts)
    sign_in(page, "ada")
    for _ in range(2):
        client_of(ada)
    page.goto("/staff/account/")
    page.get_by_role("link", name="Show sessions").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/staff/account/sessions/")
    here = page.get_by_role("row").filter(has_text="This session")
    expect(here).to_contain_text("Chrome on Linux")
    expect(here.get_by_role("button", name="Sign out")).to_be_visible()
    ends = page.get_by_role("button", name="End session of Unknown browser")
    expect(ends).to_have_count(2)
    ends.first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The session was ended.")).to_be_visible()
    expect(ends).to_have_count(1)
    page.get_by_role("button", name="Sign out everywhere else").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("You were signed out everywhere else.")).to_be_visible()
    expect(ends).to_have_count(0)
    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_text("You were signed out everywhere.")).to_be_visible()


def test_a_long_name_fits_on_a_phone(open_browser: Open) -> None:
    name = "a.very.long.name." * 3 + "@example.org"
    client_of(make_staff(name))
    make_staff("ada", "admin")
    page = open_browser(viewport=PHONE)
    sign_in(page, "ada")
    page.goto(f"/staff/people/{name}/sessions/")
    expect(page.get_by_role("button", name="End all sessions")).to_be_visible()
    assert problems(page) == []
