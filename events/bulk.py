"""Bulk changes: which events staff selected, and the batch that changes them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from events import batches
from events.domain import Actor, EventChanges, FieldError, InvalidRequestError, Search
from events.fields import RULES, without_spaces
from events.services import get_events, search_events
from events.tasks import Batch, Task, TaskAction


def prepare_status(search: Search | None, selected: Iterable[str], status: str, actor: Actor) -> Batch:
    """A batch, to be confirmed, that sets the status of events. Raises InvalidRequestError, StorageError."""
    status = without_spaces("status", status)
    try:
        RULES["status"](status)
    except ValueError as error:
        raise InvalidRequestError([FieldError("status", str(error))]) from None
    return batches.prepare("status", _tasks("update", {"status": status}, search, selected), actor, status)


def prepare_delete(search: Search | None, selected: Iterable[str], actor: Actor) -> Batch:
    """A batch, to be confirmed, that deletes events. Raises InvalidRequestError, StorageError."""
    return batches.prepare("delete", _tasks("delete", {}, search, selected), actor, "")


def _tasks(action: TaskAction, changes: EventChanges, search: Search | None, selected: Iterable[str]) -> list[Task]:
    """A task for each event that matches the search, or (None) for each selected one, at its current revision."""
    task = partial(Task, action, changes=changes)
    if search is None:
        return [
            task(event.fields["eventId"], event.fields["title"], event.revision, date=event.fields["date"])
            for event in sorted(get_events(selected).values(), key=lambda event: event.fields["date"])
        ]
    rows = search_events(search, batches.MAX_TASKS + 1, max_queries=None).events
    # Items that another program wrote have no revision in the index.
    unrevised = get_events(row["eventId"] for row in rows if not row["revision"])
    revisions = {event_id: event.revision for event_id, event in unrevised.items()}
    return [
        task(row["eventId"], row["title"], row["revision"] or revisions[row["eventId"]], date=row["date"])
        for row in rows
        if row["revision"] or row["eventId"] in revisions
    ]
