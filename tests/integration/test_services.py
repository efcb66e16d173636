"""The decisions of the services, with a real DynamoDB Local."""

from __future__ import annotations

import time
from collections.abc import Callable
from unittest.mock import patch

import pytest

from events import services, versions
from events.domain import (
    Change,
    Event,
    EventExistsError,
    EventNotFoundError,
    EventRange,
    IdempotencyKey,
    InvalidRequestError,
    RevisionMismatchError,
    StorageBusyError,
    WriteConflictError,
)
from events.storage import events as repository
from events.storage.models import AccessItem, EventItem, HistoryItem
from tests.support.builders import ACTOR, make_fields
from tests.support.history import assert_history_replays
from tests.support.tables import read_table

KEY = IdempotencyKey("key", "fingerprint")


def test_an_event_without_an_id_gets_a_uuid() -> None:
    event = services.create_event(make_fields(eventId=""), ACTOR)
    assert len(event.fields["eventId"]) == 36
    assert services.get_event(event.fields["eventId"]) == event


def test_an_id_is_unique() -> None:
    services.create_event(make_fields(), ACTOR)
    with pytest.raises(EventExistsError):
        services.create_event(make_fields(title="Another"), ACTOR)
    assert services.get_event("launch").fields == make_fields()
    assert len(read_table(HistoryItem)) == 1


@pytest.mark.parametrize("event_id", ["absent", "x" * 513, "a/b", "\x00", "", "\ud800"])
def test_impossible_ids_are_not_found(event_id: str) -> None:
    with pytest.raises(EventNotFoundError):
        services.get_event(event_id)
    with pytest.raises(EventNotFoundError):
        services.update_event(event_id, {}, ACTOR)
    with pytest.raises(EventNotFoundError):
        services.delete_event(event_id, ACTOR)


@pytest.mark.parametrize("status", ["", " ", "x" * 1025, "\x00", "\ud800"])
def test_an_invalid_status_lists_nothing(status: str) -> None:
    services.create_event(make_fields(), ACTOR)
    assert services.list_events(EventRange(status=status)) == ([], None)


def test_an_update_that_changes_nothing_writes_nothing() -> None:
    event = services.create_event(make_fields(), ACTOR)
    assert services.update_event("launch", {}, ACTOR) == event
    assert services.update_event("launch", {"capacity": 250}, ACTOR, [event.revision]) == event
    assert len(read_table(HistoryItem)) == 1


def test_an_update_of_an_old_revision_is_refused() -> None:
    event = services.create_event(make_fields(), ACTOR)
    changed = services.update_event("launch", {"capacity": 1}, ACTOR, ["other", event.revision])
    with pytest.raises(RevisionMismatchError):
        services.update_event("launch", {"capacity": 2}, ACTOR, [event.revision])
    with pytest.raises(RevisionMismatchError):
        services.update_event("launch", {"capacity": 2}, ACTOR, [])
    with pytest.raises(RevisionMismatchError):
        services.delete_event("launch", ACTOR, [event.revision])
    assert services.get_event("launch") == changed


def test_an_update_that_loses_a_race_is_applied_to_the_new_version() -> None:
    services.create_event(make_fields(), ACTOR)
    write = repository.write
    raced = False

    def race(change: Change, idempotency: IdempotencyKey | None = None) -> None:
        nonlocal raced
        if not raced:
            raced = True
            services.update_event("launch", {"title": "Winner"}, ACTOR)
        write(change, idempotency)

    with patch.object(repository, "write", race):
        services.update_event("launch", {"capacity": 9}, ACTOR)
    assert services.get_event("launch").fields == make_fields(title="Winner", capacity=9)


def test_an_update_with_a_revision_that_loses_a_race_is_refused() -> None:
    event = services.create_event(make_fields(), ACTOR)
    write = repository.write

    def race(change: Change, idempotency: IdempotencyKey | None = None) -> None:
        with patch.object(repository, "write", write):
            services.delete_event("launch", ACTOR)
            services.create_event(make_fields(title="New"), ACTOR)
        write(change, idempotency)

    with patch.object(repository, "write", race), pytest.raises(RevisionMismatchError):
        services.update_event("launch", {"capacity": 9}, ACTOR, [event.revision])
    assert services.get_event("launch").fields == make_fields(title="New")


def test_a_delete_that_loses_to_a_delete_finds_nothing() -> None:
    services.create_event(make_fields(), ACTOR)
    write = repository.write

    def race(change: Change, idempotency: IdempotencyKey | None = None) -> None:
        with patch.object(repository, "write", write):
            services.delete_event("launch", ACTOR)
        write(change, idempotency)

    with patch.object(repository, "write", race), pytest.raises(EventNotFoundError):
        services.delete_event("launch", ACTOR)
    assert [row["action"]["S"] for row in read_table(HistoryItem)] == ["create", "delete"]


def test_a_create_after_a_delete_has_a_later_timestamp() -> None:
    """The create gets its timestamp before the delete does, and is written after it."""
    services.create_event(make_fields(), ACTOR)
    write = repository.write
    deleted_at = ""

    def race(change: Change, idempotency: IdempotencyKey | None = None) -> None:
        nonlocal deleted_at
        if not deleted_at:
            with patch.object(repository, "write", write):
                deleted_at = services.delete_event("launch", ACTOR).at
        write(change, idempotency)

    with patch.object(repository, "write", race):
        made = services.create_event(make_fields(), ACTOR)
    assert made.created_at > deleted_at
    assert_history_replays()


