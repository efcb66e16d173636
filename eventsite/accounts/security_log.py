"""The security log: who did what to whom, when, from where. Only admins see it.

Address, device and request ID come from the request that is being handled.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from events.domain import now
from events.storage import account_changes as repository
from eventsite import observed
from eventsite.accounts.devices import device_of
from eventsite.accounts.domain import AccountAction, AccountChange, LogFilter

PAGE_SIZE = 50
MAX_EXPORTED = 5_000
_MOST_QUERIES = 100  # of an export

# Of failures without a known name, in a minute, for each action.
_ROWS_OF_STRANGERS = 16
# The alarm "sign-in-failures" counts these.
_COUNTED = frozenset({"sign-in-failed", "second-step-failed", "password-refused"})
_ALL = LogFilter()


@dataclass(frozen=True, slots=True)
class LogPage:
    """Rows, latest first; `next` and `full` as in events.activity.ActivityPage."""

    changes: list[AccountChange]
    next: str | None
    full: bool = True


def new_change(actor: str, action: AccountAction, whom: str, detail: str = "", expires: str = "") -> AccountChange:
    """The row to store with a change that is made now."""
    request = observed.current()
    device = device_of(request.user_agent) if request.user_agent else ""
    return AccountChange(now(), action, actor, whom, detail, "", expires, request.address, device, request.request_id)


def record(
    action: AccountAction, actor: str = "", whom: str = "", detail: str = "", once_a_minute: bool = False
) -> None:
    """Records an event that changes nothing: a row and a log line. Raises StorageError.

    With `once_a_minute`, equal events of one minute have one row. Without any name, the events of an address have one
    row a minute, and those of all addresses a limited number. So nobody can fill the table.
    """
    event = new_change(actor, action, whom, detail)
    if action in _COUNTED:
        observed.current().count("SignInFailures")
    slot = ""
    if not (actor or whom):
        slot = f"{_number(event.address) % _ROWS_OF_STRANGERS:08x}"
    elif once_a_minute:
        slot = f"{_number(repr((actor, whom, detail))):08x}"
    repository.put_event(event, slot)


def note(action: AccountAction, actor: str = "", whom: str = "", detail: str = "") -> None:
    """Writes only the log line: for what programs can cause so often that rows would cost too much."""
    repository.write_line(new_change(actor, action, whom, detail))


def _number(text: str) -> int:
    return int(sha256(text.encode()).hexdigest()[:8], 16)


def list_changes(wanted: LogFilter = _ALL, before: str | None = None) -> LogPage:
    """A page of the rows that match, in at most four calls of DynamoDB. Raises StorageError."""
    found, end = repository.query_changes(wanted, PAGE_SIZE + 1, before)
    if len(found) > PAGE_SIZE:
        return LogPage(found[:PAGE_SIZE], found[PAGE_SIZE - 1].key)
    return LogPage(found, end, full=end is None)


def export_changes(wanted: LogFilter) -> LogPage:
    """The latest rows that match, at most MAX_EXPORTED; `next` says that there may be more. Raises StorageError."""
    found: list[AccountChange] = []
    before: str | None = None
    for _ in range(_MOST_QUERIES):
        rows, before = repository.query_changes(wanted, repository.READ, before)
        found += rows
        if before is None or len(found) >= MAX_EXPORTED:
            break
    return LogPage(found[:MAX_EXPORTED], before, before is None and len(found) <= MAX_EXPORTED)
