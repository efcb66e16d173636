"""The three tables with their keys and indexes, and how an event becomes an item."""

from __future__ import annotations

import zlib
from base64 import b64decode
from typing import Any, cast

from django.conf import settings
from pynamodb._schema import ModelSchema
from pynamodb.attributes import Attribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.connection.base import MetaTable
from pynamodb.constants import ATTR_DEFINITIONS, GLOBAL_SECONDARY_INDEXES, INDEX_NAME, KEY_SCHEMA, MAP, TABLE_NAME
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection
from pynamodb.models import Model

from events.domain import Event, EventFields, sort_key
from events.fields import SUMMARY_NAMES
from events.search_text import stored_text

# The same partition key for all events (by-date) and for all changes (by-time), so that one query reads them in order.
ALL_EVENTS = "all"
ALL_CHANGES = "all"


class StatusIndex(GlobalSecondaryIndex["EventItem"]):  # type: ignore[no-untyped-call]
    """The complete events of one status in order of date, for `GET /events?status=`."""

    class Meta:
        index_name = "by-status"
        projection = AllProjection()

    status = UnicodeAttribute(hash_key=True)
    dateAndId = UnicodeAttribute(range_key=True)


class DateIndex(GlobalSecondaryIndex["EventItem"]):  # type: ignore[no-untyped-call]
    """All events in order of date, without the description, which can be longer than everything else."""

    class Meta:
        index_name = "by-date"
        projection = IncludeProjection([*SUMMARY_NAMES[1:], "searchText", "revision"])  # eventId is in every index

    allEvents = UnicodeAttribute(hash_key=True)
    dateAndId = UnicodeAttribute(range_key=True)


class TextIndex(GlobalSecondaryIndex["EventItem"]):  # type: ignore[no-untyped-call]
    """What is searched of all events in order of date, and nothing else: half the size of by-date."""

    class Meta:
        index_name = "by-text"
        projection = IncludeProjection(["searchText"])

    allEvents = UnicodeAttribute(hash_key=True)
    dateAndId = UnicodeAttribute(range_key=True)


class StatusNamesIndex(GlobalSecondaryIndex["EventItem"]):  # type: ignore[no-untyped-call]
    """The statuses in use, in order. To read each takes one query that starts after the previous status."""

    class Meta:
        index_name = "by-status-name"
        projection = KeysOnlyProjection()

    allEvents = UnicodeAttribute(hash_key=True)
    status = UnicodeAttribute(range_key=True)


class EventItem(Model):
    """The events table: an event's fields, its revision and times, and what the indexes and the search need."""

    class Meta:
        table_name = settings.DYNAMODB_TABLE_NAME

    eventId = UnicodeAttribute(hash_key=True)
    title = UnicodeAttribute()
    description = UnicodeAttribute()
    date = UnicodeAttribute()
    location = UnicodeAttribute()
    capacity = NumberAttribute()
    organizer = UnicodeAttribute()
    status = UnicodeAttribute()
    revision = UnicodeAttribute()
    createdAt = UnicodeAttribute()
    updatedAt = UnicodeAttribute()
    updatedBy = UnicodeAttribute()
    allEvents = UnicodeAttribute(default=ALL_EVENTS)
    dateAndId = UnicodeAttribute()
    searchText = UnicodeAttribute()

    status_index = StatusIndex()
    date_index = DateIndex()
    text_index = TextIndex()
    status_names_index = StatusNamesIndex()

    @classmethod
    def from_event(cls, event: Event) -> EventItem:
        fields = event.fields
        return cls(
            **fields,
            revision=event.revision,
            createdAt=event.created_at,
            updatedAt=event.updated_at,
            updatedBy=event.updated_by,
            **cast(dict[str, Any], derived(fields)),
        )


def derived(fields: EventFields) -> dict[str, str]:
    """What an item has for the indexes and the search. `manage.py upgrade_events` writes it again when it changes."""
    return {
        "allEvents": ALL_EVENTS,
        "dateAndId": sort_key(fields["date"], fields["eventId"]),
        "searchText": stored_text(fields),
    }


