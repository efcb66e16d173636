"""What can be done with events: the decisions, and what happens when two people want the same one."""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Iterable, Iterator
from typing import Literal, cast
from uuid import uuid4

from events.domain import (
    Actor,
    Change,
    Event,
    EventChanges,
    EventExistsError,
    EventFields,
    EventNotFoundError,
    EventRange,
    FieldError,
    IdempotencyKey,
    InvalidRequestError,
    RevisionMismatchError,
    Search,
    StorageBusyError,
    SummaryPage,
    WriteConflictError,
)
from events.fields import allows, trim_changes
from events.storage import events as repository
from events.storage import lists as event_lists

# A lost race is run again until then: what the calls of the last try may take, and this, are below 29 seconds.
_SECONDS_TO_RETRY = 4

NEVER_WON = "another writer was first, every time"

# The calls of DynamoDB that one page of a text search makes at most: 18,500 events.
SEARCH_LOOKS = 8
_EXPORT_PAGE = 500

# The revisions a client will change; "*" is any.
Revisions = Collection[str] | Literal["*"]


def get_event(event_id: str) -> Event:
    """Raises EventNotFoundError, StorageError."""
    event = repository.get_event(event_id) if allows("eventId", event_id) else None
    if event is None:
        raise EventNotFoundError(event_id)
    return event


def list_events(within: EventRange, limit: int | None = None) -> tuple[list[EventFields], str | None]:
    """The events of a range in order of date, then eventId, and the sort key to go on after if `limit` left some out.

    Raises StorageError.
    """
    if within.status is not None and not allows("status", within.status):
        return [], None
    if within == EventRange() and limit is None:
        return event_lists.list_events(), None
    return event_lists.query_events(within, limit)


def get_events(event_ids: Iterable[str]) -> dict[str, Event]:
    """Those of these events that there are, by their ids. Raises StorageError."""
    wanted = [event_id for event_id in dict.fromkeys(event_ids) if allows("eventId", event_id)]
    return {event.fields["eventId"]: event for event in event_lists.get_events(wanted)}


def search_events(search: Search, limit: int | None, most_looks: int | None = SEARCH_LOOKS) -> SummaryPage:
    """A page of what staff look for; of a text that is rare, what a bounded number of looks found.

    Raises StorageError.
    """
    status = search.within.status
    if status is not None and not allows("status", status):
        return SummaryPage([], None, full=True)
    return event_lists.query_summaries(search, limit, most_looks)


def statuses_in_use() -> list[str]:
    """What to offer where a status is asked for. Raises StorageError."""
    return event_lists.statuses_in_use()


def read_events(search: Search, page: int) -> Iterator[Event]:
    """Every event of a search, whole, read as they are taken, from the index in pages of this size.

    Raises StorageError.
    """
    status = search.within.status
    if status is None or allows("status", status):
        events = event_lists.read_events(search, page, SEARCH_LOOKS)
        yield from (event for event in events if allows("eventId", event.fields["eventId"]))


def export_events(search: Search) -> Iterator[EventFields]:
    """Every event of a search with all its fields, read page by page as they are taken. Raises StorageError."""
    return (event.fields for event in read_events(search, _EXPORT_PAGE))


def create_event(
    fields: EventFields,
    actor: Actor,
    idempotency: IdempotencyKey | None = None,
    not_deleted_after: str | None = None,
) -> Event:
    """Stores a new event; one with an empty eventId gets a UUID.

    Raises EventExistsError, EventNotFoundError (one with this ID was deleted after `not_deleted_after`),
    InvalidRequestError (the idempotency key was used for another body), StorageError.
    """
    if not fields["eventId"]:
        fields = {**fields, "eventId": str(uuid4())}
    deleted_at = None
    for _ in tries():
        event = Event.new(fields, actor, deleted_at)
        try:
            repository.write(Change.create(event, actor, not_deleted_after), idempotency)
        except WriteConflictError:
            if idempotency and (earlier := _idempotent_create(idempotency)):
                return earlier
            if repository.get_event(fields["eventId"]):
                raise EventExistsError(fields["eventId"]) from None
            deleted_at = repository.deleted_at(fields["eventId"])
            if not_deleted_after and deleted_at and deleted_at > not_deleted_after:
                raise EventNotFoundError(fields["eventId"]) from None
        else:
            return event
    raise StorageBusyError(NEVER_WON)


def create_event_once(fields: EventFields, made_id: str, actor: Actor) -> Event:
    """Stores a new event under its own ID, or the one that its form has; sent again, it returns the same event.

    Raises EventExistsError (its own ID is taken), StorageError.
    """
    named: EventFields = {**fields, "eventId": fields["eventId"] or made_id}
    try:
        return create_event(named, actor)
    except EventExistsError:
        event = repository.get_event(named["eventId"])
        if event and event.fields == named and event.updated_by == actor.name:
            return event
        if fields["eventId"]:
            raise
        return create_event(fields, actor)  # another event, typed into the same form


def _idempotent_create(idempotency: IdempotencyKey) -> Event | None:
    used = repository.get_idempotent_create(idempotency.key)
    if used is None:
        return None
    fingerprint, event = used
    if fingerprint != idempotency.fingerprint:
        raise InvalidRequestError([FieldError("Idempotency-Key", "was used with a different body")])
    return event


def update_event(
    event_id: str, changes: EventChanges, actor: Actor, revisions: Revisions = "*", typed: bool = False
) -> Event:
    """Makes the changes, all at once; if they change nothing, nothing is written. `typed`: a person typed them.

    Where another writer was first, the changes are made to what that one left, unless `revisions` rule it out.
    Raises EventNotFoundError, RevisionMismatchError, StorageError.
    """
    for _ in tries():
        event = _get_revision(event_id, revisions)
        made = cast(EventChanges, trim_changes(changes, event.fields)) if typed else changes
        changed = event.changed(made, actor)
        if changed.fields == event.fields:
            return event
        try:
            repository.write(Change.update(event, changed, actor))
        except WriteConflictError:
            continue
        return changed
    raise StorageBusyError(NEVER_WON)


def delete_event(event_id: str, actor: Actor, revisions: Revisions = "*") -> Change:
    """Raises EventNotFoundError, RevisionMismatchError, StorageError."""
    for _ in tries():
        event = _get_revision(event_id, revisions)
        change = Change.delete(event, actor)
        try:
            repository.write(change)
        except WriteConflictError:
            continue
        return change
    raise StorageBusyError(NEVER_WON)


def _get_revision(event_id: str, revisions: Revisions) -> Event:
    event = get_event(event_id)
    if revisions != "*" and event.revision not in revisions:
        raise RevisionMismatchError(event_id)
    return event


def tries() -> Iterator[None]:
    """One try at once, then more after growing random pauses, for a while."""
    until = time.monotonic() + _SECONDS_TO_RETRY
    pause = 0.02
    yield
    while time.monotonic() < until:
        time.sleep(random.uniform(0, pause))
        pause = min(pause * 2, 0.3)
        yield
