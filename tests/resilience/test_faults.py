"""Every operation with every kind of error at each call: a clear response, nothing lost, half done or done twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

import pytest

from events.domain import StorageError
from events.exports import INCOMPLETE
from events.storage.connection import DynamoDB
from eventsite.accounts.keys import remembered_keys
from tests.resilience.operations import API, OPERATIONS, Operation, Prepared, World, Worlds, always, settled
from tests.support import fault_proxy as kinds
from tests.support.fault_proxy import (
    FAIL,
    THROTTLE,
    Fault,
    FaultProxy,
    break_off,
    corrupt,
    garbage,
    lose_answer,
    refuse,
    truncate,
)
from tests.support.history import assert_history_replays
from tests.support.page_reader import text

GENERIC = "Something went wrong on our side. The request may or may not have been completed."
SENTENCES = (
    "The database is not responding. If you were saving, check whether it was saved",
    "Something went wrong on our side. If you were saving, check whether it was saved before you try again.",
    "The database is not responding. Your text is still here; try again in a moment.",
)
TECHNICAL = ("Traceback", "Exception", "Error:", "botocore", "pynamodb", "DynamoDB", "events-", "127.0.0.1:", "captive")


FAULTS: dict[str, Fault] = {
    "refused": refuse,
    "broken off": break_off,
    "answer lost": lose_answer,
    "throttled": THROTTLE,
    "failed": FAIL,
    "bad gateway": kinds.BAD_GATEWAY,
    "corrupted": corrupt,
    "truncated": truncate,
    "garbage": garbage,
    "no object": kinds.NO_OBJECT,
    "other JSON": kinds.OTHER_JSON,
    "other types": kinds.OTHER_TYPES,
}
TRIES = 1 + len(DynamoDB.pauses)
TAKEN_FOR_AN_ANSWER = ("other JSON", "other types")  # detected after the retries
# How many calls fail: all from there on, just as many as one call has tries, fewer than that, which nobody notices.
OUTAGES = (None, TRIES, TRIES - 1)
pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture(scope="module")
def calls() -> dict[str, int]:
    """How many calls of DynamoDB each operation makes, once that is known."""
    return {}


def answer(prepared: Prepared) -> Any:
    """The whole response, including streamed content, or None if the content broke off and says so."""
    response = prepared.send()
    if response.streaming:
        chunks: list[bytes] = []
        try:
            chunks.extend(response.streaming_content)  # those before an error stay
        except StorageError:
            assert chunks[-1] == INCOMPLETE
            return None
        finally:
            response.close()
    return response


def assert_is_clear(response: Any, json_wanted: bool, throttled: bool) -> None:
    """A clear error for a program or a person, without internal details."""
    assert response.status_code == 500, (response.status_code, text(response))
    if json_wanted:
        assert response["Content-Type"] == "application/json"
        code = "storage_busy" if throttled else "storage_error"
        assert json.loads(response.content) == {"detail": GENERIC, "code": code}
        assert response.get("Retry-After") == ("1" if throttled else None)
    else:
        assert response["Content-Type"] == "text/html; charset=utf-8"
        page = text(response)
        assert any(sentence in page for sentence in SENTENCES), page
        assert not [word for word in TECHNICAL if word in page], page


def count_calls(faults: FaultProxy, operation: Operation, world: World) -> int:
    prepared = operation(world)
    remembered_keys.clear()
    faults.set(None)
    assert answer(prepared).status_code < 400
    calls = len(faults.calls)
    assert prepared.done() == 1
    return calls


class Broken(NamedTuple):
    """Whether a request was acknowledged, and whether it was done."""

    acknowledged: bool
    done: int
    writes: bool


def break_call(faults: FaultProxy, name: str, fault: str, at: int, times: int | None, prepared: Prepared) -> Broken:
    """Sends the request while a call fails, and again without errors."""
    remembered_keys.clear()
    faults.set(FAULTS[fault], after=at, times=times)
    response = settled(faults, lambda: answer(prepared))
    faults.set(None)
    acknowledged = response is not None and response.status_code < 400
    if response is not None and not acknowledged:
        assert_is_clear(response, name in API or name == "calendar feed", fault == "throttled")
    done = prepared.done()
    assert done == 1 or (done == 0 and not acknowledged), done
    if prepared.repeatable:
        again = answer(prepared)  # in the same process, which must recover by itself
        assert again.status_code < 500, again.content
        assert prepared.done() == 1
    return Broken(acknowledged, done, prepared.done is not always)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.stress)], ids=["sampled", "every"])
def test_each_operation_with_an_error_at_each_call(
    faults: FaultProxy,
    worlds: Worlds,
    calls: dict[str, int],
    caplog: pytest.LogCaptureFixture,
    record_property: Callable[[str, object], None],
    fault: str,
    every: bool,
) -> None:
    broken: list[Broken] = []
    turn = list(FAULTS).index(fault)
    for number, (name, operation) in enumerate(OPERATIONS.items()):
        if not every and (number + turn) % len(FAULTS):  # each operation once, with one of the faults
            continue
        if name not in calls:
            calls[name] = count_calls(faults, operation, worlds())
        ways = [(at, times) for at in range(calls[name]) for times in OUTAGES]
        chosen = Random(f"{name} {fault}").sample(ways, 2 if every else 1)
        if every and fault == "answer lost":  # once at each call: a retry must recognize its own write
            chosen += [(at, TRIES - 1) for at in range(calls[name])]
        for at, times in chosen:
            try:
                result = break_call(faults, name, fault, at, times, operation(worlds()))
                assert "(internal_error)" not in caplog.text
                short = (
                    times == TRIES - 1 and fault not in TAKEN_FOR_AN_ANSWER and "timed out" not in caplog.text
                )  # a slow machine
                assert result.acknowledged or not short, "a short fault was noticed"
                caplog.clear()
            except BaseException as error:
                error.add_note(f"{name}: {fault} {times or 'ever'} times from call {at} of {calls[name]}")
                raise
            broken.append(result)
        assert_history_replays()
    record_property("requests broken", len(broken))
    record_property("acknowledged all the same", sum(one.acknowledged for one in broken))
    record_property(
        "done but not acknowledged", sum(one.writes and one.done and not one.acknowledged for one in broken)
    )


def test_a_password_is_changed_although_the_response_is_lost(faults: FaultProxy, worlds: Worlds) -> None:
    """The retry is refused because the password is already new. The site must recognize its own write."""
    prepared = OPERATIONS["password change"](worlds())
    faults.set(lose_answer, "UpdateItem", part=b"password", times=1)
    assert prepared.send().status_code == 302
    assert faults.calls.count("UpdateItem") > 1
    assert prepared.done() == 1
