"""Changes of accounts and API keys in the access table. Each is written with its change, and expires after a year."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from pynamodb.attributes import UnicodeAttribute
from pynamodb.transactions import TransactWrite

from events.storage import access_table
from events.storage.connection import connection, storage_errors
from events.storage.models import AccessItem
from eventsite.accounts.domain import AccountAction, AccountChange

KEPT_FOR = timedelta(days=365)

_KIND = "account-change"
_PREFIX = "account-change#"
_LAST = "~"  # higher than every time


class AccountChangeItem(AccessItem):
    """A change, under "account-change#<time>#<random>", so that the index of the kind has them in order of time."""

    at = UnicodeAttribute()
    action = UnicodeAttribute()
    actor = UnicodeAttribute()
    whom = UnicodeAttribute()
    detail = UnicodeAttribute()
    expires = UnicodeAttribute(null=True)


def add_change(write: TransactWrite, change: AccountChange | None) -> None:
    """Adds the row of a change to the transaction that makes it."""
    if change is None:
        return
    key = f"{_PREFIX}{change.at}#{secrets.token_hex(4)}"
    stored = {name: value for name, value in change._asdict().items() if name != "key"}
    stored["expires"] = change.expires or None
    end = datetime.fromisoformat(change.at) + KEPT_FOR
    write.save(AccountChangeItem(key, kind=_KIND, expiresAt=end, **stored))


def query_changes(
    limit: int, before: str | None = None, since: str = "", until: str = ""
) -> tuple[list[AccountChange], str | None]:
    """The changes of a time, latest first, and the key of the last one read if more may follow. Two calls."""
    first, last = _PREFIX + since, min(_PREFIX + (before or _LAST), _PREFIX + (until or _LAST))
    if first > last:  # DynamoDB refuses an empty range
        return [], None
    with storage_errors():
        response = connection().query(
            AccessItem.Meta.table_name,
            _KIND,
            index_name=AccessItem.kind_index.Meta.index_name,
            range_key_condition=AccessItem.key.between(first, last),
            scan_index_forward=False,
            limit=limit + 1,
        )
    keys = [row["key"]["S"] for row in response["Items"] if row["key"]["S"] != f"{_PREFIX}{before}"]
    end: dict[str, Any] = response.get("LastEvaluatedKey", {})
    now = datetime.now(UTC)
    items = [item for item in access_table.get_all(keys, AccountChangeItem) if item.expiresAt and item.expiresAt > now]
    changes = [
        AccountChange(
            item.at,
            cast(AccountAction, item.action),
            item.actor,
            item.whom,
            item.detail,
            item.key.removeprefix(_PREFIX),
            item.expires or "",
        )
        for item in sorted(items, key=lambda item: str(item.key), reverse=True)
    ]
    return changes, end["key"]["S"].removeprefix(_PREFIX) if end else None
