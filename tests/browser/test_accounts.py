"""Passwords, and what ends with an account: in every window, by keyboard, checked by axe."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from events.domain import Actor
from eventsite.accounts import keys, people
from eventsite.accounts.domain import Scope
from eventsite.accounts.errors import KeyNotFoundError
from tests.browser.conftest import Open, sign_in
from tests.browser.problems import WINDOWS, problems
from tests.support.builders import ACTOR, PASSWORD, make_staff
from tests.support.sign_in import browser as client_at
from tests.support.sign_in import sign_in as send_sign_in

EVA = Actor("eva")
LONG_NAME = "w" * 60


def _press_until_focused(page: Page, label: str) -> None:
    target = page.get_by_label(label)
    for _ in range(40):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"Tab does not reach {label!r}")


@pytest.mark.parametrize("window", WINDOWS)
def test_keys_of_a_person_who_leaves_are_revoked_by_keyboard(open_browser: Open, window: str) -> None:
    make_staff("ada", "admin")
    make_staff("eva", "admin")
    kiosk, _ = keys.create_key("Kiosk", Scope.WRITE, EVA)
    website, _ = keys.create_key(LONG_NAME, Scope.READ, EVA)
    page = open_browser(**WINDOWS[window])
    sign_in(page, "ada")
    page.goto("/staff/people/eva/")
    page.get_by_label("Role").select_option("editor")
    page.get_by_role("button", name="Save the role").click()
    expect(page.get_by_role("heading", name="Change the role of eva?")).to_be_visible()
    found = problems(page)
    page.goto("/staff/people/eva/reset-password/")
    found += problems(page)
    page.goto("/staff/people/eva/deactivate/")
    found += problems(page)
    _press_until_focused(page, "Revoke Kiosk")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_text("eva was deactivated and signed out everywhere. 1 key was revoked.")).to_be_visible()
    assert keys.get_key(website.id)
    with pytest.raises(KeyNotFoundError):
        keys.get_key(kiosk.id)
    assert found == []


@pytest.mark.parametrize("window", WINDOWS)
def test_a_new_person_chooses_a_password(open_browser: Open, window: str) -> None:
    make_staff("ada", "admin")
    page = open_browser(**WINDOWS[window])
    sign_in(page, "ada")
    page.goto("/staff/people/new/")
    page.get_by_label("Username").fill("eva")
    page.get_by_role("button", name="Add").click()
    found = problems(page)
    password = page.locator("#password").inner_text()
    page.goto("/staff/people/eva/")
    found += problems(page)
    hers = open_browser(**WINDOWS[window])
    hers.goto("/staff/login/")
    hers.get_by_label("Username").fill("eva")
    hers.get_by_label("Password", exact=True).fill(password)
    hers.get_by_label("Password", exact=True).press("Enter")
    hers.wait_for_url("**/account/password/**")
    for new in ("Password123!", "another battery horse"):
        hers.get_by_label("Current password").fill(password)
        for label in ("New password", "Repeat new password"):
            hers.get_by_label(label, exact=True).fill(new)
        hers.get_by_label("Repeat new password").press("Enter")
        if new == "Password123!":
            expect(hers.get_by_role("alert")).to_contain_text("New password: This password is easy to guess")
            found += problems(hers)
    hers.wait_for_url("**/staff/")
    assert found == []


def test_an_expired_one_time_password_says_so(open_browser: Open) -> None:
    make_staff("ada", "admin")
    eva = make_staff("eva", must_change_password=True)
    eva.one_time_until = datetime.now(UTC) - timedelta(hours=1)
    eva.save()
    page = open_browser(**WINDOWS["phone"])
    page.goto("/staff/login/")
    page.get_by_label("Username").fill("eva")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("This one-time password has expired. Ask an admin for a new one.")
    found = problems(page)
    sign_in(page, "ada")
    page.goto("/staff/people/eva/")
    found += problems(page)
    page.goto("/staff/people/")
    page.goto("/staff/people/ada/reset-password/")
    assert found == []


def test_a_known_browser_signs_in_although_strangers_guess(open_browser: Open) -> None:
    make_staff("eva")
    page = open_browser()
    sign_in(page, "eva")
    page.get_by_role("button", name="eva").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login/")
    for number in range(31):
        refused = send_sign_in(client_at(f"198.51.100.{number}"), "eva", "guess")
    assert refused.status_code == 429
    sign_in(page, "eva")
    people.reset_password("eva", ACTOR)
    page.goto("/staff/")
    page.wait_for_url("**/login/**")
