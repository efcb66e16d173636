"""Concurrent requests over real sockets: no change is lost, and none is made twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

from events.storage.models import AccessItem, EventItem, HistoryItem
from tests.support.builders import make_body
from tests.support.http_server import Server
from tests.support.tables import empty_tables, read_table


def test_a_writer_of_each_field_succeeds(server: Server) -> None:
    for number in range(5):
        path = f"/events/shared-{number}"
        server.request("POST", "/events", json=make_body(eventId=f"shared-{number}"))
        changes = make_body(
            title="A", description="B", date="2027-01-01", location="C", capacity=1, organizer="D", status="E"
        )
        answers = server.request_at_once([("PUT", path, {"json": {name: value}}) for name, value in changes.items()])
        assert [answer.status_code for answer in answers] == [200] * len(changes)
        assert server.request("GET", path).json() == {"eventId": f"shared-{number}", **changes}
    rows = read_table(HistoryItem)
    assert Counter(row["eventId"]["S"] for row in rows) == {f"shared-{number}": 1 + len(changes) for number in range(5)}
    assert all(len(row["after"]["M"]) == 1 for row in rows if row["action"]["S"] == "update")


def test_history_after_concurrent_updates_leads_to_the_stored_event(server: Server) -> None:
    server.request("POST", "/events", json=make_body(eventId="raced"))
    calls = [("PUT", "/events/raced", {"json": {"capacity": number, "title": f"T{number}"}}) for number in range(12)]
    assert {answer.status_code for answer in server.request_at_once(calls)} == {200}
    state: dict[str, Any] = {}
    for row in sorted(read_table(HistoryItem), key=lambda row: row["at"]["S"]):
        before = row.get("before", {"M": {}})["M"]
        assert {name: state.get(name) for name in before} == before
        state |= row["after"]["M"]
    [item] = read_table(EventItem)
    assert state == {name: item[name] for name in state}


def test_only_one_of_many_creates_with_the_same_id_succeeds(server: Server) -> None:
    bodies = [make_body(eventId="wanted", capacity=number) for number in range(8)]
    answers = server.request_at_once([("POST", "/events", {"json": body}) for body in bodies])
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    [winner] = [answer.json() for answer in answers if answer.status_code == 201]
    assert server.request("GET", "/events/wanted").json() == winner
    assert len(read_table(HistoryItem)) == 1


def test_creates_with_the_same_idempotency_key_make_one_event(server: Server) -> None:
    call = ("POST", "/events", {"json": make_body(), "headers": {"Idempotency-Key": "once", "Accept-Encoding": ""}})
    answers = server.request_at_once([call] * 8)
    assert {answer.status_code for answer in answers} == {201}
    assert len({(answer.text, answer.headers["ETag"]) for answer in answers}) == 1
    assert len(read_table(EventItem)) == len(read_table(HistoryItem)) == len(read_table(AccessItem)) == 1


def test_only_one_of_many_updates_with_the_same_revision_succeeds(server: Server) -> None:
    tag = server.request("POST", "/events", json=make_body(eventId="guarded")).headers["ETag"]
    calls = [
        ("PUT", "/events/guarded", {"json": {"capacity": number}, "headers": {"If-Match": tag}}) for number in range(8)
    ]
    answers = server.request_at_once(calls)
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    [winner] = [answer.json() for answer in answers if answer.status_code == 200]
    assert server.request("GET", "/events/guarded").json() == winner
    assert len(read_table(HistoryItem)) == 2


def test_writers_that_exclude_a_revision_wait_for_another_writer(server: Server) -> None:
    for _ in range(5):
        tag = server.request("POST", "/events", json=make_body(eventId="excluded")).headers["ETag"]
        headers = {"If-None-Match": tag}
        calls = [("PUT", "/events/excluded", {"json": {"capacity": n}, "headers": headers}) for n in range(6)]
        answers = server.request_at_once([*calls, ("PUT", "/events/excluded", {"json": {"title": "First"}})])
        assert answers[-1].status_code == 200
        assert {answer.status_code for answer in answers[:-1]} <= {200, 412}
        _, *changes = sorted(read_table(HistoryItem), key=lambda row: row["at"]["S"])
        assert changes[0]["after"]["M"].keys() == {"title"}
        assert len(changes) == [answer.status_code for answer in answers].count(200)
        empty_tables()


def test_only_one_of_many_deletes_succeeds(server: Server) -> None:
    server.request("POST", "/events", json=make_body(eventId="doomed"))
    answers = server.request_at_once([("DELETE", "/events/doomed", {})] * 6)
    assert sorted(answer.status_code for answer in answers) == [204] + [404] * 5
    assert [row["action"]["S"] for row in read_table(HistoryItem)].count("delete") == 1


def test_concurrent_updates_and_deletes_leave_no_partial_event(server: Server) -> None:
    for _ in range(5):
        server.request("POST", "/events", json=make_body(eventId="fought-over"))
        answers = server.request_at_once(
            [("PUT", "/events/fought-over", {"json": {"capacity": number}}) for number in range(4)]
            + [("DELETE", "/events/fought-over", {})],
        )
        assert {answer.status_code for answer in answers} <= {200, 204, 404}
        assert answers[-1].status_code == 204
        assert read_table(EventItem) == []
