"""The model for test_race: the versions of every event, and which of them clients have seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

Fields = dict[str, Any]
State = Fields | None


class Truth:
    """The versions of each event, counted from 1. None is a deletion."""

    def __init__(self) -> None:
        self.versions: dict[str, list[State]] = {}
        self.keys: dict[str, tuple[Fields, Fields]] = {}

    def now(self, event_id: str) -> State:
        versions = self.versions.get(event_id)
        return versions[-1] if versions else None

    def version(self, event_id: str) -> int:
        return len(self.versions.get(event_id, []))

    def state(self, event_id: str, version: int) -> State:
        return self.versions[event_id][version - 1] if version else None

    def become(self, event_id: str, state: State) -> None:
        """Adds a version, unless nothing changed."""
        if state != self.now(event_id):
            self.versions.setdefault(event_id, []).append(state)

    @property
    def present(self) -> dict[str, Fields]:
        return {event_id: states[-1] for event_id, states in self.versions.items() if states[-1] is not None}


class Seen(NamedTuple):
    """What the open pages of a client show of an event."""

    version: int
    fields: State
    tag: str
    stamps: list[str]  # the timestamp of each version
    edit_form: dict[str, str]
    delete_form: dict[str, str]

    @property
    def revision(self) -> str:
        return self.tag.strip('"')


class Planned(NamedTuple):
    """A planned change of an event: from which version, and to which fields."""

    event_id: str
    version: int
    state: State


@dataclass
class TrueBatch:
    """The expected state of a batch. `done` has the version that each event got from it."""

    address: str
    planned: list[Planned]
    confirmed: bool = False
    undone: bool = False
    done: dict[str, int] = field(default_factory=dict)
    same: int = 0

    @property
    def failed(self) -> int:
        return len(self.planned) - len(self.done) - self.same

    def confirm(self, truth: Truth) -> None:
        if self.confirmed:
            return
        self.confirmed = True
        for event_id, version, state in self.planned:
            if truth.version(event_id) != version and not (state and self._creates(truth, event_id, version)):
                continue
            if truth.now(event_id) == state:
                self.same += 1
                continue
            truth.become(event_id, state)
            self.done[event_id] = truth.version(event_id)

    @staticmethod
    def _creates(truth: Truth, event_id: str, version: int) -> bool:
        """A create is possible whenever the event does not exist, even if it existed meanwhile."""
        return truth.state(event_id, version) is None and truth.now(event_id) is None

    def undo(self, truth: Truth) -> int:
        """How many events have their earlier fields."""
        self.undone = True
        undone = 0
        for event_id, version in self.done.items():
            if truth.version(event_id) == version:
                truth.become(event_id, truth.state(event_id, version - 1))
                undone += 1
        return undone
