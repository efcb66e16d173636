"""Passkeys with Chromium's own virtual authenticator: adding one, and signing in with one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from django.conf import settings as django_settings
from django.test import override_settings
from playwright.sync_api import CDPSession, Page, Route, expect

from events.storage import factors as repository
from eventsite.accounts import people
from eventsite.accounts.security_log import new_change
from tests.browser.conftest import Open, sign_in
from tests.browser.hands import Keyboard, Mouse
from tests.browser.problems import problems
from tests.support.builders import PASSWORD, make_staff
from tests.support.http_server import Server

NEW = "/staff/account/passkeys/new/"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
NOT_ACCEPTED = "This passkey was not accepted. Try again, or sign in another way."


class Device:
    """Chromium's virtual authenticator, which unlocks itself."""

    def __init__(self, page: Page, **overrides: Any) -> None:
        self._cdp: CDPSession = page.context.new_cdp_session(page)
        self._cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
            **overrides,
        }
        self._id = self._cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._cdp.send("WebAuthn.getCredentials", {"authenticatorId": self._id})[
            "credentials"
        ]
        return found

    def keep(self, credential: dict[str, Any]) -> None:
        self._cdp.send("WebAuthn.addCredential", {"authenticatorId": self._id, "credential": credential})

    def forget(self) -> None:
        self._cdp.send("WebAuthn.clearCredentials", {"authenticatorId": self._id})

    def lose(self) -> None:
        self._cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self._id})

    def stay_locked(self) -> None:
        self._cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self._id, "isUserVerified": False})


@pytest.fixture
def open_localhost(open_browser: Open, server: Server) -> Iterator[Open]:
    """A network address cannot have passkeys."""
    address = server.url.replace("127.0.0.1", "localhost")
    with override_settings(ALLOWED_HOSTS=[*django_settings.ALLOWED_HOSTS, "localhost"]):
        yield lambda **options: open_browser(base_url=address, **options)


@pytest.fixture
def page(open_localhost: Open) -> Page:
    """A window in which ada is signed in."""
    make_staff("ada", "admin")
    page = open_localhost(viewport={"width": 1280, "height": 800})
    sign_in(page, "ada")
    return page


def add_passkey(page: Page, name: str = "Laptop", hands: Mouse | None = None) -> None:
    hands = hands or Mouse()
    page.goto(NEW)
    hands.fill(page.get_by_label("Name"), name)
    hands.click(page.get_by_role("button", name="Add the passkey"))
    expect(page.get_by_text(f"{name} was added.")).to_be_visible()


def sign_out(page: Page) -> None:
    page.context.clear_cookies()
    page.goto("/staff/login/")


def passkey_button(page: Page) -> Any:
    return page.get_by_role("button", name="Sign in with a passkey")


def names() -> set[str]:
    staff = people.get_staff("ada")
    return {factor.name for factor in repository.get_factors("ada", staff.factor_ids)}


@pytest.mark.parametrize("window", ["desktop", "phone", "keyboard"])
def test_add_one_and_sign_in_without_a_username(open_localhost: Open, window: str) -> None:
    make_staff("ada", "admin")
    page = open_localhost(**(PHONE if window == "phone" else {"viewport": {"width": 1280, "height": 800}}))
    hands = Keyboard() if window == "keyboard" else Mouse()
    device = Device(page)
    sign_in(page, "ada")
    page.goto(NEW)
    expect(page.get_by_label("Name")).to_have_value(re.compile(r"^Chrome on (Linux|Android|macOS|Windows)$"))
    found = problems(page)
    add_passkey(page, hands=hands)
    assert names() == {"Laptop"}
    [stored] = device.credentials()
    assert (stored["rpId"], stored["isResidentCredential"]) == ("localhost", True)
    sign_out(page)
    found += problems(page)
    page.goto("/staff/people/")
    hands.click(passkey_button(page))
    page.wait_for_url("**/staff/people/")
    expect(page.get_by_role("button", name=re.compile("^ada"))).to_be_visible()
    assert found == []


def test_the_same_device_is_added_once_and_another_one_works(page: Page) -> None:
    first = Device(page)
    add_passkey(page)
    page.goto(NEW)
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("This device or security key already has a passkey")
    expect(page.get_by_role("alert")).to_be_focused()
    assert problems(page) == []
    assert names() == {"Laptop"}
    first.lose()
    second = Device(page, transport="usb")
    add_passkey(page, "Key ring")
    assert names() == {"Laptop", "Key ring"}
    assert len(second.credentials()) == 1
    sign_out(page)
    passkey_button(page).click()
    page.wait_for_url("**/staff/")


