"""Batches are done once, with any interruption: lost responses, errors, and other windows."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest
from django.test import Client

from events import batches, bulk, services
from events.domain import StorageError, WriteConflictError
from events.storage import batches as batch_repository
from events.tasks import Outcome, Task
from tests.support.batches import EVERYTHING, MANY, counts, run_to_the_end, statuses
from tests.support.builders import ACTOR, make_fields, store_many
from tests.support.fault_proxy import FAIL, THROTTLE, Fault, FaultProxy, error
from tests.support.stored import get_history


def test_a_part_that_is_repeated_after_a_lost_response_is_done_once() -> None:
    store_many(4)
    batch = bulk.prepare_status(EVERYTHING, [], "draft", ACTOR)
    with patch.object(batch_repository, "finish_part", side_effect=StorageError("lost")), pytest.raises(StorageError):
        batches.run(batch.id, ACTOR)
    assert statuses() == ["draft"] * 4
    assert counts(run_to_the_end(batch)) == (4, 0, 0)
    assert len(get_history("e000")) == 2


@pytest.mark.parametrize("action", ["delete", "create"])
def test_a_repeated_run_recognizes_its_deletes_and_creates(action: str) -> None:
    fields = make_fields(eventId="e000")
    if action == "delete":
        store_many(1)
        batch = bulk.prepare_delete(EVERYTHING, [], ACTOR)
    else:
        batch = batches.prepare("import", [Task("create", "e000", "New", changes=fields)], ACTOR, "f.csv")
    with patch.object(batch_repository, "finish_part", side_effect=StorageError("lost")), pytest.raises(StorageError):
        batches.run(batch.id, ACTOR)
    assert counts(run_to_the_end(batch)) == (1, 0, 0)


def test_two_concurrent_windows_run_a_batch_once() -> None:
    store_many(MANY)
    batch = bulk.prepare_status(EVERYTHING, [], "draft", ACTOR)
    with ThreadPoolExecutor(2) as windows:
        list(windows.map(lambda _: batches.run(batch.id, ACTOR, seconds=30), range(2)))
    done = batches.get_batch(batch.id, ACTOR)
    assert (counts(done), done.finished) == ((MANY, 0, 0), True)
    assert {len(get_history(f"e{number:03}")) for number in range(MANY)} == {2}


def test_a_step_ends_when_its_time_is_up() -> None:
    store_many(MANY)
    batch = bulk.prepare_status(EVERYTHING, [], "draft", ACTOR)
    step = batches.run(batch.id, ACTOR, seconds=0.001)
    assert (step.next, step.progress, step.finished, step.confirmed) == (1, 50, False, True)


def test_a_database_error_during_a_batch_loses_nothing(faults: FaultProxy) -> None:
    store_many(6)
    batch = bulk.prepare_status(EVERYTHING, [], "draft", ACTOR)
    faults.set(FAIL, "TransactWriteItems")
    with pytest.raises(StorageError):
        batches.run(batch.id, ACTOR)
    faults.set(None)
    assert counts(run_to_the_end(batch)) == (6, 0, 0)
    assert statuses() == ["draft"] * 6


def test_an_event_edited_after_a_lost_response_still_counts_as_done() -> None:
    store_many(1)
    batch = bulk.prepare_status(EVERYTHING, [], "draft", ACTOR)
    with patch.object(batch_repository, "finish_part", side_effect=StorageError("lost")), pytest.raises(StorageError):
        batches.run(batch.id, ACTOR)
    services.update_event("e000", {"title": "Edited"}, ACTOR)
    assert counts(run_to_the_end(batch)) == (1, 0, 0)


def test_a_change_is_recognized_after_any_number_of_later_edits() -> None:
    store_many(1)
    batch = bulk.prepare_status(EVERYTHING, [], "draft", ACTOR)
    with patch.object(batch_repository, "finish_part", side_effect=StorageError("lost")), pytest.raises(StorageError):
        batches.run(batch.id, ACTOR)
    for capacity in range(30):
        services.update_event("e000", {"capacity": capacity}, ACTOR)
    assert counts(run_to_the_end(batch)) == (1, 0, 0)


def test_an_uninterrupted_run_reads_no_history(faults: FaultProxy) -> None:
    fields = [make_fields(eventId=f"e{number:03}") for number in range(MANY)]
    tasks = [Task("create", event["eventId"], "New", changes=event) for event in fields]
    batch = batches.prepare("import", tasks, ACTOR, "new.csv")
    faults.set(None)
    assert batches.run(batch.id, ACTOR, seconds=60).finished
    # First the batch; then for each part its beginning, its tasks, its end, and the batch again.
    assert Counter(faults.calls) == {"GetItem": 1 + 2 * 3, "UpdateItem": 3, "TransactWriteItems": MANY + 3}


def test_a_slow_second_runner_does_not_rewrite_the_report() -> None:
    store_many(2)
    batch = run_to_the_end(bulk.prepare_status(EVERYTHING, [], "draft", ACTOR))
    with pytest.raises(WriteConflictError):
        batch_repository.finish_part(batch.id, 0, [Outcome("failed", "late")] * 2)
    assert [outcome for _, outcome in batches.tasks_of(batch)] == [Outcome("done")] * 2
    assert counts(batches.get_batch(batch.id, ACTOR)) == (2, 0, 0)


def test_a_repeated_undo_is_done_once() -> None:
    store_many(2)
    batch = run_to_the_end(bulk.prepare_status(EVERYTHING, [], "draft", ACTOR))
    with ThreadPoolExecutor(3) as windows:
        undone = set(windows.map(lambda _: batches.undo_batch(batch.id, ACTOR).id, range(3)))
    assert len(undone) == 1
    assert counts(run_to_the_end(batches.undo_batch(batch.id, ACTOR))) == (2, 0, 0)
    assert batches.undo_batch(batch.id, ACTOR).finished


CONFLICT = {"Code": "TransactionConflict"}
THROTTLED = {"Code": "ThrottlingError"}


def cancelled(*reasons: dict[str, str]) -> Fault:
    return error(400, "TransactionCanceledException", CancellationReasons=reasons)


def test_a_batch_waits_for_another_transaction_on_its_row(faults: FaultProxy) -> None:
    store_many(1)
    batch = bulk.prepare_status(EVERYTHING, [], "draft", ACTOR)
    faults.set(error(400, "TransactionConflictException"), "UpdateItem", times=2)
    assert counts(batches.run(batch.id, ACTOR)) == (1, 0, 0)
    assert faults.calls.count("UpdateItem") == 3
    faults.set(error(400, "TransactionConflictException"), "UpdateItem", times=2)
    assert batches.undo_batch(batch.id, ACTOR).kind == "undo"
    assert faults.calls.count("UpdateItem") == 3


def test_a_part_is_not_repeated_if_its_end_meets_another_transaction(faults: FaultProxy) -> None:
    store_many(1)
    batch = bulk.prepare_status(EVERYTHING, [], "draft", ACTOR)
    faults.set(cancelled(CONFLICT, {"Code": "None"}), "TransactWriteItems", after=1, times=2)
    assert counts(batches.run(batch.id, ACTOR)) == (1, 0, 0)
    assert faults.calls.count("TransactWriteItems") == 4  # the update, and three attempts to finish the part
    assert "Query" not in faults.calls


def test_a_throttled_batch_asks_to_retry_later(editor: Client, faults: FaultProxy) -> None:
    store_many(1)
    batch = bulk.prepare_status(EVERYTHING, [], "draft", ACTOR._replace(name="edith"))
    faults.set(cancelled(THROTTLED, {"Code": "None"}), "TransactWriteItems", after=1)
    answer = editor.post(f"/staff/batches/{batch.id}/")
    assert (answer.status_code, answer["Retry-After"]) == (500, "1")
    batch = bulk.prepare_status(EVERYTHING, [], "full", ACTOR._replace(name="edith"))
    faults.set(THROTTLE, "UpdateItem")
    assert editor.post(f"/staff/batches/{batch.id}/")["Retry-After"] == "1"
