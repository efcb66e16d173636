"""Reads the security log."""

from __future__ import annotations

from events.domain import Actor
from eventsite.accounts.domain import LogFilter
from eventsite.accounts.security_log import list_changes

ADA = Actor("ada")


def named(*names: str) -> LogFilter:
    return LogFilter(names=frozenset(names))


def told(*names: str) -> list[str]:
    """The changes, earliest first."""
    found = list_changes(named(*names)).changes[::-1]
    return [" ".join(filter(None, (row.actor, row.action, row.whom, row.detail))) for row in found]
