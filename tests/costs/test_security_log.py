"""What the security log costs: one write for each event that is no change, and a bounded number of reads for a page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from events.storage import account_changes
from eventsite.accounts import security_log
from tests.costs.counting import Meter
from tests.support.builders import make_staff
from tests.support.clients import client_of
from tests.support.fault_proxy import FaultProxy
from tests.support.sign_in import browser, sign_in

COUNTERS = "3 x UpdateItem events-access"
RECORDED = "PutItem events-access"
STAFF = "BatchGetItem events-access"


def calls_of(text: str) -> str:
    return text.rpartition(": ")[0]


def test_a_sign_in_has_one_more_write(faults: FaultProxy) -> None:
    make_staff("eva", "viewer")
    meter = Meter(faults)
    with meter.measured() as cost:
        assert sign_in(browser(), "eva").status_code == 302
    assert cost.calls["PutItem events-access"] == 1
    with meter.measured() as cost:
        sign_in(browser(), "eva", "wrong")
    known = calls_of(str(cost))
    assert known == f"GetItem events-access, {COUNTERS}, {RECORDED}"
    with meter.measured() as cost:
        sign_in(browser(), "unknown", "wrong")
    assert calls_of(str(cost)) == known, "the calls must not tell whether there is an account"


def test_a_refused_page_has_one_write(faults: FaultProxy) -> None:
    client = client_of(make_staff("vera", "viewer"))
    meter = Meter(faults)
    for _ in range(3):  # it is counted also if the row of this minute exists
        with meter.measured() as cost:
            assert client.get("/staff/people/").status_code == 403
        assert calls_of(str(cost)) == f"{STAFF}, {RECORDED}"


def test_a_refused_key_has_none(api: Any, faults: FaultProxy) -> None:
    meter = Meter(faults)
    with meter.measured() as cost:
        assert api.get("/events", headers={"Authorization": "Bearer evk_x"}).status_code == 401
    assert str(cost) == ": nothing"


@pytest.mark.parametrize(("query", "searched"), [("", 1), ("?action=failures", 1), ("?person=eva", 1)])
def test_a_page(faults: FaultProxy, query: str, searched: int) -> None:
    for _ in range(130):
        security_log.record("sign-in-failed", whom="eva")
    client = client_of(make_staff("ada", "admin"))
    with Meter(faults).measured() as cost:
        assert client.get(f"/staff/security/{query}").status_code == 200
    assert cost.calls == {"BatchGetItem events-access": 2, "Query events-access/by-kind": searched}
    assert cost.read_units < 110


def test_a_search_that_finds_nothing(faults: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_changes, "_SEARCHED", 20)
    for _ in range(130):
        security_log.record("sign-in-failed", whom="eva")
    client: Client = client_of(make_staff("ada", "admin"))
    with Meter(faults).measured() as cost:
        assert "Continue searching" in client.get("/staff/security/?person=nobody").content.decode()
    assert cost.calls == {"BatchGetItem events-access": 1, "Query events-access/by-kind": 3}
