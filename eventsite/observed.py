"""Collects facts about a request from all layers, for its one log line."""

from __future__ import annotations

from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock


@dataclass(slots=True)
class Observation:
    """One request: who made it, from where, about which event, and what it consumed.

    `capacity` is in DynamoDB's units. `address` and `user_agent` are for the security log only.
    """

    request_id: str = ""
    method: str = ""
    route: str = ""
    status: int = 0
    actor: str = ""
    address: str = ""
    user_agent: str = ""
    event_id: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    capacity: Counter[str] = field(default_factory=Counter)
    _adding: Lock = field(default_factory=Lock)  # several threads write a batch

    def count(self, name: str) -> None:
        with self._adding:
            self.counts[name] += 1

    def consume(self, kind: str, units: float) -> None:
        with self._adding:
            self.capacity[kind] += units  # type: ignore[assignment]  # typeshed allows only integers


_current: ContextVar[Observation | None] = ContextVar("observation", default=None)


def begin(request_id: str) -> Observation:
    """Starts a new observation, which `current` returns from now on."""
    observation = Observation(request_id)
    _current.set(observation)
    return observation


def current() -> Observation:
    """The request's observation. Outside a request, one that nobody reads."""
    return _current.get() or Observation()
