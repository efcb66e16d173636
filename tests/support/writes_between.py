"""Writes of another user between two DynamoDB calls of the tested code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from events import services, undo
from tests.support.builders import ACTOR, make_fields
from tests.support.fault_proxy import FaultProxy
from tests.support.stored import get_history

EVA = ACTOR._replace(name="eva")


def update() -> None:
    services.update_event("launch", {"capacity": 77}, EVA)


def delete() -> None:
    services.delete_event("launch", EVA)


def create() -> None:
    services.create_event(make_fields(title="Another"), EVA)


def restore_and_delete() -> None:
    undo.undo_change("launch", get_history("launch", limit=1)[0].at, EVA)
    services.update_event("launch", {"title": "Edited in between"}, EVA)
    services.delete_event("launch", EVA)


def land(faults: FaultProxy, write: Callable[[], None], before_call: int) -> None:
    """Runs a write of another user before one of the next DynamoDB calls, counted from 0."""

    def write_first(handler: Any, body: bytes) -> None:
        faults.set(None)
        write()
        handler.answer(*handler.forward(body))

    faults.set(write_first, after=before_call, times=1)


BETWEEN = pytest.mark.parametrize("before_call", range(3))  # two reads and the write
