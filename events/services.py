"""What can be done with one event, or with a list, and what happens when two people change the same event."""

from __future__ import annotations

import random
import time
from collections.abc import Container, Iterable, Iterator, Sequence
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
    EventSummary,
    FieldError,
    IdempotencyKey,
    InvalidRequestError,
    MatchCount,
    RevisionMismatchError,
    Search,
    StorageBusyError,
    SummaryPage,
    WriteConflictError,
)
from events.fields import allows, trim_changes
from events.storage import cached_queries
from events.storage import events as repository
from events.storage import lists as event_lists

# A write that loses a race is retried for this long. With the calls of the last attempt, it stays below 29 seconds.
_SECONDS_TO_RETRY = 4
LOST_EVERY_RACE = "another writer was first at every attempt"

# At most this many queries of DynamoDB for one page of a text search: they read 18,500 events.
MAX_SEARCH_QUERIES = 8
_EXPORT_PAGE = 500

# The revisions of an event that a caller agrees to change; "*" means any.
Revisions = Container[str] | Literal["*"]


def get_event(event_id: str) -> Event:
    """Raises EventNotFoundError, StorageError."""
    event = repository.get_event(event_id) if allows("eventId", event_id) else None
    if event is None:
        raise EventNotFoundError(event_id)
    return event


