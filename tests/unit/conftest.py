"""Unit tests run without a database: nothing here starts DynamoDB Local."""

from __future__ import annotations

from typing import Any

import pytest

from events.storage.connection import DynamoDB


@pytest.fixture(autouse=True)
def database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replaces the fixture that starts the engine. A call of DynamoDB fails the test."""

    def refuse(self: DynamoDB, operation: str, parameters: dict[str, Any]) -> None:
        pytest.fail(f"A unit test called DynamoDB ({operation}). Move the test to tests/integration.")

    monkeypatch.setattr(DynamoDB, "call", refuse)
