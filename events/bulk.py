"""What staff do to many events at once: which ones are meant, and the batch that does it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from events import batches
from events.domain import Actor, FieldError, InvalidRequestError, Search
from events.rules import RULES
from events.services import get_events, search_events
from events.tasks import Batch, Task


def prepare_status(search: Search | None, ticked: Iterable[str], status: str, actor: Actor) -> Batch:
    """A batch, to be confirmed, that gives events a status. Raises InvalidRequestError, StorageError."""
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
    page = search_events(search, batches.MAX_TASKS + 1, most_looks=None)
    return [
        Task("delete", row["eventId"], row["title"], row["revision"] or None, date=row["date"]) for row in page.events
    ]