def list_events(
    within: EventRange,
    limit: int | None = None,
    statuses: Sequence[str] = (),
    text: str = "",
    latest_first: bool = False,
) -> tuple[list[EventFields], str | None]:
    """The events of a range in order of date, then eventId; and the last sort key that was read, if more may follow.

    `statuses`: with any of these, instead of the one in the range. With a text, a limited number of queries may find
    fewer events than `limit`. Raises StorageError.
    """
    if within == EventRange() and limit is None and not statuses and not text:
        events = event_lists.list_events()
        return events[::-1] if latest_first else events, None
    wanted: Sequence[str | None] = statuses or [within.status]
    searches = [
        Search(within._replace(status=status), text, latest_first)
        for status in wanted
        if status is None or allows("status", status)
    ]
    if not searches:
        return [], None
    return event_lists.query_events(searches, limit, max(MAX_SEARCH_QUERIES // len(searches), 1) if text else None)


def get_events(event_ids: Iterable[str]) -> dict[str, Event]:
    """The events with these IDs, by ID; IDs that no event has are left out. Raises StorageError."""
    wanted = [event_id for event_id in dict.fromkeys(event_ids) if allows("eventId", event_id)]
    return {event.fields["eventId"]: event for event in event_lists.get_events(wanted)}


def search_events(search: Search, limit: int | None, max_queries: int | None = MAX_SEARCH_QUERIES) -> SummaryPage:
    """A page of a search. If its text is rare, the page holds what a limited number of queries found.

    Raises StorageError.
    """
    status = search.within.status
    if status is not None and not allows("status", status):
        return SummaryPage([], None, full=True)
    return event_lists.query_summaries(search, limit, max_queries)


def count_events(search: Search, limit: int) -> MatchCount:
    """How many events match, up to a limit, at a constant cost. Raises StorageError."""
    status = search.within.status
    if status is not None and not allows("status", status):
        return MatchCount(0)
    return cached_queries.count_summaries(search, limit)


def statuses_in_use() -> list[str]:
    """The statuses that a form suggests. Raises StorageError."""
    return cached_queries.statuses_in_use()


def values_in_use() -> dict[str, list[str]]:
    """{"location": [...], "organizer": [...]} in recent and upcoming events, most used first. Raises StorageError."""
    return cached_queries.values_in_use()


def spelling_in_use(status: str) -> str:
    """The status as other events spell it, if they do so in another case only. Raises StorageError."""
    known = cached_queries.statuses_in_use()
    same = (other for other in known if other.casefold() == status.casefold())
    return status if status in known else next(same, status)


def events_at(location: str, days: Iterable[str]) -> dict[str, list[EventSummary]]:
    """The events at a location (in any case) on each of these days; days without any are left out.

    A query reads the next 500 events, also those between the days, and serves every day that it reaches. Of one day,
    only the first 500 events are read. The index lags behind writes by some milliseconds. Raises StorageError.
    """
    found: dict[str, list[EventSummary]] = {}
    remaining = sorted(set(days))
    while remaining:
        search = Search(EventRange(first_date=remaining[0], last_date=remaining[-1]), location)
        page = event_lists.query_summaries(search, limit=None, max_queries=1)
        reached = {day for day in remaining if page.end is None or EventRange(last_date=day).last < page.end}
        reached.add(remaining[0])
        for event in page.events:
            if event["date"] in reached and event["location"].casefold() == location.casefold():
                found.setdefault(event["date"], []).append(event)
        remaining = [day for day in remaining if day not in reached]
    return found


def read_events(search: Search, page: int) -> Iterator[Event]:
    """Every event of a search with all its fields, read on demand in pages of this size. Raises StorageError."""
    status = search.within.status
    if status is None or allows("status", status):
        events = event_lists.read_events(search, page, MAX_SEARCH_QUERIES)
        yield from (event for event in events if allows("eventId", event.fields["eventId"]))


def export_events(search: Search) -> Iterator[EventFields]:
    """The fields of every event of a search, read on demand. Raises StorageError."""
    return (event.fields for event in read_events(search, _EXPORT_PAGE))


def create_event(
    fields: EventFields,
    actor: Actor,
    idempotency: IdempotencyKey | None = None,
    not_deleted_after: str | None = None,
) -> Event:
    """Stores a new event. An empty eventId is replaced by a UUID.

    Raises EventExistsError, EventNotFoundError (an event with this ID was deleted after `not_deleted_after`),
    InvalidRequestError (the idempotency key was used with another body), StorageError.
    """
    if not fields["eventId"]:
        fields = {**fields, "eventId": str(uuid4())}
    deleted_at = None
    for _ in attempts():
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
    raise StorageBusyError(LOST_EVERY_RACE)


def create_event_once(fields: EventFields, generated_id: str, actor: Actor) -> Event:
    """Stores a new event from a form, under the ID that was typed or else the generated one.

    If the same form is sent twice, the second call returns the same event.
    Raises EventExistsError (the typed ID is taken), StorageError.
    """
    fields = {**fields, "status": spelling_in_use(fields["status"])}
    named: EventFields = {**fields, "eventId": fields["eventId"] or generated_id}
    try:
        return create_event(named, actor)
    except EventExistsError:
        event = repository.get_event(named["eventId"])
        if event and event.fields == named and event.updated_by == actor.name:
            return event
        if fields["eventId"]:
            raise
        return create_event(fields, actor)  # the same form was used for another event


def _idempotent_create(idempotency: IdempotencyKey) -> Event | None:
    used = repository.get_idempotent_create(idempotency.key)
    if used is None:
        return None
    fingerprint, event = used
    if fingerprint != idempotency.fingerprint:
        raise InvalidRequestError(
            [FieldError("Idempotency-Key", "was used with a different body", "idempotency_key_reused")]
        )
    return event


def update_event(
    event_id: str, changes: EventChanges, actor: Actor, revisions: Revisions = "*", typed: bool = False
) -> Event:
    """Makes all changes in one write, or none if nothing differs.

    `typed`: a person typed them, so they are trimmed, and a new status takes the spelling in use.
    If another writer is first, the changes are made to the new revision, if `revisions` allow that.
    Raises EventNotFoundError, RevisionMismatchError, StorageError.
    """
    for _ in attempts():
        event = _get_revision(event_id, revisions)
        made = _typed(changes, event) if typed else changes
        changed = event.changed(made, actor)
        if changed.fields == event.fields:
            return event
        try:
            repository.write(Change.update(event, changed, actor))
        except WriteConflictError:
            continue
        return changed
    raise StorageBusyError(LOST_EVERY_RACE)


def _typed(changes: EventChanges, event: Event) -> EventChanges:
    made = cast(EventChanges, trim_changes(changes, event.fields))
    if made.get("status", event.fields["status"]) != event.fields["status"]:
        made["status"] = spelling_in_use(made["status"])
    return made


def delete_event(event_id: str, actor: Actor, revisions: Revisions = "*") -> Change:
    """Raises EventNotFoundError, RevisionMismatchError, StorageError."""
    for _ in attempts():
        event = _get_revision(event_id, revisions)
        change = Change.delete(event, actor)
        try:
            repository.write(change)
        except WriteConflictError:
            continue
        return change
    raise StorageBusyError(LOST_EVERY_RACE)


def _get_revision(event_id: str, revisions: Revisions) -> Event:
    event = get_event(event_id)
    if revisions != "*" and event.revision not in revisions:
        raise RevisionMismatchError(event_id)
    return event


def attempts() -> Iterator[None]:
    """A first attempt at once, then more after growing random pauses, for some seconds."""
    until = time.monotonic() + _SECONDS_TO_RETRY
    pause = 0.02
    yield
    while time.monotonic() < until:
        time.sleep(random.uniform(0, pause))
        pause = min(pause * 2, 0.3)
        yield
