"""Writes that reach DynamoDB after their client gave up: done once or refused, and never over a later write."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.resilience.operations import OPERATIONS, Prepared, Worlds, always
from tests.support.fault_proxy import FaultProxy, Hold
from tests.support.history import assert_history_replays

WRITES = ("TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem")
pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.mark.parametrize("name", ["edit form"])
def test_a_write_that_arrives_after_its_retry(faults: FaultProxy, worlds: Worlds, name: str) -> None:
    prepared = OPERATIONS[name](worlds())
    hold = Hold()
    faults.set(hold, *WRITES, times=1)
    assert prepared.send().status_code < 400
    hold.released.set()
    faults.settle()
    assert prepared.done() == 1
    assert_history_replays()


@pytest.mark.stress
def test_writes_that_arrive_after_the_client_sent_them_again(
    faults: FaultProxy, worlds: Worlds, record_property: Callable[[str, object], None]
) -> None:
    """All attempts of each write time out, the client sends it again, and then all of them arrive."""
    prepared = {name: operation(worlds()) for name, operation in OPERATIONS.items()}
    writes = {name: one for name, one in prepared.items() if one.done is not always and one.repeatable}

    def send(one: Prepared) -> Any:
        return one.send().status_code

    hold = Hold()
    faults.set(hold, *WRITES)
    with ThreadPoolExecutor(len(writes)) as people:
        answers = dict(zip(writes, people.map(send, writes.values()), strict=True))
    assert {name: status for name, status in answers.items() if status not in (302, 500)} == {}
    faults.set(None)
    for name, one in writes.items():
        assert send(one) < 500, name
    hold.released.set()
    faults.settle()
    assert {name: done for name, one in writes.items() if (done := one.done()) != 1} == {}
    assert_history_replays()
    record_property("writes sent again before they arrived", len(writes))
