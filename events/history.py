"""The history table: the row that every change writes, and reading them back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from events.domain import FIELD_NAMES, ActivityRow, Change, HistoryRow
from events.dynamodb import connection, storage_errors
from events.models import ALL_CHANGES, HistoryItem, SnapshotAttribute

_FIRST, _LAST = "0", "9"  # what every time is between


def history_item(change: Change) -> HistoryItem:
    """The row of a change, for the transaction that makes it."""
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
        createdAt=event.created_at,
        atAndId=f"{change.at}#{event.fields['eventId']}",
    )


def get_history(event_id: str, limit: int | None = None, before: str | None = None) -> list[HistoryRow]:
    """The changes of one event, latest first (a consistent read): at most `limit`, those before a time."""
    rows: list[HistoryRow] = []
    position: Any = None
    while True:
        with storage_errors():
            answer = connection().query(
                HistoryItem.Meta.table_name,
                event_id,
                range_key_condition=HistoryItem.at < (before or _LAST),
                scan_index_forward=False,
                consistent_read=True,
                limit=limit and limit - len(rows),
                exclusive_start_key=position,
            )
        rows += map(_history_row, answer["Items"])
        position = answer.get("LastEvaluatedKey")
        if not position or (limit and len(rows) >= limit):
            return rows


def has_change_of_batch(event_id: str, batch_id: str, since: str) -> bool:
    """Whether the batch has changed the event since that time (a consistent read): the row of a change stays."""
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
    before, after = _snapshot(item, "before"), _snapshot(item, "after")
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
    )


def _snapshot(item: dict[str, Any], name: str) -> dict[str, Any] | None:
    return SnapshotAttribute().deserialize(item[name]["M"]) if "M" in item.get(name, {}) else None


def _text(item: dict[str, Any], name: str) -> str | None:
    text: str | None = item.get(name, {}).get("S")
    return text


def get_activity(limit: int, before: str | None = None) -> list[ActivityRow]:
    """What was changed lately in all events, latest first; `before` is the key of the last row that was read."""
    with storage_errors():
        answer = connection().query(
            HistoryItem.Meta.table_name,
            ALL_CHANGES,
            index_name=HistoryItem.time_index.Meta.index_name,
            range_key_condition=HistoryItem.atAndId.between(_FIRST, before or _LAST),
            scan_index_forward=False,
            limit=limit + 1,
        )
    rows = [
        ActivityRow(
            event_id=item["eventId"]["S"],
            at=item["at"]["S"],
            action=item["action"]["S"],
            actor=item["actor"]["S"],
            title=item["title"]["S"],
            changed=tuple(name for name in item["changed"]["S"].split(",") if name),
            batch=_text(item, "batch"),
            key=item["atAndId"]["S"],
        )
        for item in answer["Items"]
    ]
    return [row for row in rows if row.key != before][:limit]
