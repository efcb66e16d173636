"""The clock of authenticator apps, and a person with or without one."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.support.builders import make_staff
from tests.support.clients import client_of
from tests.support.codes import Clock, add_authenticator


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def anna(clock: Clock) -> Client:
    """The browser of a viewer, signed in."""
    return client_of(make_staff("anna", "viewer"))


@pytest.fixture
def codes(clock: Clock) -> list[str]:
    """The recovery codes of anna, who has an authenticator app."""
    make_staff("anna", "viewer")
    return add_authenticator()
