"""Authenticator apps in tests: a clock that stands still, and the codes that an app shows."""

from __future__ import annotations

import re
from typing import Any

import pyotp
import pytest
from django.test import Client

from eventsite.accounts import factors, people, totp
from tests.support.page_reader import fields, text
from tests.support.sign_in import browser, sign_in

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
OTHER_SECRET = "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU"
SECOND = "/staff/login/second/"
FACTORS = "/staff/account/factors/"
ADD = f"{FACTORS}authenticator/"
NEW_CODES = f"{FACTORS}recovery-codes/"
WRONG = "This code is wrong, or was already used."


class Clock:
    """The current step. It moves only when a test moves it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.step = 60_000_000
        monkeypatch.setattr(totp, "current_step", lambda: self.step)

    def code(self, steps: int = 0, secret: str = SECRET) -> str:
        """What an app shows, so many steps from now."""
        return pyotp.HOTP(secret).at(self.step + steps)


def add_authenticator(username: str = "anna", name: str = "Phone", secret: str = SECRET) -> list[str]:
    """An authenticator app whose codes were not used yet. Returns the recovery codes, if it is the first one."""
    return factors.add_authenticator(people.get_staff(username), name, secret, 0, b"seed of a test")


def secret_on(page: Any) -> str:
    """The secret that a page to add an authenticator app shows."""
    [shown] = re.findall(r'id="secret">([A-Z2-7 ]+)<', page.content.decode())
    return str(shown).replace(" ", "")


def codes_on(page: Any) -> list[str]:
    """The recovery codes that a page shows."""
    [shown] = re.findall(r'id="codes">([^<]+)<', page.content.decode())
    return str(shown).split()


def set_up(client: Client, clock: Clock, name: str = "Phone", query: str = "", **changes: str) -> Any:
    """Adds an authenticator app with the pages."""
    page = client.get(ADD + query)
    form = {**fields(page), "name": name, "code": clock.code(secret=secret_on(page)), **changes}
    return client.post(ADD + query, form)


def after_password(next_page: str = "") -> Client:
    client = browser()
    response = sign_in(client, next_page=next_page)
    assert (response.status_code, response["Location"]) == (302, SECOND)
    return client


def enter(client: Client, code: str, status: int = 200) -> str:
    response = client.post(SECOND, {"code": code})
    assert response.status_code == status, text(response)
    return text(response) if status != 302 else response["Location"]


def steps_of(username: str = "anna") -> list[int | None]:
    staff = people.get_staff(username)
    return [factor.last_step for factor in factors.list_factors(staff)]
