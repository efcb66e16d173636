"""The calendar feed, as a calendar program fetches it."""

from __future__ import annotations

import gzip
from datetime import timedelta

import pytest
from django.test import Client
from icalendar import Calendar

from events import services
from events.pages.today import today
from eventsite.accounts import people
from eventsite.accounts.domain import Role
from eventsite.accounts.models import Staff
from tests.support.builders import ACTOR, make_feed, make_fields, make_staff
from tests.support.clients import client_of
from tests.support.fault_proxy import THROTTLE, FaultProxy
from tests.support.http_server import Server

PROGRAM = Client()


@pytest.fixture
def vera() -> Staff:
    return make_staff("vera", "viewer")


@pytest.fixture
def address(vera: Staff) -> str:
    return make_feed(vera)


def create_soon(days: int = 1, **overrides: str) -> None:
    services.create_event(make_fields(date=(today() + timedelta(days)).isoformat(), **overrides), ACTOR)


def test_a_calendar_program_gets_the_events_to_come(vera: Staff, address: str) -> None:
    create_soon(eventId="a/b".replace("/", " & "), title="Gala; <b>all</b>, 🎪")
    create_soon(-400, eventId="long ago")
    answer = PROGRAM.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert answer["Cache-Control"] == "private, no-cache"
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")
    [event] = Calendar.from_ical(answer.content).walk("VEVENT")
    assert event["SUMMARY"] == "Gala; <b>all</b>, 🎪"
    assert event["URL"] == "http://testserver/staff/event/a%20&%20b/"


def test_what_has_not_changed_is_not_sent_again(vera: Staff, server: Server, address: str) -> None:
    create_soon(description="Long. " * 100)
    path = address
    first = server.request("GET", path, headers={"Accept-Encoding": "gzip"})
    assert first.headers["Content-Encoding"] == "gzip"
    assert "Set-Cookie" not in first.headers
    known = {"If-None-Match": first.headers["ETag"], "Accept-Encoding": "gzip"}
    again = server.request("GET", path, headers=known)
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    create_soon(eventId="another")
    assert server.request("GET", path, headers=known).status_code == 200


def test_another_choice_is_sent_at_once(vera: Staff, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Also if no event has changed since."""
    monkeypatch.setattr("events.storage.changes.seconds_to_wait", lambda: 0)
    create_soon(eventId="sure")
    create_soon(eventId="maybe", status="draft")
    create_soon(-40, eventId="old")
    person = client_of(vera)
    tags = [PROGRAM.get(address)["ETag"]]
    for choice, titles in (
        ({"days": "31", "hidden": "draft"}, ["sure"]),
        ({"days": "92", "hidden": "draft"}, ["sure", "old"]),
        ({"days": "92"}, ["maybe", "sure", "old"]),
    ):
        person.post("/staff/account/feed/choice/", choice)
        response = PROGRAM.get(address, headers={"If-None-Match": tags[-1]})
        assert response.status_code == 200
        found = [str(event["UID"]).partition("@")[0] for event in Calendar.from_ical(response.content).walk("VEVENT")]
        assert found == titles
        tags.append(response["ETag"])
        assert PROGRAM.get(address, headers={"If-None-Match": tags[-1]}).status_code == 304
    assert len(set(tags)) == 4


def test_head_is_answered_as_get_is(vera: Staff, address: str) -> None:
    create_soon()
    got, head = PROGRAM.get(address), PROGRAM.head(address)
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", got["ETag"])
    assert head["Content-Length"] == got["Content-Length"]


def test_it_is_compressed_for_whoever_takes_that(vera: Staff, address: str) -> None:
    create_soon(description="Long. " * 100)
    plain = PROGRAM.get(address).content
    packed = PROGRAM.get(address, headers={"Accept-Encoding": "gzip"}).content
    assert gzip.decompress(packed) == plain


@pytest.mark.parametrize(
    "token", ["", "x", "vera", "vera:", "nobody:abc", ":abc", "vera:" + "a" * 43, "vera%3Ax", "é:x"]
)
def test_a_token_that_is_nobodys_finds_nothing(token: str, vera: Staff) -> None:
    answer = PROGRAM.get(f"/staff/feed/{token}.ics")
    assert answer.status_code == 404
    assert "Cookie" not in answer.get("Vary", "")


def test_a_renewed_feed_has_left_its_old_address(vera: Staff, address: str) -> None:
    assert PROGRAM.get(address).status_code == 200
    renewed = make_feed(vera)
    assert PROGRAM.get(address).status_code == 404
    assert PROGRAM.get(renewed).status_code == 200


def test_whoever_has_left_has_no_feed(vera: Staff, address: str) -> None:
    make_staff("ada", "admin")
    people.deactivate("vera", ACTOR)
    assert PROGRAM.get(address).status_code == 404


def test_a_feed_is_only_to_be_read(vera: Staff, address: str) -> None:
    assert PROGRAM.post(address).status_code == 405


def test_storage_that_fails_is_an_error_not_an_empty_calendar(vera: Staff, faults: FaultProxy, address: str) -> None:
    create_soon()
    faults.set(THROTTLE, "Query")
    assert PROGRAM.get(address).status_code == 500
    assert vera.role == Role.VIEWER
