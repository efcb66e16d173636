"""Hostile texts in every field of the API: returned unchanged, or refused with the name of the field."""

from __future__ import annotations

import json
from urllib.parse import quote, unquote

import pytest
from rest_framework.test import APIClient

from events.rules import MAX_DESCRIPTION_CHARACTERS, MAX_EVENT_ID_BYTES, MAX_TEXT_BYTES
from events.storage.models import EventItem, HistoryItem
from events.versions import get_past
from tests.support.api_calls import LAUNCH, assert_error, assert_event, create, send
from tests.support.builders import make_body
from tests.support.hostile_texts import REFUSED, TAKEN, TEXT_FIELDS, mostly_at_length
from tests.support.tables import read_table


@pytest.mark.parametrize("text", mostly_at_length(TAKEN))
def test_accepted_texts_are_returned_unchanged(api: APIClient, text: str) -> None:
    for field in TEXT_FIELDS:
        event = {**LAUNCH, "eventId": field, field: text}
        created = send(api, "POST", "/events", event)
        assert_event(created, 201, event)
        address = created["Location"]
        assert address.isascii()
        assert unquote(address) == f"/events/{event['eventId']}"
        assert_event(send(api, "GET", address), 200, event)
    everywhere = {field: text for field in TEXT_FIELDS if field != "eventId"}
    assert_event(send(api, "PUT", "/events/title", everywhere), 200, {**LAUNCH, **everywhere, "eventId": "title"})
    listed = {event["eventId"]: event for event in json.loads(send(api, "GET", "/events").content)}
    assert len(listed) == len(TEXT_FIELDS)
    assert listed["title"] == {**LAUNCH, **everywhere, "eventId": "title"}
    with_status = json.loads(send(api, "GET", f"/events?status={quote(text, safe='')}").content)
    assert {event["eventId"] for event in with_status} == {"title", "status"}
    past = get_past("title")
    assert (past.title, past.rows[0].after) == (
        text,
        {name: everywhere[name] for name in everywhere if name != "title"},
    )


@pytest.mark.parametrize("case", mostly_at_length(REFUSED))
def test_refused_texts_return_422_and_store_nothing(api: APIClient, case: tuple[str, str]) -> None:
    text, said = case
    for field in TEXT_FIELDS:
        sent = json.dumps({**LAUNCH, field: text}).encode()
        fault = [{"field": field, "message": said, "code": "invalid_characters"}]
        assert_error(send(api, "POST", "/events", sent), 422, f"{field} {said}.", fault)
    assert read_table(EventItem) == read_table(HistoryItem) == []
    create(api)
    before = [read_table(table) for table in (EventItem, HistoryItem)]
    for field in TEXT_FIELDS[1:]:
        sent = json.dumps({field: text}).encode()
        assert send(api, "PUT", "/events/launch", sent).status_code == 422
    assert [read_table(table) for table in (EventItem, HistoryItem)] == before


@pytest.mark.parametrize("character", mostly_at_length(["\u00e9", "x", "\u65e5", "\U0001f3aa"], 1))
@pytest.mark.parametrize("field", [*TEXT_FIELDS])
def test_length_limits_are_exact(api: APIClient, field: str, character: str) -> None:
    """Limits count bytes of UTF-8, even within a character. The limit of the description counts characters."""
    if field == "description":
        longest, unit = character * MAX_DESCRIPTION_CHARACTERS, f"{MAX_DESCRIPTION_CHARACTERS:,} characters long"
    else:
        limit = MAX_EVENT_ID_BYTES if field == "eventId" else MAX_TEXT_BYTES
        size = len(character.encode())
        longest = character * (limit // size) + "x" * (limit % size)
        unit = f"{limit:,} bytes long in UTF-8"
        across = "x" * (limit % size + 1) + character * (limit // size)
        if size > 1:
            assert send(api, "POST", "/events", make_body(**{field: across})).status_code == 422
    created = send(api, "POST", "/events", {**LAUNCH, field: longest})
    assert_event(created, 201, {**LAUNCH, field: longest})
    assert_event(send(api, "GET", created["Location"]), 200, {**LAUNCH, field: longest})
    fault = [{"field": field, "message": f"must be at most {unit}", "code": "too_long"}]
    assert_error(
        send(api, "POST", "/events", {**LAUNCH, field: f"{longest}x"}), 422, f"{field} {fault[0]['message']}.", fault
    )


def test_similar_ids_are_different_events(api: APIClient) -> None:
    """Texts are not normalized: composed and decomposed, wide and narrow, Latin and Cyrillic ones differ."""
    alike = [
        "caf\u00e9",
        "cafe\u0301",
        "\u212bngstr\u00f6m",
        "\u00c5ngstr\u00f6m",
        "\uff21",
        "A",
        "a",
        "\u0430",
        "a\u200b",
    ]
    for event_id in alike:
        create(api, eventId=event_id, title=event_id)
    for event_id in alike:
        assert_event(
            send(api, "GET", f"/events/{quote(event_id)}"), 200, {**LAUNCH, "eventId": event_id, "title": event_id}
        )
