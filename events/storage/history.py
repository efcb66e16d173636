"""The history table: the row of each change, and the queries that read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from operator import and_
from typing import Any

from pynamodb.expressions.condition import Condition

from events.domain import FIELD_NAMES, ActivityFilter, ActivityRow, Change, HistoryRow
from events.storage.connection import connection, storage_errors
from events.storage.items import with_every_field
from events.storage.models import ALL_CHANGES, HistoryItem, SnapshotAttribute

_ROWS_AT_FIRST, _MOST_ROWS = 25, 25_000
_FIRST, _LAST = "0", "9"  # lower and higher than every time


def history_item(change: Change) -> HistoryItem:
    """The row of a change, for the transaction that writes both."""
    before: Mapping[str, Any] = change.before.fields if change.before else {}
    after: Mapping[str, Any] = change.after.fields if change.after else {}
    event = change.after or change.before
    assert event is not None
    changed = [name for name in FIELD_NAMES if before.get(name) != after.get(name)]
    return HistoryItem(
        eventId=event.fields["eventId"],
        at=change.at,
        action=change.action,
        actor=change.actor.name,
        address=change.actor.address,
        revision=change.after.revision if change.after else None,
        before={name: before[name] for name in changed} if before else None,
        after={name: after[name] for name in changed} if after else None,
        title=event.fields["title"],
        changed=",".join(changed) if before and after else "",
        batch=change.actor.batch,
        restored=change.restored,
        createdAt=event.created_at,
        atAndId=f"{change.at}#{event.fields['eventId']}",
    )


class Snapshot(Mapping[str, Any]):
    """Fields of an event in a history row. Long descriptions are compressed, so each field is read only on demand."""

    def __init__(self, stored: dict[str, dict[str, Any]]) -> None:
        self._stored = stored

    def __getitem__(self, name: str) -> str | int:
        return SnapshotAttribute().deserialize_field(self._stored[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)


def get_history(event_id: str, limit: int) -> list[HistoryRow]:
    """The latest changes of one event, latest first (a consistent read). `limit` rows must fit into one call."""
    return get_history_page(event_id, limit)[0]


def read_history(event_id: str, *, before: str | None = None, after: str | None = None) -> Iterator[list[HistoryRow]]:
    """The changes before a time, latest first, or those after one, earliest first; each list is one call of DynamoDB.

    The first call reads few rows, as these often suffice, each further one ten times as many. (Without a limit,
    DynamoDB Local reads all rows before it returns a megabyte.) The caller decides how many calls to make.
    """
    limit = _ROWS_AT_FIRST
    more = True
    while more:
        rows, more = get_history_page(event_id, limit, before=before, after=after)
        yield rows
        if rows:
            before, after = (rows[-1].at, None) if after is None else (None, rows[-1].at)
        limit = min(10 * limit, _MOST_ROWS)


def get_history_page(
    event_id: str, limit: int | None, *, before: str | None = None, after: str | None = None
) -> tuple[list[HistoryRow], bool]:
    """The rows of one call (at most a megabyte), in the order of `read_history`, and whether more may follow."""
    with storage_errors():
        response = connection().query(
            HistoryItem.Meta.table_name,
            event_id,
            range_key_condition=HistoryItem.at < (before or _LAST) if after is None else HistoryItem.at > after,
            scan_index_forward=after is not None,
            consistent_read=True,
            limit=limit,
        )
    return [_history_row(item) for item in response["Items"]], "LastEvaluatedKey" in response


def get_history_row(event_id: str, at: str) -> HistoryRow | None:
    """The change of the event at this time."""
    with storage_errors():
        response = connection().get_item(HistoryItem.Meta.table_name, event_id, range_key=at, consistent_read=True)
    return _history_row(response["Item"]) if "Item" in response else None


def has_change_of_batch(event_id: str, batch_id: str, since: str) -> bool:
    """Whether the batch has changed the event since that time (a consistent read)."""
    position: Any = None
    while True:
        with storage_errors():
            response = connection().query(
                HistoryItem.Meta.table_name,
                event_id,
                range_key_condition=HistoryItem.at >= since,
                filter_condition=HistoryItem.batch == batch_id,
                attributes_to_get=["at"],
                consistent_read=True,
                exclusive_start_key=position,
            )
        position = response.get("LastEvaluatedKey")
        if response["Items"] or not position:
            return bool(response["Items"])


def _history_row(item: dict[str, Any]) -> HistoryRow:
    before, after = _snapshots(item)
    return HistoryRow(
        event_id=item["eventId"]["S"],
        at=item["at"]["S"],
        action=item["action"]["S"],
        actor=item["actor"]["S"],
        address=item["address"]["S"],
        title=_text(item, "title") or "",
        revision=_text(item, "revision"),
        before=before,
        after=after,
        created_at=_text(item, "createdAt"),
        batch=_text(item, "batch"),
        restored=_text(item, "restored"),
    )


def _snapshots(item: dict[str, Any]) -> tuple[Snapshot | None, Snapshot | None]:
    """Before and after. A row with only one of them (of a create or a delete) has a whole event."""
    stored = {name: item[name]["M"] for name in ("before", "after") if "M" in item.get(name, {})}
    if len(stored) == 1:
        stored = {name: with_every_field(snapshot) for name, snapshot in stored.items()}
    snapshots = {name: Snapshot(snapshot) for name, snapshot in stored.items()}
    return snapshots.get("before"), snapshots.get("after")


def _text(item: dict[str, Any], name: str) -> str | None:
    text: str | None = item.get(name, {}).get("S")
    return text


def get_activity(limit: int, before: str | None = None) -> list[ActivityRow]:
    """The latest changes of all events, latest first. `before` is the key of the last row that was read."""
    return query_activity(ActivityFilter(), limit, before)[0][:limit]


def query_activity(
    wanted: ActivityFilter, most_read: int, before: str | None = None
) -> tuple[list[ActivityRow], str | None]:
    """The changes that match among the next `most_read`, latest first, and the key of the last one read if more follow.

    This is one call of DynamoDB, which reads at most a megabyte.
    """
    first, last = wanted.since or _FIRST, min(before or _LAST, wanted.until or _LAST)
    if first > last:  # DynamoDB refuses an empty range
        return [], None
    with storage_errors():
        response = connection().query(
            HistoryItem.Meta.table_name,
            ALL_CHANGES,
            index_name=HistoryItem.time_index.Meta.index_name,
            range_key_condition=HistoryItem.atAndId.between(first, last),
            filter_condition=_filter(wanted),
            scan_index_forward=False,
            limit=most_read + (before is not None),
        )
    rows = [row for row in map(_activity_row, response["Items"]) if row.key != before]
    end: dict[str, Any] = response.get("LastEvaluatedKey", {})
    return rows, _text(end, "atAndId")


def _filter(wanted: ActivityFilter) -> Condition | None:
    conditions: list[Condition] = []
    if wanted.actors:
        conditions.append(HistoryItem.actor.is_in(*wanted.actors))
    if wanted.action:
        is_bulk = wanted.action == "bulk"
        conditions.append(HistoryItem.batch.exists() if is_bulk else HistoryItem.action == wanted.action)
    return reduce(and_, conditions) if conditions else None


def _activity_row(item: dict[str, Any]) -> ActivityRow:
    return ActivityRow(
        event_id=item["eventId"]["S"],
        at=item["at"]["S"],
        action=item["action"]["S"],
        actor=item["actor"]["S"],
        title=item["title"]["S"],
        changed=tuple(name for name in item["changed"]["S"].split(",") if name),
        batch=_text(item, "batch"),
        key=item["atAndId"]["S"],
    )