class SnapshotAttribute(Attribute[dict[str, Any]]):
    """Some or all of an event's fields as a map, long descriptions compressed.

    An update of a description stores two of them, each up to 256 KiB. DynamoDB limits a row to 400 KiB. In the worst
    case, 65,536 characters compress to 192 KiB; the rest of a row is below 10 KiB.
    """

    attr_type = MAP
    COMPRESSED_FROM_BYTES = 16 * 1024

    def serialize(self, value: dict[str, Any]) -> dict[str, dict[str, Any]]:
        return {name: self._serialize_field(field) for name, field in value.items()}

    def _serialize_field(self, value: str | int) -> dict[str, Any]:
        if isinstance(value, int):
            return {"N": str(value)}
        if len(value) * 4 >= self.COMPRESSED_FROM_BYTES and len(data := value.encode()) >= self.COMPRESSED_FROM_BYTES:
            return {"B": zlib.compress(data)}
        return {"S": value}

    def deserialize(self, value: dict[str, dict[str, Any]]) -> dict[str, Any]:
        return {name: self.deserialize_field(field) for name, field in value.items()}

    def deserialize_field(self, field: dict[str, Any]) -> str | int:
        [(kind, value)] = field.items()
        if kind == "B":
            return zlib.decompress(b64decode(value)).decode()
        return int(value) if kind == "N" else str(value)


class TimeIndex(GlobalSecondaryIndex["HistoryItem"]):  # type: ignore[no-untyped-call]
    """All changes in order of time, without the values, for the activity page and `GET /changes`."""

    class Meta:
        index_name = "by-time"
        projection = IncludeProjection(["action", "actor", "title", "changed", "batch"])

    allChanges = UnicodeAttribute(hash_key=True)
    atAndId = UnicodeAttribute(range_key=True)


class HistoryItem(Model):
    """The history table: one row for every change, written with it or not at all.

    `before` and `after` hold the fields that changed; the whole event for a create (after) and a delete (before).
    """

    class Meta:
        table_name = f"{settings.DYNAMODB_TABLE_NAME}-history"

    eventId = UnicodeAttribute(hash_key=True)
    at = UnicodeAttribute(range_key=True)
    action = UnicodeAttribute()
    actor = UnicodeAttribute()
    address = UnicodeAttribute()
    revision = UnicodeAttribute(null=True)
    before = SnapshotAttribute(null=True)
    after = SnapshotAttribute(null=True)
    title = UnicodeAttribute()
    changed = UnicodeAttribute()
    batch = UnicodeAttribute(null=True)
    restored = UnicodeAttribute(null=True)
    createdAt = UnicodeAttribute()
    allChanges = UnicodeAttribute(default=ALL_CHANGES)
    atAndId = UnicodeAttribute()

    time_index = TimeIndex()


class KindIndex(GlobalSecondaryIndex["AccessItem"]):  # type: ignore[no-untyped-call]
    """The rows with a `kind` (accounts, sessions, API keys, the security log), to list them. It holds no other rows."""

    class Meta:
        index_name = "by-kind"
        projection = KeysOnlyProjection()

    kind = UnicodeAttribute(hash_key=True)
    key = UnicodeAttribute(range_key=True)


class AccessItem(Model):
    """The access table. A key begins with the type of its row ("idempotency#…"). Many rows expire."""

    class Meta:
        table_name = f"{settings.DYNAMODB_TABLE_NAME}-access"

    key = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute(null=True)
    expiresAt = TTLAttribute(null=True)

    kind_index = KindIndex()


class IdempotencyItem(AccessItem):
    """An `Idempotency-Key` that was used, the fingerprint of its body, and the history row of its create."""

    fingerprint = UnicodeAttribute()
    eventId = UnicodeAttribute()
    at = UnicodeAttribute()


class DeletionItem(AccessItem):
    """When an event was deleted. A re-created event gets a later timestamp than its deletion."""

    at = UnicodeAttribute()


INSTALLATION = "installation"  # the only key of these items


class InstallationItem(AccessItem):
    """The ID of this installation. It never changes; restored tables get another one."""

    installationId = UnicodeAttribute()


TABLES: tuple[type[Model], ...] = (EventItem, HistoryItem, AccessItem)


def table_schema(table: type[Model]) -> ModelSchema:
    """A table's keys and indexes, as arguments of PynamoDB's `create_table`. This has no public name."""
    return table._get_schema()  # noqa: SLF001


def meta_table(table: type[Model]) -> MetaTable:
    """The description of a table that a connection needs to read and write it."""
    schema = table_schema(table)
    indexes = [
        {INDEX_NAME: index["index_name"], KEY_SCHEMA: index["key_schema"]}
        for index in schema["global_secondary_indexes"]
    ]
    return MetaTable(
        {
            TABLE_NAME: table.Meta.table_name,
            KEY_SCHEMA: schema["key_schema"],
            ATTR_DEFINITIONS: schema["attribute_definitions"],
            GLOBAL_SECONDARY_INDEXES: indexes,
        }
    )
