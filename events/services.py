"""What can be done with events: the decisions, and what happens when two people want the same one."""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Iterator
from typing import Literal
from uuid import uuid4

from events import repository
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
    StorageBusyError,
    WriteConflictError,
)
from events.rules import allows

# A lost race is run again until then: what the calls of the last try may take, and this, are below 29 seconds.
_SECONDS_TO_RETRY = 4

_NEVER_WON = "another writer was first, every time"

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
        return repository.list_events(), None
    return repository.query_events(within, limit)


def create_event(fields: EventFields, actor: Actor, idempotency: IdempotencyKey | None = None) -> Event:
    """Stores a new event; one with an empty eventId gets a UUID.

    Raises EventExistsError, InvalidRequestError (the idempotency key was used for another body), StorageError.
    """
    if not fields["eventId"]:
        fields = {**fields, "eventId": str(uuid4())}
    for _ in _tries():
        event = Event.new(fields, actor)
        try:
            repository.write(Change.create(event, actor), idempotency)
        except WriteConflictError:
            if idempotency and (earlier := _idempotent_create(idempotency)):
                return earlier
            if repository.get_event(fields["eventId"]):
                raise EventExistsError(fields["eventId"]) from None
        else:
            return event
    raise StorageBusyError(_NEVER_WON)


def _idempotent_create(idempotency: IdempotencyKey) -> Event | None:
    used = repository.get_idempotent_create(idempotency.key)
    if used is None:
        return None
    fingerprint, event = used
    if fingerprint != idempotency.fingerprint:
        raise InvalidRequestError([FieldError("Idempotency-Key", "was used with a different body")])
    return event


def update_event(event_id: str, changes: EventChanges, actor: Actor, revisions: Revisions = "*") -> Event:
    """Makes the changes, all at once; if they change nothing, nothing is written.

    Where another writer was first, the changes are made to what that one left, unless `revisions` rule it out.
    Raises EventNotFoundError, RevisionMismatchError, StorageError.
    """
    for _ in _tries():
        event = _get_revision(event_id, revisions)
        changed = event.changed(changes, actor)
        if changed.fields == event.fields:
            return event
        try:
            repository.write(Change.update(event, changed, actor))
        except WriteConflictError:
            continue
        return changed
    raise StorageBusyError(_NEVER_WON)


def delete_event(event_id: str, actor: Actor, revisions: Revisions = "*") -> None:
    """Raises EventNotFoundError, RevisionMismatchError, StorageError."""
    for _ in _tries():
        event = _get_revision(event_id, revisions)
        try:
            repository.write(Change.delete(event, actor))
        except WriteConflictError:
            continue
        return
    raise StorageBusyError(_NEVER_WON)


def _get_revision(event_id: str, revisions: Revisions) -> Event:
    event = get_event(event_id)
    if revisions != "*" and event.revision not in revisions:
        raise RevisionMismatchError(event_id)
    return event


def _tries() -> Iterator[None]:
    """One try at once, then more after growing random pauses, for a while."""
    until = time.monotonic() + _SECONDS_TO_RETRY
    pause = 0.02
    yield
    while time.monotonic() < until:
        time.sleep(random.uniform(0, pause))
        pause = min(pause * 2, 0.3)
        yield
