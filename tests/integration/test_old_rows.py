"""Rows that were stored before a field existed: they lack it, and it reads as empty."""

from __future__ import annotations

from typing import Any

import pytest

from events import services, undo, versions
from events.domain import EventFields, IdempotencyKey
from events.storage.connection import connection
from events.storage.models import EventItem, HistoryItem
from tests.support.builders import ACTOR, make_fields, store
from tests.support.stored import get_history
from tests.support.tables import read_table

pytestmark = pytest.mark.parametrize(("field", "empty"), [("description", ""), ("location", ""), ("capacity", 0)])


def old(field: str, empty: str | int) -> EventFields:
    """The event that `store` stores, as it reads without this field."""
    return make_fields(**{field: empty})


def remove(field: str) -> None:
    """Removes the field from every event and from all rows of the history."""
    for item in read_table(EventItem):
        attribute = EventItem.get_attributes()[field]
        connection().update_item(EventItem.Meta.table_name, item["eventId"]["S"], actions=[attribute.remove()])
    for row in read_table(HistoryItem):
        for name in ("before", "after"):
            row.get(name, {}).get("M", {}).pop(field, None)
        connection().dispatch("PutItem", {"TableName": HistoryItem.Meta.table_name, "Item": row})


def test_undo_of_a_delete(field: str, empty: str | int) -> None:
    store()
    services.delete_event("launch", ACTOR)
    remove(field)
    undo.undo_change("launch", get_history("launch")[0].at, ACTOR)
    assert services.get_event("launch").fields == old(field, empty)


def test_undo_of_an_update(field: str, empty: str | int) -> None:
    store()
    services.update_event("launch", {"title": "New"}, ACTOR)
    remove(field)
    undo.undo_change("launch", get_history("launch")[0].at, ACTOR)
    assert services.get_event("launch").fields == old(field, empty)


def test_restore_of_a_deleted_event(field: str, empty: str | int) -> None:
    store()
    services.delete_event("launch", ACTOR)
    remove(field)
    versions.restore_version("launch", get_history("launch")[1].at, [""], ACTOR)
    assert services.get_event("launch").fields == old(field, empty)


def test_restore_of_a_version_before_the_field(field: str, empty: str | int) -> None:
    created = store()
    services.update_event("launch", {"title": "Old"}, ACTOR)
    remove(field)
    filled: Any = {field: created.fields[field]}  # type: ignore[literal-required]
    now = services.update_event("launch", filled, ACTOR)
    versions.restore_version("launch", get_history("launch")[2].at, [now.revision], ACTOR)
    assert services.get_event("launch").fields == old(field, empty)


def test_restore_of_a_version_before_the_field_after_the_event_was_created_again(field: str, empty: str | int) -> None:
    store()
    services.delete_event("launch", ACTOR)
    remove(field)
    now = store()
    versions.restore_version("launch", get_history("launch")[2].at, [now.revision], ACTOR)
    assert services.get_event("launch").fields == old(field, empty)


def test_a_repeated_create_with_an_idempotency_key(field: str, empty: str | int) -> None:
    key = IdempotencyKey("key", "fingerprint")
    services.create_event(make_fields(), ACTOR, key)
    remove(field)
    assert services.create_event(make_fields(), ACTOR, key).fields == old(field, empty)
