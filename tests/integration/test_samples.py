"""Storing the sample events."""

from __future__ import annotations

from events.samples import sample_events, store
from events.storage.models import EventItem
from tests.support.tables import read_table


def test_two_concurrent_first_runs_store_the_samples_once() -> None:
    assert store(sample_events()) == 12
    assert store(sample_events()) == 0
    assert len(read_table(EventItem)) == 12
