"""The fifteen correctness properties of the design, over HTTP with a real DynamoDB Local."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
import requests
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from events.domain import FIELD_NAMES
from tests.support.builders import make_body
from tests.support.http_server import Server
from tests.support.strategies import (
    bodies,
    descriptions,
    event_ids,
    field_values,
    not_dates,
    not_text,
    not_whole,
    partial_bodies,
    short_text,
)
from tests.support.tables import empty_tables

REQUIRED = [name for name in FIELD_NAMES if name != "eventId"]
TEXTS = [name for name in REQUIRED if name != "capacity"]

a_hundred = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Client:
    """Sends JSON over one connection, either in UTF-8 or escaped."""

    def __init__(self, server: Server) -> None:
        self.events = f"{server.url}/events"
        self.session = requests.Session()

    def send(self, method: str, address: str, body: Any = None) -> requests.Response:
        data = None if body is None else json.dumps(body, ensure_ascii=len(str(body)) % 2 == 0).encode()
        return self.session.request(method, address, data=data, timeout=60)

    def create(self, body: Any) -> requests.Response:
        return self.send("POST", self.events, body)

    def created(self, body: Any) -> dict[str, Any]:
        response = self.create(body)
        assert response.status_code == 201, response.text
        event: dict[str, Any] = response.json()
        return event

    def address(self, event_id: str) -> str:
        return f"{self.events}/{quote(event_id, safe='')}"


@pytest.fixture(scope="module")
def client(server: Server) -> Client:
    return Client(server)


def assert_is_error(response: requests.Response, status: int, *fields: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/json"
    body = response.json()
    assert isinstance(body["detail"], str)
    assert body["detail"].endswith(".")
    if status == 422:
        assert {error["field"] for error in body["errors"]} >= set(fields)
        assert all(field in body["detail"] for field in fields)


# Feature: event-management-api, Property 1: Create-Retrieve Round Trip
@a_hundred
@given(body=bodies)
def test_a_created_event_can_be_read(client: Client, body: dict[str, Any]) -> None:
    event_id = client.created(body)["eventId"]
    assert client.send("GET", client.address(event_id)).json() == {"eventId": event_id, **body}


# Feature: event-management-api, Property 2: Input Validation Completeness
@a_hundred
@given(body=bodies, missing=st.sets(st.sampled_from(REQUIRED), min_size=1))
def test_errors_name_every_missing_field(client: Client, body: dict[str, Any], missing: set[str]) -> None:
    response = client.create({name: value for name, value in body.items() if name not in missing})
    assert_is_error(response, 422, *missing)
    assert response.json()["errors"] == [
        {"field": name, "message": "is required", "code": "required"} for name in REQUIRED if name in missing
    ]


# Feature: event-management-api, Property 3: Type Validation
@a_hundred
@given(body=bodies, data=st.data())
def test_errors_name_every_wrong_type(client: Client, body: dict[str, Any], data: st.DataObject) -> None:
    wrong = data.draw(st.sets(st.sampled_from(REQUIRED), min_size=1))
    for name in wrong:
        body[name] = data.draw(not_whole if name == "capacity" else not_text, label=name)
    response = client.create(body)
    assert_is_error(response, 422, *wrong)
    assert len(response.json()["errors"]) == len(wrong)


# Feature: event-management-api, Property 4: Date Format Validation
@a_hundred
@given(day=not_dates)
def test_an_invalid_date_is_refused(client: Client, day: str) -> None:
    assert_is_error(client.create(make_body(date=day)), 422, "date")


# Feature: event-management-api, Property 5: Capacity Validation
@a_hundred
@given(capacity=st.integers(max_value=-1))
def test_a_negative_capacity_is_refused(client: Client, capacity: int) -> None:
    assert_is_error(client.create(make_body(capacity=capacity)), 422, "capacity")


# Feature: event-management-api, Property 6: List Completeness
@a_hundred
@given(several=st.lists(bodies, max_size=6))
def test_the_list_holds_every_created_event(client: Client, several: list[dict[str, Any]]) -> None:
    empty_tables()
    created = [client.created(body) for body in several]
    listed = client.send("GET", client.events).json()
    assert listed == sorted(created, key=lambda event: (event["date"], event["eventId"]))


# Feature: event-management-api, Property 7: Status Filter Correctness
@a_hundred
@given(several=st.lists(bodies, max_size=6), statuses=st.lists(short_text(), min_size=1, max_size=2), data=st.data())
def test_a_status_filter_lists_matching_events(
    client: Client, several: list[dict[str, Any]], statuses: list[str], data: st.DataObject
) -> None:
    empty_tables()
    created = [client.created({**body, "status": data.draw(st.sampled_from(statuses))}) for body in several]
    for status in [*statuses, data.draw(st.text(min_size=1, max_size=10))]:
        listed = client.session.get(client.events, params={"status": status}, timeout=60).json()
        expected = [event for event in created if event["status"] == status]
        assert listed == sorted(expected, key=lambda event: (event["date"], event["eventId"]))


# Feature: event-management-api, Property 8: Update Correctness
@a_hundred
@given(body=bodies, update=bodies)
def test_an_updated_event_can_be_read(client: Client, body: dict[str, Any], update: dict[str, Any]) -> None:
    address = client.address(client.created(body)["eventId"])
    returned = client.send("PUT", address, update)
    assert returned.status_code == 200
    read = client.send("GET", address)
    assert read.json() == returned.json()
    assert {name: read.json()[name] for name in update} == update


# Feature: event-management-api, Property 9: Partial Update Preservation
@a_hundred
@given(body=bodies, update=partial_bodies)
def test_an_update_keeps_the_other_fields(client: Client, body: dict[str, Any], update: dict[str, Any]) -> None:
    created = client.created(body)
    address = client.address(created["eventId"])
    assert client.send("PUT", address, update).status_code == 200
    assert client.send("GET", address).json() == {**created, **update}


# Feature: event-management-api, Property 10: Delete Removes Event
# Feature: event-management-api, Property 11: Delete Success Status
@a_hundred
@given(body=bodies, event_id=event_ids)
def test_a_deleted_event_is_not_found(client: Client, body: dict[str, Any], event_id: str) -> None:
    client.created({**body, "eventId": event_id})
    deleted = client.send("DELETE", client.address(event_id))
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert_is_error(client.send("GET", client.address(event_id)), 404)


# Feature: event-management-api, Property 12: Not Found Error Handling
@a_hundred
@given(
    event_id=st.one_of(event_ids, st.text(min_size=1).filter(lambda text: text not in (".", ".."))), body=partial_bodies
)
def test_an_unknown_event_is_not_found(client: Client, event_id: str, body: dict[str, Any]) -> None:
    try:
        address = client.address(event_id)
    except UnicodeEncodeError:
        assume(False)
    assert_is_error(client.send("GET", address), 404)
    assert_is_error(client.send("PUT", address, body), 404)
    assert_is_error(client.send("DELETE", address), 404)


# Feature: event-management-api, Property 13: Client-Provided EventId
@a_hundred
@given(body=bodies, event_id=event_ids)
def test_a_client_can_choose_the_id(client: Client, body: dict[str, Any], event_id: str) -> None:
    client.send("DELETE", client.address(event_id))
    response = client.create({**body, "eventId": event_id})
    assert (response.status_code, response.json()) == (201, {"eventId": event_id, **body})
    assert response.headers["Location"] == client.address(event_id).removeprefix(client.events[: -len("/events")])
    assert client.send("GET", client.address(event_id)).json() == {"eventId": event_id, **body}


# Feature: event-management-api, Property 14: Error Response Format
@a_hundred
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]),
    path=st.sampled_from(["", "/", "/x/y", "/%00", "/%ff", "/..%2f", "/a%0ab", "?limit=no", "?cursor=%00", "?from=1"]),
    body=st.one_of(
        st.none(), st.text(), st.binary(), st.recursive(st.integers() | st.text(), st.lists).map(json.dumps)
    ),
)
def test_every_error_has_a_detail(client: Client, method: str, path: str, body: str | bytes | None) -> None:
    data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    response = client.session.request(method, client.events + path, data=data, timeout=60)
    if response.status_code >= 400:
        assert_is_error(response, response.status_code)
    else:
        assert (method, path) == ("GET", "")


# Feature: event-management-api, Property 15: Create Success Status
@a_hundred
@given(body=bodies, description=descriptions)
def test_a_create_returns_201_with_the_whole_event(client: Client, body: dict[str, Any], description: str) -> None:
    response = client.create({**body, "description": description})
    assert response.status_code == 201
    returned = response.json()
    assert list(returned) == list(FIELD_NAMES)
    assert returned == {"eventId": returned["eventId"], **body, "description": description}
    assert set(field_values) == set(REQUIRED)
