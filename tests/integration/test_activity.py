"""Recent changes: one line for each change and for each batch."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from events import activity, cursors, services
from events.activity import ActivityPage, list_activity
from events.domain import Actor, sort_key
from events.storage.history import get_activity
from tests.support.builders import ACTOR, make_fields, store


def told(page: ActivityPage) -> list[str]:
    """The event IDs of each line."""
    return [" ".join(row.event_id for row in line.rows) for line in page.lines]


def test_the_latest_change_is_first_and_pages_neither_repeat_nor_skip() -> None:
    for number in range(7):
        store(f"e{number}")
    assert list_activity(3).next is not None
    pages, before = [], None
    while True:
        page = list_activity(3, before)
        pages.append(told(page))
        if page.next is None:
            break
        before = page.next
    assert pages == [["e6", "e5", "e4"], ["e3", "e2", "e1"], ["e0"]]


def test_a_last_page_can_be_full() -> None:
    for number in range(3):
        store(f"e{number}")
    assert list_activity(3).next is None
    assert list_activity(3, list_activity(2).next).next is None


def test_new_changes_do_not_move_the_next_page() -> None:
    for number in range(4):
        store(f"e{number}")
    before = list_activity(2).next
    store("new")
    assert told(list_activity(2, before)) == ["e1", "e0"]


def test_a_batch_is_one_line_even_with_other_changes_in_between() -> None:
    store("before")
    store("a", ACTOR._replace(batch="import-1"))
    store("between")
    store("b", ACTOR._replace(batch="import-1"))
    store("after")
    page = list_activity()
    assert told(page) == ["after", "b a", "between", "before"]
    assert [line.is_batch for line in page.lines] == [False, True, False, False]
    assert [line.latest.event_id for line in page.lines] == ["after", "b", "between", "before"]


def test_a_batch_counts_as_one_line() -> None:
    store("old")
    for number in range(9):
        store(f"b{number}", ACTOR._replace(batch="delete-1"))
    store("new")
    assert told(list_activity(3)) == ["new", "b8 b7 b6 b5 b4 b3 b2 b1 b0", "old"]


def test_a_batch_longer_than_a_read_says_so_and_continues() -> None:
    store("old")
    for number in range(9):
        store(f"b{number}", ACTOR._replace(batch="delete-1"))
    with patch.multiple(activity, _MORE_ROWS=2, _MORE_QUERIES=2):
        first = list_activity(2)
        assert told(first) == ["b8 b7 b6 b5 b4 b3 b2"]
        assert first.lines[0].cut
        last = list_activity(2, first.next)
    assert told(last) == ["b1 b0", "old"]
    assert [line.cut for line in last.lines] == [False, False]
    assert last.next is None


@pytest.mark.parametrize(
    ("batch", "verb"),
    [
        ("status-0123456789abcdef", "set the status of"),
        ("delete-0123456789abcdef", "deleted"),
        ("import-0123456789abcdef", "imported"),
        ("undo-0123456789abcdef", "undid changes to"),
        ("other-0123456789abcdef", "changed"),
    ],
)
def test_a_batch_line_names_the_kind_of_batch(batch: str, verb: str) -> None:
    store("a", ACTOR._replace(batch=batch))
    assert list_activity().lines[0].verb == verb


def test_each_page_costs_only_its_own_rows() -> None:
    for number in range(12):
        store(f"e{number}")
    with patch.object(activity, "get_activity", wraps=get_activity) as look:
        list_activity(3)
        assert [call.args[0] for call in look.call_args_list] == [4]


def test_a_cursor_holds_the_key_of_a_change() -> None:
    services.create_event(make_fields(eventId="Ünï #1"), Actor("anna"))
    store("later")
    key = list_activity(1).next
    assert key
    assert cursors.decode_change(cursors.encode(key)) == key


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        cursors.encode("0#launch"),
        cursors.encode("2026-12-01T10:00:00.000000Z"),
        cursors.encode("2026-12-01T10:00:00.000000Z#"),
        cursors.encode("2026-12-01T10:00:00.000000Z#a/b"),
        cursors.encode(sort_key("2026-12-01", "launch")),
        cursors.encode("2026-12-01T10:00:00.000000Z#launch") + "=",
    ],
)
def test_invalid_cursors_of_changes(cursor: str) -> None:
    with pytest.raises(ValueError, match="page of this list"):
        cursors.decode_change(cursor)
