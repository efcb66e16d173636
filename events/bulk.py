"""What staff do to many events at once: which ones are meant, and the batch that does it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from events import batches
from events.domain import Actor, FieldError, InvalidRequestError, Search
from events.fields import RULES, without_spaces
from events.services import get_events, search_events
from events.tasks import Batch, Task


def prepare_status(search: Search | None, ticked: Iterable[str], status: str, actor: Actor) -> Batch:
    """A batch, to be confirmed, that gives events a status. Raises InvalidRequestError, StorageError."""
    status = without_spaces("status", status)
    try:
        RULES["status"](status)
    except ValueError as error:
        raise InvalidRequestError([FieldError("status", str(error))]) from None
    tasks = [replace(task, action="update", changes={"status": status}) for task in _meant(search, ticked)]
    return batches.prepare("status", tasks, actor, status)


def prepare_delete(search: Search | None, ticked: Iterable[str], actor: Actor) -> Batch:
    """A batch, to be confirmed, that deletes events. Raises InvalidRequestError, StorageError."""
    return batches.prepare("delete", list(_meant(search, ticked)), actor, "")


def _meant(search: Search | None, ticked: Iterable[str]) -> list[Task]:
    """All that match a search, or those ticked, each at the revision it has now."""
    if search is None:
        return [
            Task("delete", event.fields["eventId"], event.fields["title"], event.revision, date=event.fields["date"])
            for event in sorted(get_events(ticked).values(), key=lambda event: event.fields["date"])
        ]
    rows = search_events(search, batches.MAX_TASKS + 1, most_looks=None).events
    # Items that another program wrote have no revision in the index.
    unrevised = get_events(row["eventId"] for row in rows if not row["revision"])
    revisions = {event_id: event.revision for event_id, event in unrevised.items()}
    return [
        Task("delete", row["eventId"], row["title"], row["revision"] or revisions[row["eventId"]], date=row["date"])
        for row in rows
        if row["revision"] or row["eventId"] in revisions
    ]
