"""What happened to accounts and API keys: roles, passwords, keys. Only admins see it."""

from __future__ import annotations

from dataclasses import dataclass

from events.domain import now
from events.storage.account_changes import query_changes
from eventsite.accounts.domain import AccountAction, AccountChange

PAGE_SIZE = 50
_READ = 100  # in each round
_MOST_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """Changes, latest first; `next` and `full` as in events.activity.ActivityPage."""

    changes: list[AccountChange]
    next: str | None
    full: bool = True


def new_change(actor: str, action: AccountAction, whom: str, detail: str = "", expires: str = "") -> AccountChange:
    """The row to store with a change that is made now."""
    return AccountChange(now(), action, actor, whom, detail, expires=expires)


def list_changes(
    names: frozenset[str] = frozenset(), before: str | None = None, since: str = "", until: str = ""
) -> ChangesPage:
    """A page of the changes by or of these names (none: all), from one time to before another. Raises StorageError."""
    found: list[AccountChange] = []
    last = before
    for _ in range(_MOST_ROUNDS):
        changes, end = query_changes(_READ if names else PAGE_SIZE + 1, last, since, until)
        for change in changes:
            if names and names.isdisjoint((change.actor, change.whom)):
                continue
            if len(found) == PAGE_SIZE:
                return ChangesPage(found, found[-1].key)
            found.append(change)
        if end is None:
            return ChangesPage(found, None)
        last = end
    return ChangesPage(found, last, full=False)
