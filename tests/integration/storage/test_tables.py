"""Creating the tables, and adding the indexes that older tables lack."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.conf import settings as django_settings
from pynamodb._schema import ModelSchema
from pynamodb.models import Model

from events import services
from events.domain import Search
from events.storage import tables
from events.storage.connection import connection
from events.storage.history import get_activity
from events.storage.models import HistoryItem, table_schema
from events.storage.tables import create_tables
from eventsite.engine.process import Engine, free_port
from tests.support.builders import ACTOR, make_fields


def indexes(table: str) -> set[str]:
    described: Any = connection().dispatch("DescribeTable", {"TableName": table})
    return {index["IndexName"] for index in described["Table"].get("GlobalSecondaryIndexes", [])}


def test_a_missing_index_is_added() -> None:
    services.create_event(make_fields(), ACTOR)
    name = HistoryItem.Meta.table_name
    connection().dispatch(
        "UpdateTable", {"TableName": name, "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "by-time"}}]}
    )
    until = time.monotonic() + 30
    while "by-time" in indexes(name):
        assert time.monotonic() < until
        time.sleep(0.1)
    assert create_tables() == []
    assert indexes(name) == {"by-time"}
    assert [row.event_id for row in get_activity(5)] == ["launch"]


def test_the_events_of_an_earlier_version_get_the_index_of_texts(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def former_schema(table: type[Model]) -> ModelSchema:
        schema = table_schema(table)
        kept = [index for index in schema["global_secondary_indexes"] if index["index_name"] != "by-text"]
        return {**schema, "global_secondary_indexes": kept}

    with Engine(engine.directory, free_port(), data=None, home=engine.home) as own:
        django_settings.DYNAMODB_ENDPOINT_URL = own.url  # the fixture `database` switches back
        with monkeypatch.context() as patched:
            patched.setattr(tables, "table_schema", former_schema)
            create_tables()
        services.create_event(make_fields(), ACTOR)
        assert "by-text" not in indexes("events")
        assert create_tables() == []
        assert "by-text" in indexes("events")
        found = services.export_events(Search(text="night"))
        assert [fields["eventId"] for fields in found] == ["launch"]


def test_dynamodb_removes_expired_rows() -> None:
    described = connection().dispatch("DescribeTimeToLive", {"TableName": "events-access"})
    assert described["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiresAt"}


def test_tables_are_created_once() -> None:
    assert create_tables() == []
    described = connection().describe_table("events")
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    keys = {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for index in described["GlobalSecondaryIndexes"]
    }
    assert keys == {
        "by-status": ["status", "dateAndId"],
        "by-date": ["allEvents", "dateAndId"],
        "by-status-name": ["allEvents", "status"],
        "by-text": ["allEvents", "dateAndId"],
    }
