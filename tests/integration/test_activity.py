"""Recent changes: one line for each change and for each batch."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from events import activity, cursors, services
from events.activity import ActivityPage, list_activity, list_deleted
from events.domain import ActivityFilter, Actor, sort_key
from events.storage.history import query_activity
from events.storage.lists import existing
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
    with patch.object(activity, "query_activity", wraps=query_activity) as query:
        list_activity(3)
        assert [call.args[1] for call in query.call_args_list] == [4]


def test_the_changes_of_some_authors_or_of_one_action() -> None:
    store("a", Actor("anna"))
    store("b", Actor("ben"))
    store("c", Actor("key:Website"))
    services.update_event("a", {"title": "New"}, Actor("ben"))
    services.delete_event("b", Actor("anna"))
    assert told(list_activity(wanted=ActivityFilter(("anna",)))) == ["b", "a"]
    assert told(list_activity(wanted=ActivityFilter(("anna", "key:Website")))) == ["b", "c", "a"]
    assert told(list_activity(wanted=ActivityFilter(action="update"))) == ["a"]
    assert told(list_activity(wanted=ActivityFilter(("ben",), "delete"))) == []


def test_the_changes_of_batches() -> None:
    store("a")
    store("b", ACTOR._replace(batch="import-1"))
    assert told(list_activity(wanted=ActivityFilter(action="bulk"))) == ["b"]


def test_the_changes_between_two_times() -> None:
    first, second, third = (store(event_id).created_at for event_id in "abc")
    assert told(list_activity(wanted=ActivityFilter(since=second))) == ["c", "b"]
    assert told(list_activity(wanted=ActivityFilter(until=third))) == ["b", "a"]
    assert told(list_activity(wanted=ActivityFilter(since=second, until=third))) == ["b"]
    assert told(list_activity(wanted=ActivityFilter(since=third, until=first))) == []


def test_a_rare_match_is_found_by_continuing() -> None:
    store("rare", Actor("anna"))
    for number in range(9):
        store(f"e{number}")
    wanted = ActivityFilter(("anna",))
    with patch.multiple(activity, _SEARCHED=(3, 3)):
        first = list_activity(wanted=wanted)
        assert (first.lines, first.full, first.next is not None) == ([], False, True)
        second = list_activity(before=first.next, wanted=wanted)
    assert told(second) == ["rare"]
    assert (second.full, second.next) == (True, None)


def test_deleted_events_are_listed_once_and_only_while_they_do_not_exist() -> None:
    for event_id in ("kept", "gone", "twice", "back"):
        store(event_id)
    services.delete_event("gone", Actor("anna"))
    services.delete_event("twice", Actor("anna"))
    services.delete_event("back", Actor("anna"))
    store("back")
    store("twice")
    again = services.delete_event("twice", Actor("ben"))
    rows = list_deleted().rows
    assert [(row.event_id, row.actor) for row in rows] == [("twice", "ben"), ("gone", "anna")]
    assert rows[0].at == again.at


def test_deleted_events_have_pages() -> None:
    for number in range(5):
        store(f"e{number}")
        services.delete_event(f"e{number}", ACTOR)
    pages, before = [], None
    while True:
        page = list_deleted(2, before)
        pages.append(" ".join(row.event_id for row in page.rows))
        if page.next is None:
            break
        before = page.next
    assert pages == ["e4 e3", "e2 e1", "e0"]


def test_a_page_of_deleted_events_makes_a_limited_number_of_checks() -> None:
    for number in range(7):
        store(f"e{number}")
        services.delete_event(f"e{number}", ACTOR)
        if number:
            store(f"e{number}")
    with (
        patch.multiple(activity, _CHECKED=2, _MOST_CHECKS=2),
        patch.object(activity, "existing", wraps=existing) as check,
    ):
        first = list_deleted()
        assert (first.rows, first.full, check.call_count) == ([], False, 2)
        second = list_deleted(before=first.next)
    assert [row.event_id for row in second.rows] == ["e0"]
    assert second.full


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
