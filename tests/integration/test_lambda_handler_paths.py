"""Event IDs that look percent-encoded, through each gateway: every path finds exactly one event."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from events import services
from tests.support.builders import ACTOR, make_fields
from tests.support.lambda_events import (
    GATEWAYS,
    call,
    function_url_event,
    http_1_event,
    http_event,
    load_balancer_event,
    rest_event,
)

# Each ID, and the IDs that it would become if it were decoded once too often or not at all.
IDS = ["hb%41", "hbA", "hb%2541", "hb%2F", "hb%252F", "hb%25", "hb%", "hb+", "hb ", "hb%2B", "hbé", "hb%C3%A9", "hb%E9"]


@pytest.fixture(autouse=True)
def events() -> None:
    for event_id in IDS:
        services.create_event(make_fields(eventId=event_id, title=event_id), ACTOR)


def path_of(event_id: str) -> str:
    return f"/events/{quote(event_id, safe='')}"


def titles() -> set[str]:
    return {event["title"] for event in call(rest_event("GET", "/events"))[2]}


@pytest.mark.parametrize("make_event", GATEWAYS)
@pytest.mark.parametrize("event_id", IDS)
def test_a_path_names_one_event(make_event: Any, event_id: str) -> None:
    fields = make_fields(eventId=event_id, title=event_id)
    assert call(make_event("GET", path_of(event_id)))[::2] == (200, fields)
    assert call(make_event("PUT", path_of(event_id), {"capacity": 1}))[::2] == (200, {**fields, "capacity": 1})
    assert call(make_event("DELETE", path_of(event_id)))[0] == 204
    assert titles() == {*IDS} - {event_id}


@pytest.mark.parametrize("make_event", GATEWAYS)
def test_a_location_leads_to_the_new_event(make_event: Any) -> None:
    _, headers, created = call(make_event("POST", "/events", {**make_fields(), "eventId": "new%41 é+%"}))
    assert call(make_event("GET", headers["Location"]))[::2] == (200, created)


@pytest.mark.parametrize("make_event", [http_event, http_1_event])
@pytest.mark.parametrize("prefix", ["", "/production"])
def test_a_path_that_is_still_encoded_is_recognized_by_the_request_context(
    make_event: Any, prefix: str, settings: Any
) -> None:
    """AWS documents neither form. In practice, the context was decoded while the path was still encoded."""
    settings.URL_PREFIX = prefix
    for event_id in IDS:
        event = make_event("GET", prefix + path_of(event_id))
        event["rawPath" if "rawPath" in event else "path"] = path_of(event_id)
        assert call(event)[2]["title"] == event_id


@pytest.mark.parametrize("make_event", [http_event, http_1_event])
@pytest.mark.parametrize(
    ("path", "in_context"),
    [
        ("/events/hb%41", "/events/hb"),
        ("/events/hb%2541", "/events/hbA"),
        ("/events/hb\ufffd", "/events/hb\ufffd"),
        ("/events/hb\ud800", "/events/hb"),
    ],
)
def test_damaged_paths_return_404(make_event: Any, path: str, in_context: str) -> None:
    """The two copies of the path differ, or the path had bytes that are not UTF-8."""
    services.create_event(make_fields(eventId="hb\ufffd", title="hb\ufffd"), ACTOR)
    event = make_event("DELETE", path)
    event["rawPath" if "rawPath" in event else "path"] = path
    event["requestContext"].get("http", event["requestContext"])["path"] = in_context
    assert call(event)[::2] == (
        404,
        {"detail": "There is no event with this eventId.", "code": "event_not_found"},
    )
    assert titles() == {*IDS, "hb\ufffd"}


@pytest.mark.parametrize("make_event", [rest_event, function_url_event, load_balancer_event])
def test_paths_that_are_not_utf_8_return_404(make_event: Any) -> None:
    services.create_event(make_fields(eventId="hb\ufffd", title="hb\ufffd"), ACTOR)
    assert call(make_event("DELETE", "/events/hb%FF"))[0] == 404
    assert call(make_event("DELETE", "/events/hb%EF%BF%BD"))[0] == 204
    assert titles() == {*IDS}


def test_an_http_api_may_leave_the_path_out_of_its_context() -> None:
    event = http_1_event("DELETE", "/events/hb%2541")
    del event["requestContext"]["path"]
    assert call(event)[0] == 204
    assert titles() == {*IDS} - {"hb%41"}
