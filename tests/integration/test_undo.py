"""Undo: the latest change is undone exactly once, and no other change is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from unittest.mock import patch

import pytest

from events import services, undo
from events.domain import ChangeSupersededError, EventNotFoundError
from tests.support.builders import ACTOR, store
from tests.support.fault_proxy import FaultProxy
from tests.support.history import assert_history_replays
from tests.support.stored import get_history
from tests.support.writes_between import BETWEEN, EVA, create, delete, land, restore_and_delete, update


def test_undo_of_a_delete_restores_every_field() -> None:
    created = store(description="Line\n\ttwo")
    changed = services.update_event("launch", {"capacity": 5}, ACTOR)
    deleted = services.delete_event("launch", ACTOR)
    restored = undo.undo_change("launch", deleted.at, EVA)
    assert restored == services.get_event("launch")
    assert restored is not None
    assert restored.fields == changed.fields
    assert (restored.created_at, restored.updated_by) == (created.created_at, "eva")
    assert restored.revision != changed.revision
    assert [row.action for row in get_history("launch")] == ["restore", "delete", "update", "create"]


def test_undo_of_an_update_can_be_undone() -> None:
    created = store()
    changed = services.update_event("launch", {"title": "B", "status": "draft"}, ACTOR)
    undone = undo.undo_change("launch", changed.updated_at, EVA)
    assert undone is not None
    assert undone.fields == created.fields
    again = undo.undo_change("launch", undone.updated_at, EVA)
    assert again is not None
    assert again.fields == changed.fields


def test_undo_of_a_create_deletes_the_event() -> None:
    created = store()
    assert undo.undo_change("launch", created.created_at, EVA) is None
    with pytest.raises(EventNotFoundError):
        services.get_event("launch")
    assert [row.action for row in get_history("launch")] == ["delete", "create"]


def test_only_the_latest_change_is_undone() -> None:
    created = store()
    changed = services.update_event("launch", {"title": "B"}, ACTOR)
    services.update_event("launch", {"capacity": 1}, EVA)
    for at in (created.created_at, changed.updated_at):
        with pytest.raises(ChangeSupersededError):
            undo.undo_change("launch", at, ACTOR)
    assert services.get_event("launch").fields == {**created.fields, "title": "B", "capacity": 1}


def test_a_delete_is_undone_once() -> None:
    store()
    at = services.delete_event("launch", ACTOR).at
    undo.undo_change("launch", at, ACTOR)
    with pytest.raises(ChangeSupersededError):
        undo.undo_change("launch", at, ACTOR)


def test_a_restore_has_a_later_timestamp_than_the_delete_even_if_the_clock_is_behind() -> None:
    store()
    at = services.delete_event("launch", ACTOR).at
    with patch("events.domain.datetime", wraps=datetime) as clock:
        clock.now.return_value = datetime(2020, 1, 1, tzinfo=UTC)
        restored = undo.undo_change("launch", at, ACTOR)
    assert restored is not None
    assert restored.updated_at > at


@BETWEEN
@pytest.mark.parametrize("write", [update, delete])
def test_an_undo_keeps_a_write_between_its_calls(
    faults: FaultProxy, before_call: int, write: Callable[[], None]
) -> None:
    store()
    at = services.update_event("launch", {"title": "B"}, ACTOR).updated_at
    land(faults, write, before_call)
    with pytest.raises(ChangeSupersededError):
        undo.undo_change("launch", at, ACTOR)
    assert get_history("launch", limit=1)[0].actor == "eva"
    assert_history_replays()


@BETWEEN
@pytest.mark.parametrize("write", [create, restore_and_delete])
def test_an_undo_of_a_delete_keeps_a_write_between_its_calls(
    faults: FaultProxy, before_call: int, write: Callable[[], None]
) -> None:
    store()
    at = services.delete_event("launch", ACTOR).at
    land(faults, write, before_call)
    with pytest.raises(ChangeSupersededError):
        undo.undo_change("launch", at, ACTOR)
    assert get_history("launch", limit=1)[0].actor == "eva"
    assert_history_replays()
