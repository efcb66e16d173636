"""Fixtures: an emulator for each worker, a stage that is deployed to it, and a person who has signed in there."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest

from tests.deployment.ministack.deployed import Deployed
from tests.deployment.ministack.emulator import Browser, Ministack, Project
from tests.support.builders import PASSWORD
from tests.support.codes import ADD, codes_on, secret_on
from tests.support.page_reader import fields


@pytest.fixture(autouse=True)
def database() -> None:
    """Replaces the fixture that starts DynamoDB Local: the emulator has tables of its own."""


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory, shared_folder: Path) -> Iterator[Ministack]:
    with Ministack(tmp_path_factory.mktemp("ministack"), shared_folder) as running:
        yield running


@pytest.fixture(scope="session")
def dev(ministack: Ministack, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    return Deployed(Project(tmp_path_factory.mktemp("project"), ministack), "dev")


@pytest.fixture
def staff(dev: Deployed) -> Browser:
    """An admin's browser, signed in. The first page asks for two-step sign-in, because a stage needs it of admins."""
    name = f"ada-{secrets.token_hex(3)}"
    made = dev.project.manage("create_staff", name, "--role", "admin", stage="dev", typed=f"{PASSWORD}\n")
    browser = dev.browser()
    assert made.returncode == 0, made.stderr
    response = browser.post("/staff/login/", {"username": name, "password": PASSWORD, "next": ""})
    assert (response.status_code, response.headers["Location"]) == (302, "/dev/staff/"), response.text
    assert browser.get("/staff/").headers["Location"] == "/dev/staff/account/factors/?next=/dev/staff/"
    page = browser.get(ADD)
    code = pyotp.TOTP(secret_on(page)).now()
    assert len(codes_on(browser.post(ADD, {**fields(page), "name": "Phone", "code": code}))) == 10
    return browser
