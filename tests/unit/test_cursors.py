"""A cursor holds a position in a list. Other texts are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import cursors
from events.cursors import Start
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


@given(day=dates, event_id=event_ids, latest_first=st.booleans(), back=st.booleans())
def test_a_cursor_holds_the_start_of_a_page(day: str, event_id: str, latest_first: bool, back: bool) -> None:
    start = Start(sort_key(day, event_id), latest_first, back)
    assert cursors.decode_start(cursors.encode_start(start)) == start


def test_a_cursor_of_the_first_order_is_a_sort_key() -> None:
    key = sort_key("2026-12-01", "x")
    assert cursors.decode_start(cursors.encode(key)) == Start(key)
    assert cursors.encode_start(Start(key)) == cursors.encode(key)


@pytest.mark.parametrize("latest_first", [False, True])
def test_a_page_can_start_at_the_end(latest_first: bool) -> None:
    start = Start("", latest_first, back=True)
    assert cursors.decode_start(cursors.encode_start(start)) == start


@pytest.mark.parametrize(
    "text", ["", "-", "<-", "<-2026-12-01#x", "--2026-12-01#x", "<<2026-12-01#x", "-<2026-13-01#x"]
)
def test_invalid_starts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a cursor from a page of this list"):
        cursors.decode_start(cursors.encode(text))


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