def test_a_create_has_a_later_timestamp_than_a_delete_by_a_fast_clock() -> None:
    event = services.create_event(make_fields(), ACTOR)
    ahead = event.changed({"capacity": 1}, ACTOR)._replace(updated_at="2199-01-01T00:00:00.000000Z")
    repository.write(Change.update(event, ahead, ACTOR))
    services.delete_event("launch", ACTOR)
    services.create_event(make_fields(), ACTOR)
    assert [row["action"]["S"] for row in read_table(HistoryItem)] == ["create", "update", "delete", "create"]
    assert_history_replays()


def test_a_late_create_of_a_deleted_event_is_refused() -> None:
    """The client gave up and sent it again. Executed later, the first create would restore a deleted event."""
    late = Change.create(Event.new(make_fields(), ACTOR), ACTOR)
    services.create_event(make_fields(), ACTOR)
    services.delete_event("launch", ACTOR)
    with pytest.raises(WriteConflictError):
        repository.write(late)
    assert read_table(EventItem) == []


@pytest.mark.parametrize(
    "make_again",
    [
        lambda created: services.create_event(make_fields(), ACTOR),
        lambda created: versions.restore_version("launch", created.created_at, [""], ACTOR),
    ],
    ids=["create", "restore"],
)
def test_re_creating_an_event_removes_its_deletion_mark(make_again: Callable[[Event], object]) -> None:
    created = services.create_event(make_fields(), ACTOR)
    services.delete_event("launch", ACTOR)
    (mark,) = read_table(AccessItem)
    assert 23 * 3600 < int(mark["expiresAt"]["N"]) - time.time() <= 24 * 3600
    make_again(created)
    assert read_table(AccessItem) == []


@pytest.mark.parametrize(
    "operation",
    [
        lambda: services.create_event(make_fields(eventId="new"), ACTOR),
        lambda: services.update_event("launch", {"capacity": 1}, ACTOR),
        lambda: services.delete_event("launch", ACTOR),
    ],
    ids=["create", "update", "delete"],
)
def test_a_writer_that_always_loses_is_told_to_retry_later(
    operation: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    services.create_event(make_fields(), ACTOR)
    monkeypatch.setattr(services, "_SECONDS_TO_RETRY", 0.2)
    with patch.object(repository, "write", side_effect=WriteConflictError) as write, pytest.raises(StorageBusyError):
        operation()
    assert write.call_count > 1
    assert len(read_table(HistoryItem)) == 1


def test_the_same_key_and_body_create_one_event() -> None:
    first = services.create_event(make_fields(eventId=""), ACTOR, KEY)
    services.update_event(first.fields["eventId"], {"capacity": 1}, ACTOR)
    services.delete_event(first.fields["eventId"], ACTOR)
    assert services.create_event(make_fields(eventId=""), ACTOR, KEY) == first
    assert read_table(EventItem) == []


def test_the_same_key_and_id_create_one_event() -> None:
    first = services.create_event(make_fields(), ACTOR, KEY)
    assert services.create_event(make_fields(), ACTOR, KEY) == first


def test_the_same_key_and_id_in_a_race_create_one_event() -> None:
    """The loser may find the event first. This is no conflict if the event was created with the same key."""
    write = repository.write

    def race(change: Change, idempotency: IdempotencyKey | None = None) -> None:
        with patch.object(repository, "write", write):
            services.create_event(make_fields(), ACTOR, idempotency)
        raise WriteConflictError

    with patch.object(repository, "write", race):
        event = services.create_event(make_fields(), ACTOR, KEY)
    assert services.get_event("launch") == event


def test_the_same_key_with_another_body_is_refused() -> None:
    services.create_event(make_fields(eventId=""), ACTOR, KEY)
    with pytest.raises(InvalidRequestError, match="Idempotency-Key was used with a different body"):
        services.create_event(make_fields(eventId="", capacity=1), ACTOR, IdempotencyKey("key", "another"))
    assert len(read_table(EventItem)) == 1


def test_a_failed_create_does_not_use_up_the_key() -> None:
    services.create_event(make_fields(), ACTOR)
    with pytest.raises(EventExistsError):
        services.create_event(make_fields(), ACTOR, KEY)
    services.delete_event("launch", ACTOR)
    assert isinstance(services.create_event(make_fields(), ACTOR, KEY), Event)


def test_an_expired_key_can_be_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "IDEMPOTENCY_KEYS_LIVE", -repository.IDEMPOTENCY_KEYS_LIVE)
    first = services.create_event(make_fields(eventId=""), ACTOR, KEY)
    second = services.create_event(make_fields(eventId=""), ACTOR, KEY)
    assert first.fields["eventId"] != second.fields["eventId"]
    services.create_event(make_fields(), ACTOR, KEY)
    for fingerprint in ("fingerprint", "another"):
        with pytest.raises(EventExistsError):
            services.create_event(make_fields(), ACTOR, IdempotencyKey("key", fingerprint))
