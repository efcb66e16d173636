"""Batches: many changes that one person confirms together, made part by part, so that no request takes long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

TaskAction = Literal["create", "update", "delete", "undo"]
BatchKind = Literal["status", "delete", "import", "undo"]


@dataclass(frozen=True, slots=True)
class Task:
    """One planned change; an update or delete is made only while the event is at `revision`.

    Title and date are for people to know it by. `changes` holds all fields for a create, those that change for an
    update; `undoes` a batch's id for an undo; `row` is the number of the row in an imported file.
    """

    action: TaskAction
    event_id: str
    title: str
    revision: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    row: int | None = None
    undoes: str | None = None
    date: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task: done, or the same as before, or a sentence that says why it was not done."""

    kind: Literal["done", "same", "failed"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch and how far it is; `note` is what a person calls it, parts are numbered from 0, `next` is to be done."""

    id: str
    kind: BatchKind
    actor: str
    note: str
    created_at: str
    tasks: int
    parts: int
    next: int = 0
    done: int = 0
    same: int = 0
    failed: int = 0
    confirmed: bool = False
    undone_by: str | None = None

    @property
    def finished(self) -> bool:
        return self.next == self.parts

    @property
    def progress(self) -> int:
        """How many tasks are behind it."""
        return self.done + self.same + self.failed
