"""The security log: rows in the access table that nothing changes, each kept for a year, and a log line for each.

A change of an account or key is written in one transaction with its row; an event that changes nothing has only a row.
"""

from __future__ import annotations

import json
import logging
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from pynamodb.attributes import UnicodeAttribute

from events.storage import access_table
from events.storage.connection import connection, storage_errors
from events.storage.models import AccessItem
from eventsite.accounts.domain import AccountAction, AccountChange, LogFilter
from eventsite.accounts.security_events import KINDS

logger = logging.getLogger("eventsite.security")

KEPT_FOR = timedelta(days=365)
READ = 100  # the most rows that one query returns
_SEARCHED = 2_000  # keys that each call of a search reads, about 300 KB
_MOST_CALLS = 3

_KIND = "account-change"
PREFIX = "account-change#"
_LAST = "~"  # higher than every time


class AccountChangeItem(AccessItem):
    """A row, under "account-change#<time>#<random>#<action>#<actor>#<whom>", in the order of time.

    A search reads only these keys, from the index of the kind. Rows of earlier versions end after the random part, and
    lack address, device and request ID.
    """

    at = UnicodeAttribute()
    action = UnicodeAttribute()
    actor = UnicodeAttribute()
    whom = UnicodeAttribute()
    detail = UnicodeAttribute()
    expires = UnicodeAttribute(null=True)
    address = UnicodeAttribute(null=True)
    device = UnicodeAttribute(null=True)
    request_id = UnicodeAttribute(attr_name="requestId", null=True)


_OPTIONAL = ("expires", "address", "device", "request_id")


def add_change(write: access_table.Transaction, change: AccountChange | None) -> None:
    """Adds the row of a change to the transaction that makes it. Its log line follows the transaction."""
    if change is None:
        return
    write.save(_item(change), condition=AccountChangeItem.key.does_not_exist())
    write.afterwards.append(lambda: write_line(change))


def put_event(event: AccountChange, once_a_minute: str = "") -> None:
    """Stores the row of an event that changes nothing, and writes its log line.

    Of events with the same `once_a_minute`, only the first of each minute has a row, but each has a line.
    """
    with suppress(access_table.RefusedError):
        access_table.put(_item(event, once_a_minute), AccountChangeItem.key.does_not_exist())
    write_line(event)


def write_line(event: AccountChange) -> None:
    """Writes only the log line, whose fields the format for Lambda writes as JSON."""
    fields = {
        "event": KINDS[event.action].event,
        "actor": event.actor,
        "whom": event.whom,
        "detail": event.detail,
        "address": event.address,
        "device": event.device,
    }
    text = " ".join(f"{name}={json.dumps(value)}" for name, value in fields.items() if value)
    logger.info("%s", text, extra={"security": fields})


def _item(event: AccountChange, once_a_minute: str = "") -> AccountChangeItem:
    at, part = event.at, secrets.token_hex(4)
    if once_a_minute:
        at, part = f"{at[:16]}:00.000000Z", once_a_minute
    key = f"{PREFIX}{at}#{part}#{event.action}#{event.actor}#{event.whom}"
    fields: dict[str, Any] = event._asdict()
    del fields["key"]
    stored: dict[str, Any] = {name: value or None if name in _OPTIONAL else value for name, value in fields.items()}
    return AccountChangeItem(key, kind=_KIND, expiresAt=datetime.fromisoformat(event.at) + KEPT_FOR, **stored)


def query_changes(wanted: LogFilter, limit: int, before: str | None = None) -> tuple[list[AccountChange], str | None]:
    """The latest rows before a place in the log, and the place where the query ended (None: at the oldest row).

    At most `limit` rows. With names or actions, it is a search: it returns at most READ rows, and may end before it
    finds one. In all, at most four calls. Raises StorageError.
    """
    first = PREFIX + wanted.since
    last = min(PREFIX + (before or _LAST), PREFIX + (wanted.until or _LAST))
    if first > last:  # DynamoDB refuses an empty range
        return [], None
    is_search = bool(wanted.names or wanted.actions)
    keys: list[str] = []
    position: dict[str, Any] | None = None
    for _ in range(_MOST_CALLS if is_search else 1):
        with storage_errors():
            response = connection().query(
                AccessItem.Meta.table_name,
                _KIND,
                index_name=AccessItem.kind_index.Meta.index_name,
                range_key_condition=AccessItem.key.between(first, last),
                scan_index_forward=False,
                limit=_SEARCHED if is_search else limit + 1,
                exclusive_start_key=position,
            )
        keys += [key for row in response["Items"] if _may_match(key := row["key"]["S"], wanted, before)]
        position = response.get("LastEvaluatedKey")
        if position is None or len(keys) > READ:
            break
    end = position["key"]["S"] if position else None
    most = READ if is_search else limit
    if len(keys) > most:
        keys, end = keys[:most], keys[most - 1]
    changes = [_change(item) for item in access_table.get_all(keys, AccountChangeItem) if _is_kept(item)]
    changes.sort(key=lambda change: change.key, reverse=True)
    return [change for change in changes if wanted.matches(change)], end and _place(end)


def _may_match(key: str, wanted: LogFilter, before: str | None) -> bool:
    """Whether the row is before the place, and may match: only the row says so if its version is an earlier one."""
    _, at, _, *of_row = key.split("#", 5)
    if not of_row:
        return key != f"{PREFIX}{before}"
    action, actor, whom = of_row
    return wanted.matches(AccountChange(at, cast(AccountAction, action), actor, whom))


def _place(key: str) -> str:
    return "#".join(key.split("#", 3)[1:3])


def _is_kept(item: AccountChangeItem) -> bool:
    return item.expiresAt is not None and item.expiresAt > datetime.now(UTC)


def _change(item: AccountChangeItem) -> AccountChange:
    return AccountChange(
        item.at,
        cast(AccountAction, item.action),
        item.actor,
        item.whom,
        item.detail,
        _place(item.key),
        **{name: getattr(item, name) or "" for name in _OPTIONAL},
    )