def test_as_the_second_step_after_the_password(open_localhost: Open) -> None:
    make_staff("ada", "admin")
    page = open_localhost(**PHONE)
    sign_in(page, "ada")
    Device(page)
    add_passkey(page)
    sign_out(page)
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/login/second/")
    assert problems(page) == []
    passkey_button(page).click()
    page.wait_for_url("**/staff/")


def test_a_removed_passkey(page: Page) -> None:
    Device(page)
    add_passkey(page)
    staff = people.get_staff("ada")
    [factor_id] = staff.factor_ids
    repository.remove_factor(staff.fields(), factor_id, new_change("ada", "factor-removed", "ada"))
    sign_out(page)
    passkey_button(page).click()
    expect(page.get_by_role("alert")).to_have_text(re.compile(re.escape(NOT_ACCEPTED)))
    expect(page.get_by_role("alert")).to_be_focused()
    assert problems(page) == []


def test_the_passkey_of_another_site_is_not_offered(page: Page) -> None:
    device = Device(page)
    add_passkey(page)
    [stored] = device.credentials()
    device.forget()
    device.keep({**stored, "rpId": "desk.example.org"})
    sign_out(page)
    passkey_button(page).click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was used.")


def test_a_page_of_another_name_cannot_use_it(page: Page, server: Server) -> None:
    Device(page)
    add_passkey(page)
    page.context.clear_cookies()
    page.goto(f"{server.url}/staff/login/")
    passkey_button(page).click()
    expect(page.get_by_role("alert")).to_contain_text("because it has no host name. Open http://localhost:")


def test_a_device_that_stays_locked(page: Page) -> None:
    device = Device(page)
    add_passkey(page)
    device.stay_locked()
    sign_out(page)
    passkey_button(page).click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was used.")


def test_a_replayed_response(page: Page) -> None:
    Device(page)
    add_passkey(page)
    sign_out(page)
    sent: list[str] = []

    def keep(route: Route) -> None:
        sent.append(route.request.post_data or "")
        route.continue_()

    page.route("**/login/passkey/", keep)
    passkey_button(page).click()
    page.wait_for_url("**/staff/")
    page.unroute("**/login/passkey/")
    [credential] = parse_qs(sent[0])["credential"]
    assert json.loads(credential)["response"].keys() == {
        "clientDataJSON",
        "authenticatorData",
        "signature",
        "userHandle",
    }
    sign_out(page)
    replay = with_credential(credential)
    page.route("**/login/passkey/", replay)
    passkey_button(page).click()
    expect(page.get_by_role("alert")).to_contain_text(NOT_ACCEPTED)
    page.goto("/staff/account/")
    expect(page).to_have_url(re.compile("/staff/login/"))


def with_credential(credential: str) -> Callable[[Route], None]:
    """Sends this instead of what the browser made."""

    def replace(route: Route) -> None:
        form = {name: values[0] for name, values in parse_qs(route.request.post_data or "").items()}
        route.continue_(post_data=urlencode({**form, "credential": credential}))

    return replace


def test_without_scripts(open_localhost: Open) -> None:
    make_staff("ada", "admin")
    page = open_localhost(java_script_enabled=False)
    page.goto("/staff/login/")
    expect(passkey_button(page)).not_to_be_visible()
    expect(page.get_by_text("Passkeys need JavaScript")).to_be_visible()
    sign_in(page, "ada")
    page.goto(NEW)
    expect(page.get_by_text("Passkeys need JavaScript")).to_be_visible()
    expect(page.get_by_role("button", name="Add the passkey")).not_to_be_visible()


def test_a_browser_without_passkeys(open_localhost: Open) -> None:
    make_staff("ada", "admin")
    page = open_localhost()
    page.add_init_script("delete window.PublicKeyCredential")
    sign_in(page, "ada")
    page.goto(NEW)
    expect(page.get_by_text("Passkeys need JavaScript, a current browser and a secure connection")).to_be_visible()
    expect(page.get_by_role("button", name="Add the passkey")).not_to_be_visible()


def test_a_network_address_leads_to_localhost(page: Page, server: Server) -> None:
    page.goto(server.url + "/staff/login/")
    sign_in_at = server.url + NEW
    page.context.clear_cookies()
    page.goto(sign_in_at)
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(sign_in_at)
    page.get_by_role("link", name="Open it as localhost").click()
    page.wait_for_url("**localhost**")


def test_a_page_that_is_too_old(page: Page) -> None:
    Device(page)
    page.goto(NEW)
    page.context.clear_cookies()
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("This page was open for too long. Reload it and try again.")
