"""Runs batches, and reads what they did."""

from __future__ import annotations

from events import batches, services
from events.domain import EventRange, Search
from events.tasks import Batch
from tests.support.builders import ACTOR

EVERYTHING = Search()
MANY = 120
EVA = ACTOR._replace(name="eva")


def statuses() -> list[str]:
    return [event["status"] for event in services.list_events(EventRange())[0]]


def run_to_the_end(batch: Batch) -> Batch:
    while not batch.finished:
        batch = batches.run(batch.id, ACTOR)
    return batch


def counts(batch: Batch) -> tuple[int, int, int]:
    return batch.done, batch.same, batch.failed
