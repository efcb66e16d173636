"""Attributes of the history table."""

from __future__ import annotations

from base64 import b64encode

import pytest

from events.storage.models import SnapshotAttribute


@pytest.mark.parametrize("description", ["", "short", "x" * 16_383, "x" * 16_384, "é" * 65_536, "🎪" * 65_536])
def test_a_snapshot_keeps_every_description(description: str) -> None:
    attribute = SnapshotAttribute()
    fields = {"description": description, "capacity": 5}
    stored = attribute.serialize(fields)
    kind, value = next(iter(stored["description"].items()))
    assert kind == ("B" if len(description.encode()) >= 16_384 else "S")
    if kind == "B":  # DynamoDB sends bytes back as base64
        stored["description"] = {"B": b64encode(value).decode()}
    assert attribute.deserialize(stored) == fields
