"""What an API key costs a call: each process reads it every 20 seconds, and its last use is written every hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from eventsite.accounts import keys
from eventsite.accounts.domain import Rotation, Scope
from tests.costs.counting import Meter
from tests.support.api_calls import send
from tests.support.builders import ACTOR
from tests.support.fault_proxy import FaultProxy


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[timedelta]:
    """How far the clocks of keys.py are ahead."""
    ahead = [timedelta(0)]

    class Clock:
        def now(self, _: Any) -> datetime:
            return datetime.now(UTC) + ahead[0]

        def monotonic(self) -> float:
            return 1000 + ahead[0].total_seconds()

    monkeypatch.setattr(keys, "datetime", Clock())
    monkeypatch.setattr(keys, "time", Clock())
    return ahead


@override_settings(EVENTS_API_ACCESS="keyed")
def test_what_a_key_costs_a_call(api: APIClient, faults: FaultProxy, passed: list[timedelta]) -> None:
    key, first = keys.create_key("shop", Scope.READ, ACTOR, valid_for=timedelta(days=30))
    _, second = keys.rotate_key(key.id, ACTOR, Rotation(timedelta(days=1), timedelta(days=30)))
    keys.remembered_keys.clear()
    meter = Meter(faults)

    def cost(token: str, later: timedelta = timedelta(0)) -> str:
        passed[0] += later
        with meter.measured() as measured:
            assert send(api, "GET", "/events/absent", Authorization=f"Bearer {token}").status_code == 404
        return str(measured)

    assert cost(first) == "GetItem events-access, UpdateItem events-access, GetItem events: 2 RCU + 1 WCU"
    for token in (first, second, second):
        assert cost(token) == "GetItem events: 1 RCU"
    for _ in range(6):
        assert cost(second, timedelta(minutes=9)) == "GetItem events-access, GetItem events: 2 RCU"
    assert "UpdateItem events-access" in cost(second, timedelta(minutes=9))


@override_settings(EVENTS_API_ACCESS="keyed")
def test_what_an_invalid_key_costs(api: APIClient, faults: FaultProxy) -> None:
    key, token = keys.create_key("shop", Scope.READ, ACTOR)
    send(api, "GET", "/events/absent", Authorization=f"Bearer {token}")
    meter = Meter(faults)
    expected = {
        token[:-1]: "nothing",
        f"evk_{key.id}_{'0' * 48}": "GetItem events-access: 1 RCU",  # perhaps a new secret
        f"evk_{'0' * 12}_{'0' * 48}": "GetItem events-access: 1 RCU",
    }
    for sent, costs in expected.items():
        with meter.measured() as measured:
            assert send(api, "GET", "/events/absent", Authorization=f"Bearer {sent}").status_code == 401
        assert costs in str(measured)
