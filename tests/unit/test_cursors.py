"""A cursor holds a position in a list. Other texts are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import cursors
from events.domain import sort_key
from tests.support.strategies import dates, event_ids


@given(day=dates, event_id=event_ids)
def test_a_cursor_holds_a_sort_key(day: str, event_id: str) -> None:
    cursor = cursors.encode(sort_key(day, event_id))
    assert cursor.isascii()
    assert cursors.decode(cursor) == sort_key(day, event_id)


@pytest.mark.parametrize(
    "cursor",
    [
        *("", "x", "!", "é", "AAAA", "\ud800", cursors.encode("2026-12-01#x") + "="),
        *map(cursors.encode, ("2026-12-01", "2026-13-01#x", "2026-12-01#", "2026-12-01#a/b")),
    ],
)
def test_invalid_cursors_are_refused(cursor: str) -> None:
    with pytest.raises(ValueError, match="must be a cursor from a page of this list"):
        cursors.decode(cursor)


@given(st.text(max_size=40))
def test_any_text_is_a_valid_cursor_or_refused(text: str) -> None:
    try:
        sort_key = cursors.decode(text)
    except ValueError:
        return
    assert cursors.encode(sort_key) == text


def test_a_cursor_holds_the_longest_id() -> None:
    key = sort_key("2026-12-01", "é" * 256)
    assert cursors.decode(cursors.encode(key)) == key
    with pytest.raises(ValueError, match="must be a cursor from a page of this list"):
        cursors.decode(cursors.encode(sort_key("2026-12-01", "x" * 513)))
