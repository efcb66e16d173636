"""Writes whose response is lost: the retry finds what the first attempt wrote, and must recognize it as its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from events.storage import factors, sessions
from events.storage.sessions import SessionUse
from eventsite.accounts import people
from eventsite.accounts.domain import Factor, RecoveryCodes
from eventsite.accounts.security_log import new_change
from tests.resilience.operations import OPERATIONS, Worlds
from tests.support.builders import make_staff
from tests.support.fault_proxy import FaultProxy, lose_answer

NOW = datetime.now(UTC)
LATER = NOW + timedelta(hours=1)
PHONE = Factor("1a", "totp", "Phone", NOW, None, "encrypted", 50)
WRITES: dict[str, Callable[[], bool]] = {
    "a new session": lambda: sessions.put_session("new", "data", SessionUse(LATER), new=True),
    "a session that ends": lambda: sessions.delete_session("old"),
    "the step of an authenticator": lambda: factors.use_step("anna", PHONE, 51, NOW, "encrypted again"),
    "a recovery code": lambda: factors.use_code("anna", "a"),
    "the challenge of a passkey": lambda: factors.use_challenge("random", LATER),
}
pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.mark.parametrize("name", WRITES)
def test_a_lost_response_does_not_turn_success_into_failure(faults: FaultProxy, name: str) -> None:
    codes = RecoveryCodes(frozenset({"a", "b"}), NOW)
    factors.add_factor(make_staff().fields(), PHONE, codes, new_change("anna", "factor-added", "anna", "Phone"))
    assert people.get_staff("anna").has_factors
    sessions.put_session("old", "data", SessionUse(LATER), new=True)
    faults.set(lose_answer, times=1)
    assert WRITES[name]()
    assert len(faults.calls) == 2
    faults.set(None)
    assert not WRITES[name]()  # done once already


@pytest.mark.parametrize("name", ["sign-in", "password change"])
def test_a_lost_response_to_any_call_is_not_noticed(faults: FaultProxy, worlds: Worlds, name: str) -> None:
    at = 0
    while True:
        prepared = OPERATIONS[name](worlds())
        faults.set(lose_answer, times=1, after=at)
        response, unused = prepared.send(), faults.times
        faults.set(None)
        at += 1
        assert (response.status_code, prepared.done()) == (302, 1), f"call {at}"
        if unused:  # there were not so many calls
            break
    assert at > 4
