"""Fixtures for tests with broken calls."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from rest_framework.test import APIClient

from events.storage.connection import DynamoDB
from eventsite.accounts.keys import remembered_keys
from tests.resilience.operations import World, Worlds
from tests.support.builders import make_staff
from tests.support.clients import client_of


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls are retried without a pause."""
    monkeypatch.setattr(DynamoDB, "pauses", (0.0,) * len(DynamoDB.pauses))


@pytest.fixture
def worlds(api: APIClient) -> Iterator[Worlds]:
    """Creates a new world for each run of an operation. All worlds share the tables."""
    ada = make_staff("ada", "admin")
    admin = client_of(ada)
    numbers = count()
    yield lambda: World(f"w{next(numbers)}", api, admin, ada)
    remembered_keys.clear()
