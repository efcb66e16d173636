"""A batch that is interrupted at any call, or runs twice at the same time: each change is kept and done once.

Between the interruption and the rest, others change every event that the batch has changed or may be changing.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from events import batches, services
from events.domain import Actor, EventNotFoundError, StorageError
from events.storage.connection import DynamoDB
from events.storage.history import get_history
from events.tasks import Batch, Task
from events.undo import undo_change
from tests.support.builders import ACTOR, make_fields
from tests.support.fault_proxy import Fault, FaultProxy, Hold, lose_answer, refuse
from tests.support.history import assert_history_replays, read_history
from tests.support.tables import empty_tables

IDS = ("e0", "e1")
EVA = ACTOR._replace(name="eva")
MANY = 25
Prepare = Callable[[], Batch]
pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture(autouse=True)
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the order of the calls the same in each run."""
    monkeypatch.setattr(batches, "_AT_ONCE", 1)


def create() -> Batch:
    tasks = [Task("create", event_id, "New", changes=make_fields(eventId=event_id)) for event_id in IDS]
    return batches.prepare("import", tasks, ACTOR, "new.csv")


def update() -> Batch:
    revisions = [services.create_event(make_fields(eventId=event_id), ACTOR).revision for event_id in IDS]
    tasks = [
        Task("update", event_id, "Old", revision, {"status": "draft"})
        for event_id, revision in zip(IDS, revisions, strict=True)
    ]
    return batches.prepare("status", tasks, ACTOR, "draft")


def delete() -> Batch:
    revisions = [services.create_event(make_fields(eventId=event_id), ACTOR).revision for event_id in IDS]
    tasks = [Task("delete", event_id, "Old", revision) for event_id, revision in zip(IDS, revisions, strict=True)]
    return batches.prepare("delete", tasks, ACTOR, "")


def undo() -> Batch:
    return batches.undo_batch(run_to_the_end(delete()).id, ACTOR)


BATCHES: dict[str, Prepare] = {"create": create, "update": update, "delete": delete, "undo": undo}


def run_to_the_end(batch: Batch, actor: Actor = ACTOR) -> Batch:
    while not batch.finished:
        batch = batches.run(batch.id, actor)
    return batch


def done_by(batch: Batch) -> dict[str, int]:
    """How many changes the batch made, by event."""
    counts = {event_id: sum(row.batch == batch.id for row in rows) for event_id, rows in read_history().items()}
    return {event_id: count for event_id, count in counts.items() if count}


def remove(event_id: str) -> None:
    services.delete_event(event_id, EVA)


def recreate(event_id: str) -> None:
    services.create_event(make_fields(eventId=event_id, status="full"), EVA)


def reverse(batch: Batch) -> None:
    """Reverts the change of the batch."""
    for event_id in done_by(batch):
        undo_change(event_id, get_history(event_id, limit=1)[0].at, EVA)


def reverse_and_edit_often(batch: Batch) -> None:
    """Makes more changes than the site searches through."""
    for event_id in done_by(batch):
        undo_change(event_id, get_history(event_id, limit=1)[0].at, EVA)
        for number in range(MANY):
            try:
                services.update_event(event_id, {"capacity": number}, EVA)
            except EventNotFoundError:
                recreate(event_id)
        if batch.kind in ("import", "undo"):
            remove(event_id)


OTHERS = [reverse, pytest.param(reverse_and_edit_often, marks=pytest.mark.stress)]
Others = Callable[[Batch], None]


def assert_done_once(batch: Batch, before: dict[str, int]) -> None:
    """The batch does nothing twice, and its report is correct."""
    done = done_by(batch)
    assert set(done.values()) <= {1}
    assert before.items() <= done.items()
    reported = {task.event_id for task, outcome in batches.tasks_of(batch) if outcome and outcome.kind == "done"}
    assert (reported, batch.done, batch.progress) == (set(done), len(done), len(IDS))
    assert_history_replays()


def assert_untouched(batch: Batch, before: dict[str, int], present: object) -> None:
    """The batch changed nothing that others did to the events in `before`."""
    after = assert_history_replays()
    assert isinstance(present, dict)
    assert {event_id: after.get(event_id) for event_id in before} == {
        event_id: present.get(event_id) for event_id in before
    }


def calls_to_break(kind: str, every: bool, faults: FaultProxy) -> list[int]:
    """The numbers of the calls at which to interrupt: all or some."""
    batch = BATCHES[kind]()
    faults.set(None)
    run_to_the_end(batch)
    calls = range(len(faults.calls))
    return list(calls) if every or kind == "create" else Random(kind).sample(calls, 3)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls and retries last a minute: as long as other writers may take on a busy machine."""
    monkeypatch.setattr(DynamoDB, "timeouts", (1, 60))
    monkeypatch.setattr(services, "_SECONDS_TO_RETRY", 60)


EVERY = pytest.mark.parametrize(
    "every", [False, pytest.param(True, marks=pytest.mark.stress)], ids=["sampled", "every"]
)


@EVERY
@pytest.mark.parametrize("others", OTHERS)
@pytest.mark.parametrize("fault", [lose_answer, pytest.param(refuse, marks=pytest.mark.stress)])
@pytest.mark.parametrize("kind", BATCHES)
@pytest.mark.usefixtures("patient")
def test_a_batch_that_is_killed_at_each_call_and_resumed(
    faults: FaultProxy, kind: str, fault: Fault, others: Others, every: bool
) -> None:
    for at in calls_to_break(kind, every, faults):
        empty_tables()
        batch = BATCHES[kind]()
        faults.set(fault, after=at)
        with pytest.raises(StorageError):
            batches.run(batch.id, ACTOR)
        faults.set(None)
        before = done_by(batch)
        others(batch)
        present = assert_history_replays()
        assert_done_once(run_to_the_end(batch), before)
        assert_untouched(batch, before, present)


@EVERY
@pytest.mark.parametrize("others", OTHERS)
@pytest.mark.parametrize("kind", BATCHES)
@pytest.mark.usefixtures("patient")
def test_a_run_that_pauses_at_each_call_while_another_finishes(
    faults: FaultProxy, kind: str, others: Others, every: bool
) -> None:
    for at in calls_to_break(kind, every, faults):
        empty_tables()
        batch = BATCHES[kind]()
        seen: list[object] = []

        def overtake(handler: object, body: bytes, batch: Batch = batch, seen: list[object] = seen) -> None:
            faults.set(None)
            run_to_the_end(batches.get_batch(batch.id, ACTOR))
            before = done_by(batch)
            others(batch)
            seen += [before, assert_history_replays()]
            handler.answer(*handler.forward(body))  # type: ignore[attr-defined]

        faults.set(overtake, after=at, times=1)
        finished = run_to_the_end(batch)
        before, present = seen
        assert isinstance(before, dict)
        assert set(before) == set(IDS)
        assert_done_once(finished, before)
        assert_untouched(batch, before, present)


@pytest.mark.stress
@pytest.mark.parametrize("others", OTHERS)
@pytest.mark.parametrize("kind", BATCHES)
def test_a_write_of_an_interrupted_run_that_arrives_late(faults: FaultProxy, kind: str, others: Others) -> None:
    batch = BATCHES[kind]()
    hold = Hold()
    faults.set(hold, "TransactWriteItems")
    with pytest.raises(StorageError):
        batches.run(batch.id, ACTOR)
    faults.set(None)
    finished = run_to_the_end(batch)
    before = done_by(batch)
    others(batch)
    present = assert_history_replays()
    hold.released.set()
    faults.settle()
    assert_done_once(finished, before)
    assert_untouched(batch, before, present)
