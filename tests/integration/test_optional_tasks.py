"""Optional tasks of a batch: done only if the person selects them."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from events import batches, services
from events.domain import BatchNotFoundError, EventRange, InvalidRequestError, WriteConflictError
from events.storage import batches as batch_repository
from events.tasks import Batch, Task
from tests.support.batches import EVA, MANY, counts, run_to_the_end
from tests.support.builders import ACTOR, make_fields


def optional_import(count: int, required: int = 1) -> Batch:
    """A waiting import; all tasks are optional, except for the first ones."""
    tasks = [
        Task(
            "create",
            f"e{number:03}",
            "T",
            changes=make_fields(eventId=f"e{number:03}"),
            row=number,
            optional=number >= required,
        )
        for number in range(count)
    ]
    return batches.prepare("import", tasks, ACTOR, "new.csv")


def ids() -> list[str]:
    return [event["eventId"] for event in services.list_events(EventRange())[0]]


def test_optional_tasks_are_done_only_if_selected() -> None:
    batch = optional_import(MANY)
    assert (batch.tasks, batch.optional) == (1, MANY - 1)
    batches.select(batch.id, ACTOR, {"3"})
    batches.select(batch.id, ACTOR, {"70", "119", "500", "x"})
    assert batches.get_batch(batch.id, ACTOR).tasks == 3
    done = run_to_the_end(batch)
    assert (counts(done), done.tasks) == ((3, 0, 0), 3)
    assert ids() == ["e000", "e070", "e119"]
    assert [task.row for task, _ in batches.tasks_of(done)] == [0, 70, 119]
    assert counts(run_to_the_end(batches.undo_batch(batch.id, ACTOR))) == (3, 0, 0)
    assert ids() == []


def test_all_optional_tasks_can_be_selected() -> None:
    batch = optional_import(MANY, required=0)
    batches.select(batch.id, ACTOR, None)
    assert counts(run_to_the_end(batch)) == (MANY, 0, 0)


def test_a_selection_that_leaves_nothing_to_do_is_refused() -> None:
    batch = optional_import(2, required=0)
    for rows in (set(), {"7"}):
        with pytest.raises(InvalidRequestError):
            batches.select(batch.id, ACTOR, rows)
    with pytest.raises(BatchNotFoundError):
        batches.select(batch.id, EVA, None)


def test_a_batch_that_has_begun_keeps_its_selection() -> None:
    batch = optional_import(2)
    batches.run(batch.id, ACTOR)
    batches.select(batch.id, ACTOR, None)
    assert (ids(), batches.get_batch(batch.id, ACTOR).tasks) == (["e000"], 1)
    with pytest.raises(WriteConflictError):
        batch_repository.select(batch, frozenset({1}))


def test_the_selection_at_the_start_is_the_one_that_is_done() -> None:
    """Another window may change it after this one has read the batch."""
    batch = optional_import(3)
    batches.select(batch.id, ACTOR, {"1"})
    begin = batch_repository.begin_part

    def late(batch_id: str, number: int) -> bool:
        batches.select(batch_id, ACTOR, {"2"})
        return begin(batch_id, number)

    with patch.object(batch_repository, "begin_part", late):
        assert counts(run_to_the_end(batch)) == (2, 0, 0)
    assert ids() == ["e000", "e002"]
