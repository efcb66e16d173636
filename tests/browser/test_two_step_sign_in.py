"""Two-step sign-in on a phone, by keyboard, with and without scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Page, expect

from eventsite.accounts import people
from tests.browser.conftest import Open, sign_in
from tests.browser.hands import Keyboard, Mouse
from tests.browser.problems import WINDOWS, problems
from tests.support.builders import PASSWORD, make_staff
from tests.support.codes import FACTORS, Clock, add_authenticator

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def enter_password(page: Page, hands: Mouse, username: str = "anna") -> None:
    page.goto("/staff/login/?next=/staff/events/")
    hands.fill(page.get_by_label("Username"), username)
    hands.fill(page.get_by_label("Password", exact=True), PASSWORD)
    hands.click(page.get_by_role("button", name="Sign in", exact=True))


def secret_on(page: Page) -> str:
    return page.locator("#secret").inner_text().replace(" ", "")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_forced_set_up_and_a_sign_in_by_keyboard_on_a_phone(
    open_browser: Open, clock: Clock, scripts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(django_settings, "EVENTS_SECOND_FACTOR", "everyone")
    make_staff("anna", "editor")
    page, hands = open_browser(**PHONE, java_script_enabled=scripts), Keyboard()
    found: list[str] = []

    def check() -> None:
        if scripts:
            found.extend(problems(page))

    enter_password(page, hands)
    expect(page.get_by_role("heading", name="Set up two-step sign-in")).to_be_visible()
    check()
    hands.click(page.get_by_role("link", name="Add an authenticator app"))
    hands.fill(page.get_by_label("Name"), "Phone")
    hands.fill(page.get_by_label("Code from the app"), "000000")
    hands.click(page.get_by_role("button", name="Add", exact=True))
    expect(page.get_by_role("alert")).to_contain_text("This code is wrong.")
    expect(page.get_by_label("Code from the app")).to_have_value("")
    expect(page.get_by_label("Name")).to_have_value("Phone")
    check()
    secret = secret_on(page)
    hands.fill(page.get_by_label("Code from the app"), clock.code(secret=secret))
    hands.click(page.get_by_role("button", name="Add", exact=True))
    expect(page.get_by_role("heading", name="Save your recovery codes")).to_be_visible()
    check()
    codes = page.locator("#codes").inner_text().split()
    assert len(codes) == 10
    hands.click(page.get_by_role("link", name="I have saved them"))
    page.wait_for_url("**/staff/events/")
    page.context.clear_cookies()

    enter_password(page, hands)
    field = page.get_by_label("Code from your authenticator app")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("autocomplete", "one-time-code")
    expect(field).to_have_attribute("inputmode", "numeric")
    check()
    page.keyboard.type(clock.code(1, secret))
    page.keyboard.press("Enter")
    page.wait_for_url("**/staff/events/")
    page.context.clear_cookies()

    enter_password(page, hands)
    hands.click(page.get_by_role("link", name="Use a recovery code"))
    expect(page.get_by_label("Recovery code")).not_to_have_attribute("inputmode", "numeric")
    check()
    hands.fill(page.get_by_label("Recovery code"), codes[0])
    hands.click(page.get_by_role("button", name="Sign in", exact=True))
    page.wait_for_url("**/staff/events/")
    expect(page.get_by_text("You used a recovery code. 9 of 10 are left.")).to_be_visible()
    page.goto(FACTORS)
    expect(page.get_by_text("9 of 10 left")).to_be_visible()
    check()
    page.context.clear_cookies()

    enter_password(page, hands)
    hands.click(page.get_by_role("button", name="Start again"))
    expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
    assert found == []


def test_too_many_codes(open_browser: Open, clock: Clock) -> None:
    make_staff("anna")
    add_authenticator()
    page = open_browser(**PHONE)
    enter_password(page, Mouse())
    for _ in range(6):
        page.get_by_label("Code from your authenticator app").fill("000000")
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("Too many attempts. Please try again in 15 minutes.")
    assert problems(page) == []


def test_the_codes_are_downloaded_without_scripts(open_browser: Open, clock: Clock, tmp_path: Path) -> None:
    make_staff("anna")
    add_authenticator()
    page = open_browser(java_script_enabled=False)
    enter_password(page, Mouse())
    page.get_by_label("Code from your authenticator app").fill(clock.code())
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.goto(f"{FACTORS}recovery-codes/")
    page.get_by_role("button", name="Create new codes").dblclick(delay=100)
    codes = page.locator("#codes").inner_text()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "recovery-codes.txt"
    download.value.save_as(tmp_path / "codes.txt")
    assert codes.split() == (tmp_path / "codes.txt").read_text().split()[-10:]


@pytest.mark.parametrize("window", WINDOWS)
def test_every_page(open_browser: Open, clock: Clock, window: str) -> None:
    page = open_browser(**WINDOWS[window])
    make_staff("ada", "admin")
    make_staff("eva", "editor")
    add_authenticator("eva")
    sign_in(page, "ada")
    found = []
    for path in (FACTORS, f"{FACTORS}authenticator/"):
        page.goto(path)
        found += problems(page)
    add_authenticator("ada", "A phone with a name that goes on and on, for " + "ever" * 4)
    add_authenticator("ada", "Tablet", "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU")
    ada = people.get_staff("ada")
    removals = [f"{FACTORS}{factor_id}/remove/" for factor_id in ada.factor_ids]
    others = ["/staff/account/", "/staff/people/eva/", "/staff/people/eva/remove-factors/", "/staff/activity/accounts/"]
    for path in (FACTORS, f"{FACTORS}recovery-codes/", *removals, *others):
        page.goto(path)
        found += problems(page)
    assert found == []


def test_the_qr_code_is_dark_on_white_in_dark_pages(open_browser: Open, clock: Clock) -> None:
    make_staff("ada", "admin")
    page = open_browser(**WINDOWS["desktop"], color_scheme="dark")
    sign_in(page, "ada")
    page.goto(f"{FACTORS}authenticator/")
    image = page.get_by_role("img", name="QR code")
    expect(image).to_be_visible()
    box = image.bounding_box()
    assert box
    assert box["width"] == box["height"] > 200
    corner = image.evaluate(
        """it => {
            const canvas = document.createElement("canvas");
            canvas.width = canvas.height = 490;
            const context = canvas.getContext("2d", { willReadFrequently: true });
            context.drawImage(it, 0, 0, 490, 490);
            return [[5, 5], [245, 20], [45, 45]].map(([x, y]) => [...context.getImageData(x, y, 1, 1).data].join());
        }"""
    )
    assert corner == ["255,255,255,255", "255,255,255,255", "0,0,0,255"]
