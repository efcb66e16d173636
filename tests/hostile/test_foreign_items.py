"""Items that another program wrote: the site shows them, even if fields are missing or have another type."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from events import services
from events.domain import FIELD_NAMES
from events.storage.connection import connection
from events.storage.items import MISSING_STATUS
from events.storage.models import EventItem
from tests.support.api_calls import send
from tests.support.builders import ACTOR, make_fields


@pytest.mark.parametrize("field", [name for name in FIELD_NAMES if name != "eventId"])
def test_an_item_without_a_field_is_listed(api: APIClient, editor: Client, field: str) -> None:
    for event_id in ("broken", "whole"):
        services.create_event(make_fields(eventId=event_id), ACTOR)
    connection().update_item(EventItem.Meta.table_name, "broken", actions=[getattr(EventItem, field).remove()])
    seen = {**make_fields(eventId="broken"), field: {"capacity": 0, "status": MISSING_STATUS}.get(field, "")}
    for address in ("/events", "/events?status=active", "/events?limit=5"):
        listed = {event["eventId"]: event for event in json.loads(send(api, "GET", address).content)}
        assert listed["whole"] == make_fields(eventId="whole")
        if field == "status" and "status=" in address:  # an item without a status is not in that index
            assert "broken" not in listed
        else:
            assert listed["broken"] == seen
    for address in ("/staff/", "/staff/events/?ended=on", "/staff/event/broken/", "/staff/calendar/?month=2026-12"):
        assert editor.get(address).status_code == 200
    assert editor.get("/staff/export/?ended=on").getvalue().count(b"\r\n") == 3
    assert json.loads(send(api, "PUT", "/events/broken", {"organizer": "Eva"}).content) == {**seen, "organizer": "Eva"}
    assert send(api, "PUT", "/events/broken", {field: make_fields()[field]}).status_code == 200  # type: ignore[literal-required]
    assert send(api, "DELETE", "/events/broken").status_code == 204


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("capacity", {"N": "18446744073709551616"}),
        ("capacity", {"N": "-18446744073709551616"}),
        ("capacity", {"N": "1.5"}),
        ("capacity", {"S": "many"}),
        ("title", {"N": "1"}),
        ("revision", {"N": "1"}),
        ("createdAt", {"N": "1700000000"}),
        ("createdAt", {"S": "2026-11-26 10:00"}),
        ("updatedAt", {"S": "yesterday"}),
        ("updatedAt", {"S": "2026-11-26T10:00:00"}),
        ("updatedAt", {"S": "9999-12-31T23:59:59.999999Z"}),
        ("updatedBy", {"NULL": True}),
    ],
)
def test_an_item_with_another_type_can_be_fixed(api: APIClient, editor: Client, field: str, value: Any) -> None:
    services.create_event(make_fields(eventId="odd"), ACTOR)
    change = {"ExpressionAttributeNames": {"#f": field}, "ExpressionAttributeValues": {":v": value}}
    key = {"TableName": EventItem.Meta.table_name, "Key": {"eventId": {"S": "odd"}}}
    connection().dispatch("UpdateItem", {**key, "UpdateExpression": "SET #f = :v", **change})
    for address in ("/events", "/events?status=active", "/events?limit=5", "/events/odd"):
        assert send(api, "GET", address).status_code == 200
    for address in ("/staff/", "/staff/events/?ended=on", "/staff/event/odd/", "/staff/event/odd/edit/"):
        assert editor.get(address).status_code == 200
    assert editor.get("/staff/export/?ended=on").getvalue().count(b"\r\n") == 2
    assert send(api, "PUT", "/events/odd", {"capacity": 7, "title": "Fixed"}).status_code == 200
    assert services.get_event("odd").fields == make_fields(eventId="odd", capacity=7, title="Fixed")
    assert send(api, "DELETE", "/events/odd").status_code == 204
