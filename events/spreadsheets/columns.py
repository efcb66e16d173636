"""Temporary: recognises only our own field names. The branch `values` has the real table."""

from __future__ import annotations

from collections.abc import Sequence

from events.spreadsheets.sheet import field_of


def recognised(header: Sequence[str]) -> dict[str, int]:
    """The position of the column of each recognised field; the first one if a field has several."""
    found: dict[str, int] = {}
    for position, name in enumerate(header):
        field = field_of(name)
        if field:
            found.setdefault(field, position)
    return found
