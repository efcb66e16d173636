"""What is learnt about a request while it is answered, from whoever learns it, for the one line that is logged."""

from __future__ import annotations

from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock


@dataclass(slots=True)
class Observation:
    """One request: who and what it was about, and what it took. `counts` are by name; capacity in DynamoDB's units."""

    request_id: str = ""
    method: str = ""
    route: str = ""
    status: int = 0
    actor: str = ""
    event_id: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    capacity: Counter[str] = field(default_factory=Counter)
    _adding: Lock = field(default_factory=Lock)  # a batch is made by several threads

    def count(self, name: str) -> None:
        with self._adding:
            self.counts[name] += 1

    def consume(self, kind: str, units: float) -> None:
        with self._adding:
            self.capacity[kind] += units  # type: ignore[assignment]  # typeshed knows whole numbers only


_current: ContextVar[Observation | None] = ContextVar("observation", default=None)


def begin(request_id: str) -> Observation:
    """A new observation, which what is noted from now on is about."""
    observation = Observation(request_id)
    _current.set(observation)
    return observation


def current() -> Observation:
    """The request's observation; outside any request, one that nobody reads."""
    return _current.get() or Observation()
