"""The changes of all events: each with the event as it left it, in order, on pages of bounded cost."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from events import changes, services, undo
from events.change_tokens import Token
from events.changes import EventChange
from events.domain import FIELD_NAMES, InvalidRequestError
from events.storage import changes as change_queries
from events.storage import history
from events.storage.connection import connection
from events.storage.events import installation_id
from events.storage.models import EventItem
from tests.support.builders import ACTOR, astral_text, make_fields, store
from tests.support.history import expected_changes, read_history


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_queries, "seconds_to_wait", lambda: 0)


def read_all(after: Token | None = None, limit: int = 100) -> list[EventChange]:
    """Reads until nothing follows. No page may be the same place without being the end."""
    found: list[EventChange] = []
    token = after or changes.first()
    for _ in range(10_000):
        page = changes.list_changes(token, limit)
        assert len(page.changes) <= limit
        found += page.changes
        if page.next == token:
            assert page.changes == []
            return found
        token = Token.read(page.next.text)
    raise AssertionError("the reader never reached the end")


def write_many() -> None:
    for event_id in ("a", "b", "c"):
        store(event_id)
    for capacity in range(1, 8):
        services.update_event("a", {"capacity": capacity}, ACTOR)
        services.update_event("b", {"title": f"Title {capacity}", "description": "é" * 9_000 * capacity}, ACTOR)
    at = services.delete_event("a", ACTOR).at
    undo.undo_change("a", at, ACTOR)
    services.delete_event("c", ACTOR)
    store("c", title="Again")
    services.update_event("c", {"status": "draft"}, ACTOR)
    services.delete_event("b", ACTOR)


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
def test_each_change_has_the_event_as_it_left_it(limit: int) -> None:
    write_many()
    assert read_all(limit=limit) == expected_changes()
    assert {change["action"] for change in expected_changes()} == {"create", "update", "delete", "restore"}


@pytest.mark.parametrize("reads", [2, 3])
@pytest.mark.parametrize("limit", [1, 100])
def test_a_search_for_fields_continues_in_the_next_response(
    monkeypatch: pytest.MonkeyPatch, reads: int, limit: int
) -> None:
    """Every call reads one row, and a response makes few calls."""
    monkeypatch.setattr("events.storage.history._ROWS_AT_FIRST", 1)
    monkeypatch.setattr("events.storage.history._MOST_ROWS", 1)
    monkeypatch.setattr(changes, "MAX_READS", reads + len(FIELD_NAMES))
    monkeypatch.setattr(changes, "_CALLS_TO_REMEMBER", 0)
    write_many()
    store("d")
    for number in range(1, 40):
        services.update_event("d", {"capacity": number} if number % 3 else {"location": f"Room {number}"}, ACTOR)
        if number == 35:  # beyond what one response reads for the first changes
            services.update_event("d", {"organizer": "Somebody else"}, ACTOR)
        if number % 10 == 0:
            services.update_event("a", {"capacity": 1_000 + number}, ACTOR)
    assert read_all(limit=limit) == expected_changes()


def test_a_search_ends_in_time_and_continues_in_the_next_response(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call reads one row, and the time of each response is over before its first call."""
    monkeypatch.setattr("events.storage.history._ROWS_AT_FIRST", 1)
    monkeypatch.setattr("events.storage.history._MOST_ROWS", 1)
    monkeypatch.setattr(changes, "TimeLimit", lambda: SimpleNamespace(until=0.0))
    store()
    for number in range(1, 40):
        services.update_event("launch", {"capacity": number}, ACTOR)
    assert 0 < len(changes.list_changes(changes.first(), 100).changes) < 40
    assert read_all() == expected_changes()


def test_pages_of_one_event_share_a_long_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.storage.history._ROWS_AT_FIRST", 1)
    monkeypatch.setattr("events.storage.history._MOST_ROWS", 1)
    calls: list[str] = []
    read = history.get_history_page

    def counted(event_id: str, *of: Any, **more: Any) -> Any:
        calls.append(event_id)
        return read(event_id, *of, **more)

    monkeypatch.setattr(history, "get_history_page", counted)
    store()
    for number in range(1, 60):
        services.update_event("launch", {"capacity": number}, ACTOR)
    token = changes.list_changes(changes.first(), 1).next
    calls.clear()
    assert len(read_all(token, limit=3)) == 59
    assert len(calls) < 59 + 20 * 6  # each page would read all later rows, on average 30


def test_changes_while_a_reader_reads() -> None:
    write_many()
    token, found = changes.first(), []
    for number in range(30):
        page = changes.list_changes(token, 1)
        found += page.changes
        token = page.next
        services.update_event("c", {"capacity": number}, ACTOR)
    assert [*found, *read_all(token)] == expected_changes()


def test_a_token_for_now_is_followed_by_later_changes_only() -> None:
    write_many()
    token = changes.latest()
    assert read_all(token) == []
    store("later")
    assert [change["eventId"] for change in read_all(token)] == ["later"]
    assert len(read_all()) == len(read_history()["later"]) + len(expected_changes()) - 1


def test_a_change_is_returned_after_the_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    store()
    monkeypatch.setattr(change_queries, "seconds_to_wait", lambda: 60)
    assert read_all() == []
    token = changes.latest()
    monkeypatch.setattr(change_queries, "seconds_to_wait", lambda: 0)
    assert read_all(token) == read_all() == expected_changes()  # also what was written shortly before the token


def test_changes_at_the_same_time_are_in_order_of_their_events(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("events.domain._timestamp", lambda _: "2026-10-01T10:00:00.000000Z")
        for event_id in ("b", "a", "a!", "Z", "é"):
            store(event_id)
    assert [change["eventId"] for change in read_all(limit=1)] == ["Z", "a", "a!", "b", "é"]


def test_a_token_of_another_installation_is_refused() -> None:
    token = changes.latest()
    connection().delete_item("events-access", "installation")
    installation_id.cache_clear()
    with pytest.raises(InvalidRequestError, match="after is a token of another installation"):
        changes.list_changes(token, 1)


def test_a_page_ends_before_the_limit_of_lambda() -> None:
    texts = [astral_text(seed, 65_536) for seed in range(8)]
    for number, text in enumerate(texts):
        store(f"e{number}", description=text)
    page = changes.list_changes(changes.first(), 100)
    assert 4 < len(page.changes) < 8
    assert [change["event"] and change["event"]["description"] for change in read_all()] == texts


def test_an_event_that_another_program_deleted_is_null_where_its_fields_are_unknown() -> None:
    store("a")
    services.update_event("a", {"capacity": 5}, ACTOR)
    connection().delete_item(EventItem.Meta.table_name, "a")
    assert [change["event"] for change in read_all(limit=1)] == [make_fields(eventId="a"), None]
    store("a", title="Again")
    services.update_event("a", {"capacity": 7}, ACTOR)
    capacities = [change["event"] and change["event"]["capacity"] for change in read_all(limit=1)]
    assert capacities == [250, None, 250, 7]
