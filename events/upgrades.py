"""Brings all stored events to the newest form, a part of the table after the other. No event's fields change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from events.storage import upgrades
from events.storage.cached_queries import forget_cached

_WRITERS = 8
_MOST_PASSES = 5


class Progress(NamedTuple):
    """How many events were read and upgraded so far, and how many were left as they are."""

    read: int
    upgraded: int
    unfit: int


def upgrade_events() -> Iterator[Progress]:
    """Yields the progress after each part. It can be interrupted and called again at any time.

    If other writers change events meanwhile, it reads the table again, because they may have written the earlier form.
    Raises StorageError.
    """
    upgraded = 0
    with ThreadPoolExecutor(_WRITERS) as writers:
        for _ in range(_MOST_PASSES):
            read, outcomes = 0, Counter[upgrades.Outcome]()
            for items in upgrades.scan_events():
                outcomes.update(writers.map(upgrades.upgrade, filter(upgrades.outdated, items)))
                read += len(items)
                yield Progress(read, upgraded + outcomes["upgraded"], outcomes["unfit"])
            upgraded += outcomes["upgraded"]
            if not outcomes["changed"]:
                break
    forget_cached()
