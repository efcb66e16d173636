"""Batches: prepared, confirmed, reported correctly and undone together."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest

from events import batches, bulk, services
from events.domain import BatchNotFoundError, EventChanges, EventRange, InvalidRequestError, Search
from events.storage import batches as batch_repository
from events.storage.batches import MOST_WAITING
from events.storage.connection import connection
from events.storage.history import get_activity
from events.storage.models import AccessItem, EventItem
from events.tasks import Outcome, Task
from tests.support.batches import EVA, EVERYTHING, MANY, counts, run_to_the_end, statuses
from tests.support.builders import ACTOR, make_fields, store_many
from tests.support.stored import get_history
from tests.support.tables import read_table


def test_a_confirmed_status_change_can_be_undone_for_all_events() -> None:
    store_many(2)
    services.create_event(make_fields(eventId="z", status="draft"), ACTOR)
    batch = bulk.prepare_status(EVERYTHING, [], "draft", ACTOR)
    assert statuses() == ["active", "active", "draft"]
    assert (batch.tasks, batch.confirmed, batch.finished) == (3, False, False)
    done = run_to_the_end(batch)
    assert counts(done) == (2, 1, 0)
    assert statuses() == ["draft"] * 3
    assert {row.batch for row in get_activity(2)} == {batch.id}
    undone = run_to_the_end(batches.undo_batch(batch.id, ACTOR))
    assert counts(undone) == (2, 0, 0)
    assert statuses() == ["active", "active", "draft"]
    assert [row.action for row in get_history("e000")] == ["restore", "update", "create"]


def test_a_bulk_delete_can_be_undone() -> None:
    store_many(MANY)
    before = services.list_events(EventRange())[0]
    batch = run_to_the_end(bulk.prepare_delete(EVERYTHING, [], ACTOR))
    assert (counts(batch), batch.parts) == ((MANY, 0, 0), 3)
    assert services.list_events(EventRange())[0] == []
    assert counts(run_to_the_end(batches.undo_batch(batch.id, ACTOR))) == (MANY, 0, 0)
    assert services.list_events(EventRange())[0] == before


def test_only_selected_or_matching_events_change() -> None:
    store_many(3)
    services.create_event(make_fields(eventId="other", title="Other"), ACTOR)
    ticked = bulk.prepare_delete(None, ["e001", "e001", "gone", "not/valid"], ACTOR)
    assert [task.event_id for task, _ in batches.tasks_of(ticked)] == ["e001"]
    matching = bulk.prepare_delete(Search(text="OTHER"), [], ACTOR)
    assert [task.event_id for task, _ in batches.tasks_of(matching)] == ["other"]


def test_events_that_change_before_the_confirmation_are_skipped_and_reported() -> None:
    store_many(3)
    batch = bulk.prepare_delete(EVERYTHING, [], ACTOR)
    services.update_event("e000", {"title": "Edited meanwhile"}, ACTOR)
    services.delete_event("e001", ACTOR)
    done = run_to_the_end(batch)
    assert counts(done) == (1, 0, 2)
    assert [(task.event_id, outcome) for task, outcome in batches.tasks_of(done)] == [
        ("e000", Outcome("failed", "The event has a newer change, so nothing was done.")),
        ("e001", Outcome("failed", "The event was already deleted.")),
        ("e002", Outcome("done")),
    ]
    assert services.get_event("e000").fields["title"] == "Edited meanwhile"


def test_an_undo_skips_events_that_changed_since() -> None:
    store_many(2)
    batch = run_to_the_end(bulk.prepare_status(EVERYTHING, [], "draft", ACTOR))
    services.update_event("e000", {"title": "Edited since"}, ACTOR)
    undone = run_to_the_end(batches.undo_batch(batch.id, ACTOR))
    assert counts(undone) == (1, 0, 1)
    assert statuses() == ["draft", "active"]


def batch_rows() -> int:
    return sum(row["key"]["S"].startswith("batch#") for row in read_table(AccessItem))


def test_each_person_has_a_limited_number_of_waiting_batches() -> None:
    """A new batch replaces the oldest with all its parts. Confirmed batches and those of others are kept."""
    store_many(MANY)
    others = bulk.prepare_status(EVERYTHING, [], "draft", EVA)
    confirmed = run_to_the_end(bulk.prepare_status(EVERYTHING, [], "active", ACTOR))
    made = [bulk.prepare_status(EVERYTHING, [], f"s{number}", ACTOR) for number in range(MOST_WAITING + 3)]
    rows_of_one = 1 + others.parts
    assert rows_of_one == 4
    assert batch_rows() == rows_of_one * (1 + 1 + MOST_WAITING)
    for replaced in made[:3]:
        with pytest.raises(BatchNotFoundError):
            batches.run(replaced.id, ACTOR)
    assert {outcome for _, outcome in batches.tasks_of(confirmed)} == {Outcome("same")}
    assert counts(run_to_the_end(made[3])) == (MANY, 0, 0)
    assert batches.get_batch(others.id, EVA) == others


def test_a_batch_that_is_replaced_during_its_confirmation_changes_nothing() -> None:
    store_many(1)
    batch = bulk.prepare_status(EVERYTHING, [], "draft", ACTOR)
    begin_part = batch_repository.begin_part

    def late(batch_id: str, number: int) -> bool:
        for other in range(MOST_WAITING):
            bulk.prepare_status(EVERYTHING, [], f"s{other}", ACTOR)
        return begin_part(batch_id, number)

    with patch.object(batch_repository, "begin_part", late), pytest.raises(BatchNotFoundError):
        batches.run(batch.id, ACTOR)
    assert statuses() == ["active"]


def test_concurrently_prepared_batches_are_limited_too() -> None:
    store_many(1)
    with ThreadPoolExecutor(8) as people:
        list(people.map(lambda number: bulk.prepare_status(EVERYTHING, [], f"s{number}", ACTOR), range(24)))
    bulk.prepare_status(EVERYTHING, [], "last", ACTOR)
    assert batch_rows() == 2 * MOST_WAITING


def test_an_import_with_new_events_can_be_undone() -> None:
    services.create_event(make_fields(eventId="taken"), ACTOR)
    tasks = [
        Task("create", event_id, "New", changes=make_fields(eventId=event_id, title="New"), row=row)
        for row, event_id in enumerate(["a", "taken", "b"], 2)
    ]
    batch = run_to_the_end(batches.prepare("import", tasks, ACTOR, "new.csv"))
    assert counts(batch) == (2, 0, 1)
    assert services.get_event("taken").fields["title"] == "Launch night"
    assert counts(run_to_the_end(batches.undo_batch(batch.id, ACTOR))) == (2, 0, 0)
    assert [event["eventId"] for event in services.list_events(EventRange())[0]] == ["taken"]


def test_a_batch_stored_by_an_earlier_release_can_be_confirmed_and_resumed() -> None:
    store_many(2)
    batch = bulk.prepare_status(EVERYTHING, [], "draft", ACTOR)
    connection().update_item(
        AccessItem.Meta.table_name, f"batch#{batch.id}", actions=[batch_repository.BatchItem.begun.remove()]
    )
    done = batches.run(batch.id, ACTOR)
    assert (counts(done), done.confirmed) == ((2, 0, 0), True)


def test_an_event_that_another_program_wrote_changes_only_as_planned() -> None:
    store_many(3)
    for event_id in ("e000", "e001", "e002"):
        connection().update_item(EventItem.Meta.table_name, event_id, actions=[EventItem.revision.remove()])
    batch = bulk.prepare_status(EVERYTHING, [], "draft", ACTOR)
    services.update_event("e000", {"title": "Edited meanwhile"}, ACTOR)
    services.update_event("e001", {"status": "draft"}, ACTOR)
    assert counts(run_to_the_end(batch)) == (1, 0, 2)
    assert statuses() == ["active", "draft", "draft"]


def test_only_finished_batches_can_be_undone() -> None:
    store_many(60)
    batch = bulk.prepare_delete(EVERYTHING, [], ACTOR)
    for _ in range(2):
        with pytest.raises(BatchNotFoundError):
            batches.undo_batch(batch.id, ACTOR)
        batches.run(batch.id, ACTOR, seconds=0)


@pytest.mark.parametrize("batch_id", ["", "x", "delete-0123456789abcdef#0", "d" * 3000])
def test_unknown_batches_are_not_found(batch_id: str) -> None:
    with pytest.raises(BatchNotFoundError):
        batches.get_batch(batch_id, ACTOR)


def test_a_batch_whose_parts_expired_ends() -> None:
    store_many(1)
    batch = bulk.prepare_delete(EVERYTHING, [], ACTOR)
    connection().delete_item(AccessItem.Meta.table_name, f"batch#{batch.id}#0")
    with pytest.raises(BatchNotFoundError):
        batches.run(batch.id, ACTOR)


def test_a_batch_belongs_to_its_creator_and_expires() -> None:
    store_many(1)
    batch = bulk.prepare_delete(EVERYTHING, [], ACTOR)
    for batch_id, actor in ((batch.id, ACTOR._replace(name="eva")), ("delete-none", ACTOR)):
        with pytest.raises(BatchNotFoundError):
            batches.run(batch_id, actor)
    with patch.object(time, "time", return_value=time.time() + 31 * 86400), pytest.raises(BatchNotFoundError):
        batches.get_batch(batch.id, ACTOR)
    assert len(statuses()) == 1


def test_no_events_and_too_many_events_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidRequestError):
        bulk.prepare_delete(EVERYTHING, [], ACTOR)
    store_many(3)
    monkeypatch.setattr(batches, "MAX_TASKS", 3)
    assert bulk.prepare_delete(EVERYTHING, [], ACTOR).tasks == 3
    assert bulk.prepare_delete(None, ["e000", "e001", "e002"], ACTOR).tasks == 3
    monkeypatch.setattr(batches, "MAX_TASKS", 2)
    with pytest.raises(InvalidRequestError):
        bulk.prepare_delete(EVERYTHING, [], ACTOR)
    with pytest.raises(InvalidRequestError):
        bulk.prepare_status(EVERYTHING, ["e000"], " ", ACTOR)


def test_the_largest_tasks_fit_into_their_rows() -> None:
    changes: EventChanges = {"description": "\N{GRINNING FACE}" * 65_536}
    tasks = [Task("update", f"e{number}", "t" * 1024, "r", changes) for number in range(3)]
    batch = batches.prepare("import", tasks, ACTOR, "f.csv")
    assert batch.parts == 3
    assert [task for task, _ in batches.tasks_of(batch)] == tasks
