"""The changes of all events in order of time. A change is returned once no earlier one can appear any more.

The order is that of `at`, which the writer's clock gives a change before it is written. So a reader waits until every
change with an earlier time is written and in the index, or can never be written (`seconds_to_wait`).
"""

from __future__ import annotations

from typing import NamedTuple

from events.domain import now
from events.storage.connection import DynamoDB, connection, storage_errors
from events.storage.models import ALL_CHANGES, HistoryItem

# The longest time from the `at` of a change to the end of the last attempt to send it. On Lambda, a function that is
# paused or hangs ends then (`timeout_seconds` in zappa_settings.json). Elsewhere, `DynamoDB.check_attempt` lets no
# attempt begin after 11.5 seconds, so a process may be paused for 18 seconds in the middle of the last attempt.
SECONDS_TO_SEND = 30
# Assumed: after this time, DynamoDB has executed or dropped a transaction that was sent, even if nobody waits for it.
# (A call that is given up resets its connection, so the kernel sends nothing of it later.)
SECONDS_TO_COMMIT = 10
# Assumed: after this time, the index has a change. Usually, it takes milliseconds.
SECONDS_OF_INDEX_LAG = 10
# Assumed: no clock of a reader or a writer is wrong by more than this.
SECONDS_OF_CLOCK_ERROR = 5

_FIRST = "0"  # lower than every time


class ChangeRow(NamedTuple):
    """One change in the order of all changes. `key` is its place in this order."""

    event_id: str
    at: str
    action: str
    key: str


def seconds_to_wait() -> float:
    """How old a change must be before it is returned."""
    to_send = max(SECONDS_TO_SEND, DynamoDB.seconds_for_a_call() + sum(DynamoDB.timeouts))
    return to_send + SECONDS_TO_COMMIT + SECONDS_OF_INDEX_LAG + 2 * SECONDS_OF_CLOCK_ERROR


def end_of_changes() -> str:
    """The place in the order before which no change can appear any more."""
    return now(seconds_to_wait())


def query_changes(after: str, limit: int) -> list[ChangeRow]:
    """At most `limit` changes after a place, earliest first; none only if there are none yet.

    This is one call of DynamoDB, which reads at most a megabyte.
    """
    # "\x01" sorts before every longer key with the same beginning.
    first, last = f"{after}\x01" if "#" in after else after or _FIRST, end_of_changes()
    if first > last:  # DynamoDB refuses an empty range
        return []
    with storage_errors():
        response = connection().query(
            HistoryItem.Meta.table_name,
            ALL_CHANGES,
            index_name=HistoryItem.time_index.Meta.index_name,
            range_key_condition=HistoryItem.atAndId.between(first, last),
            attributes_to_get=["eventId", "at", "action", "atAndId"],
            limit=limit,
        )
    return [
        ChangeRow(item["eventId"]["S"], item["at"]["S"], item["action"]["S"], item["atAndId"]["S"])
        for item in response["Items"]
    ]
