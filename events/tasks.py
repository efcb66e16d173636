"""What a batch is: many changes that one person confirms together. They are made in parts, so no request takes long."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

TaskAction = Literal["create", "update", "delete", "undo"]
BatchKind = Literal["status", "delete", "edit", "import", "copy", "undo"]
_BATCH_ID = re.compile("(status|delete|edit|import|copy|undo)-[0-9a-f]{16}")


def new_batch_id(kind: BatchKind) -> str:
    """The ID begins with the kind, because the history stores no more of a batch than its ID."""
    return f"{kind}-{secrets.token_hex(8)}"


def kind_of(batch_id: str) -> BatchKind | None:
    """The kind of the batch with this ID; None if it is not the ID of a batch."""
    found = _BATCH_ID.fullmatch(batch_id)
    return cast(BatchKind, found[1]) if found else None


@dataclass(frozen=True, slots=True)
class Task:
    """One planned change; an update or delete is made only if the event is still at `revision`.

    `title` and `date` show people which event it is. `changes`: all fields of a create, the changed ones of an update.
    `undoes`: the ID of the batch that an undo undoes. `row`: the number of the row in an imported file.
    `before`: the values that an edit replaces, for its preview. `problem`: why the event cannot change, as a sentence.
    `optional`: a row that is imported only if the person selects it.
    """

    action: TaskAction
    event_id: str
    title: str
    revision: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    row: int | None = None
    undoes: str | None = None
    date: str = ""
    before: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a task: done, or nothing to change ("same"), or failed for a reason, which is a sentence."""

    kind: Literal["done", "same", "failed"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch and its progress. `next`: the number of the next part, from 0.

    `note`: the new status, the changes of an edit, the name of the imported file, or the title of the copied event.
    `remark`: what its pages say about it, as a sentence; mostly empty.
    `optional`: how many tasks can be selected until the batch is confirmed. `selected`: the rows of those that are;
    `tasks` counts these, too.
    """

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
    remark: str = ""
    optional: int = 0
    selected: frozenset[int] = frozenset()

    def includes(self, task: Task) -> bool:
        return not task.optional or task.row in self.selected

    @property
    def finished(self) -> bool:
        return self.next == self.parts

    @property
    def progress(self) -> int:
        """How many tasks are finished."""
        return self.done + self.same + self.failed
