"""Bulk changes: which events staff selected, and the batch that changes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple, cast

from events import batches
from events.domain import Actor, EventChanges, FieldError, InvalidRequestError, Search
from events.fields import LABELS, RULES, allows, without_spaces
from events.services import get_events, search_events, spelling_in_use
from events.tasks import Batch, Task, TaskAction

MAX_DAYS = 36_525  # a century
_NO_DAY = "Its date would be outside the years 1 to 9999."
_BAD_DAY = "Its date is invalid. Edit the event first."


class Edit(NamedTuple):
    """What a bulk edit does: the new values of some fields, and by how many days the date moves."""

    changes: EventChanges
    days: int = 0

    @property
    def summary(self) -> str:
        """Every change in one line, as "Location: Main hall · Date: +7 days"."""
        parts = [f"{LABELS[name]}: {value}" for name, value in self.changes.items()]
        moved = f"{LABELS['date']}: {self.days:+,} day{'' if abs(self.days) == 1 else 's'}"
        return " · ".join([*parts, *([moved] if self.days else [])])


class _Target(NamedTuple):
    """A selected event: its fields (a list's row has no description) and its revision."""

    fields: Mapping[str, Any]
    revision: str

    def task(self, action: TaskAction, **details: Any) -> Task:
        fields = self.fields
        return Task(action, fields["eventId"], fields["title"], self.revision, date=fields["date"], **details)


def prepare_status(search: Search | None, selected: Iterable[str], status: str, actor: Actor) -> Batch:
    """A batch, to be confirmed, that sets the status of events, in the spelling that is in use.

    Raises InvalidRequestError, StorageError.
    """
    status = without_spaces("status", status)
    try:
        RULES["status"](status)
    except ValueError as error:
        raise InvalidRequestError([FieldError("status", str(error))]) from None
    status = spelling_in_use(status)
    tasks = [target.task("update", changes={"status": status}) for target in _targets(search, selected)]
    return batches.prepare("status", tasks, actor, status)


def prepare_delete(search: Search | None, selected: Iterable[str], actor: Actor) -> Batch:
    """A batch, to be confirmed, that deletes events. Raises InvalidRequestError, StorageError."""
    return batches.prepare("delete", [target.task("delete") for target in _targets(search, selected)], actor, "")


def prepare_edit(search: Search | None, selected: Iterable[str], edit: Edit, actor: Actor) -> Batch:
    """A batch, to be confirmed, that changes fields of events. Events that have these values already are left out.

    Events that cannot change come first, each with its problem. A status takes the spelling that is in use.
    Raises InvalidRequestError (its field is "edit" if no event would change), StorageError.
    """
    targets = _targets(search, selected)
    batches.check_number(len(targets))
    if "status" in edit.changes:
        edit = edit._replace(changes={**edit.changes, "status": spelling_in_use(edit.changes["status"])})
    tasks = [task for target in targets if (task := _edit_task(target, edit))]
    tasks.sort(key=lambda task: not task.problem)
    if not tasks:
        raise InvalidRequestError([FieldError("edit", "These events have these values already.")])
    if tasks[-1].problem:
        raise InvalidRequestError([FieldError("edit", f"None of these events can change. {tasks[-1].problem}")])
    return batches.prepare("edit", tasks, actor, edit.summary)


def _edit_task(target: _Target, edit: Edit) -> Task | None:
    """None if the event has these values already."""
    wanted: dict[str, Any] = dict(edit.changes)
    if edit.days:
        if not allows("date", target.fields["date"]):
            return target.task("update", problem=_BAD_DAY)
        try:
            wanted["date"] = (date.fromisoformat(target.fields["date"]) + timedelta(edit.days)).isoformat()
        except OverflowError:
            return target.task("update", problem=_NO_DAY)
    changes = {name: value for name, value in wanted.items() if value != target.fields[name]}
    before = {name: target.fields[name] for name in changes}
    return target.task("update", changes=changes, before=before) if changes else None


def _targets(search: Search | None, selected: Iterable[str]) -> list[_Target]:
    """Each event that matches the search, or (None) each selected one, at its current revision."""
    if search is None:
        events = sorted(get_events(selected).values(), key=lambda event: event.fields["date"])
        return [_Target(event.fields, event.revision) for event in events]
    rows = search_events(search, batches.MAX_TASKS + 1, max_queries=None).events
    # Items that another program wrote have no revision in the index.
    unrevised = get_events(row["eventId"] for row in rows if not row["revision"])
    revisions = {event_id: event.revision for event_id, event in unrevised.items()}
    return [
        _Target(cast(Mapping[str, Any], row), row["revision"] or revisions[row["eventId"]])
        for row in rows
        if row["revision"] or row["eventId"] in revisions
    ]
