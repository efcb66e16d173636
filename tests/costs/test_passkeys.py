"""What a sign-in with a passkey costs: the same however many people and passkeys there are."""

from __future__ import annotations

from tests.costs.counting import Meter
from tests.support.builders import make_staff
from tests.support.fault_proxy import FaultProxy
from tests.support.passkeys import make_passkey, options, send
from tests.support.sign_in import LOGIN, browser


def test_a_sign_in_costs_the_same_with_many_people(faults: FaultProxy) -> None:
    meter = Meter(faults)
    costs = []
    for number in (1, 8):
        for person in range(number):
            make_staff(f"anna{number}{person}")
            authenticator = make_passkey(f"anna{number}{person}")
        client = browser()
        with meter.measured() as page:
            client.get(LOGIN)
        with meter.measured() as asked:
            options_of_browser = options(client)
        with meter.measured() as signed_in:
            assert send(client, authenticator.get(options_of_browser)).status_code == 200
        assert sum(page.calls.values()) == 0
        costs.append((sum(asked.calls.values()), sum(signed_in.calls.values())))
    assert costs == [(3, 12), (3, 12)]  # of these, 2 and 5 are for the sessions
