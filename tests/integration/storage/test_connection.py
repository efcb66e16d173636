"""DynamoDB fails, throttles, is slow or unreachable: a sentence for the client, the cause in the log, no half write."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from events import services
from events.domain import Change, Event, EventRange, StorageBusyError, now
from events.storage import events as repository
from events.storage import lists as event_lists
from events.storage.connection import DynamoDB
from events.storage.models import EventItem, HistoryItem
from eventsite import aws_calls
from eventsite.accounts import people
from eventsite.accounts.preferences import set_preference
from eventsite.engine.process import Engine
from tests.support import fault_proxy as fault_kinds
from tests.support.api_calls import LAUNCH, assert_error, send
from tests.support.builders import ACTOR, make_body, make_fields, make_staff, store_many
from tests.support.fault_proxy import FAIL, THROTTLE, Fault, FaultProxy, delay, garbage, lose_answer, refuse, say
from tests.support.tables import read_table

GENERIC = "Something went wrong on our side. The request may or may not have been completed."
DENIED = fault_kinds.error(400, "AccessDeniedException")
GONE = fault_kinds.error(400, "ResourceNotFoundException")

REQUESTS: list[tuple[str, str, Any]] = [
    ("GET", "/events", ...),
    ("GET", "/events?status=active", ...),
    ("GET", "/events?limit=1", ...),
    ("GET", "/events/launch", ...),
    ("POST", "/events", make_body()),
    ("PUT", "/events/launch", {"capacity": 1}),
    ("DELETE", "/events/launch", ...),
]


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (FAIL, "InternalServerError"),
        (refuse, "Connection"),
        (garbage, "not JSON"),
        (say(b'{"Responses": {}}'), "not from DynamoDB"),
        (say(b'{"ConsumedCapacity": []}'), "not from DynamoDB"),
        (say(b'{"ConsumedCapacity": [{}]}'), "not from DynamoDB"),
        (DENIED, "AccessDenied"),
        (GONE, "ResourceNotFound"),
    ],
    ids=["fails", "resets", "garbage", "other JSON", "no units", "other units", "denies", "no table"],
)
def test_an_error_is_a_generic_sentence_with_its_cause_in_the_log(
    api: APIClient,
    faults: FaultProxy,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    body: Any,
    fault: Fault,
    cause: str,
) -> None:
    services.create_event(make_fields(), ACTOR)
    faults.set(fault)
    response = send(api, method, path, body)
    assert_error(response, 500, GENERIC, code="storage_error")
    assert "Retry-After" not in response
    assert cause in caplog.text
    assert "(internal_error)" not in caplog.text
    faults.set(None)
    assert json.loads(send(api, "GET", "/events/launch").content) == LAUNCH  # works again, without a restart
    assert len(read_table(EventItem)) == len(read_table(HistoryItem)) == 1


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_throttling_asks_to_retry_later(
    api: APIClient, faults: FaultProxy, caplog: pytest.LogCaptureFixture, method: str, path: str, body: Any
) -> None:
    services.create_event(make_fields(), ACTOR)
    faults.set(THROTTLE)
    response = send(api, method, path, body)
    assert_error(response, 500, GENERIC, code="storage_busy")
    assert response["Retry-After"] == "1"
    assert "Throttling" in caplog.text
    assert len(faults.calls) == 3  # one attempt and two retries


def test_a_throttled_transaction_asks_to_retry_later(api: APIClient, faults: FaultProxy) -> None:
    reasons = [{"Code": "ThrottlingError", "Message": "slow down"}, {"Code": "None"}]
    faults.set(fault_kinds.error(400, "TransactionCanceledException", CancellationReasons=reasons))
    response = send(api, "POST", "/events", LAUNCH)
    assert_error(response, 500, GENERIC, code="storage_busy")
    assert response["Retry-After"] == "1"


def test_a_transaction_refused_for_another_reason_is_an_error(api: APIClient, faults: FaultProxy) -> None:
    reasons = [{"Code": "ValidationError", "Message": "no"}, {"Code": "None"}]
    faults.set(fault_kinds.error(400, "TransactionCanceledException", CancellationReasons=reasons))
    response = send(api, "POST", "/events", LAUNCH)
    assert_error(response, 500, GENERIC, code="storage_error")
    assert "Retry-After" not in response


@pytest.mark.parametrize("fault", [THROTTLE, FAIL, refuse, lose_answer], ids=["throttles", "fails", "resets", "loses"])
@pytest.mark.parametrize(("method", "path", "body"), [REQUESTS[0], *REQUESTS[4:]])  # each waits between attempts
def test_two_errors_in_a_row_are_retried(
    api: APIClient, faults: FaultProxy, fault: Fault, method: str, path: str, body: Any
) -> None:
    """Also if the response of a write is lost: the token of the transaction makes its retry safe."""
    services.create_event(make_fields(), ACTOR)
    faults.set(fault, times=2)
    response = send(api, method, path, body)
    assert response.status_code == {"POST": 201, "DELETE": 204}.get(method, 200)
    assert len(read_table(HistoryItem)) == (1 if method == "GET" else 2)


def test_a_write_can_be_repeated_safely_after_all_its_responses_are_lost(api: APIClient, faults: FaultProxy) -> None:
    faults.set(lose_answer, "TransactWriteItems")
    assert_error(send(api, "POST", "/events", make_body(), Idempotency_Key="k"), 500, GENERIC, code="storage_error")
    faults.set(None)
    response = send(api, "POST", "/events", make_body(), Idempotency_Key="k")
    assert response.status_code == 201
    assert len(read_table(EventItem)) == len(read_table(HistoryItem)) == 1


def test_a_slow_database_times_out_before_the_gateway(
    engine: Engine, api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slowest request: an update whose read barely succeeds and whose write times out."""
    assert 2 * DynamoDB.seconds_for_a_call() < 29  # the gateway's limit; an update makes two calls
    for name in ("timeouts", "pauses"):
        monkeypatch.setattr(DynamoDB, name, tuple(seconds / 10 for seconds in getattr(DynamoDB, name)))
    with FaultProxy(engine.port) as faults, override_settings(DYNAMODB_ENDPOINT_URL=faults.url):
        faults.set(delay(5))
        started = time.monotonic()
        assert_error(send(api, "GET", "/events/launch"), 500, GENERIC, code="storage_error")
        took = time.monotonic() - started
        assert faults.calls == ["GetItem"] * 3
    assert 0.75 + 0.05 <= took < 5  # three reads time out, with two pauses between them; no attempt waits longer


@pytest.mark.parametrize(
    ("fault", "cause"), [(FAIL, "InternalServerError"), (refuse, "Connection"), (GONE, "ResourceNotFound")]
)
def test_the_health_check_reports_errors(
    api: APIClient, faults: FaultProxy, caplog: pytest.LogCaptureFixture, fault: Fault, cause: str
) -> None:
    faults.set(fault)
    assert_error(
        send(api, "GET", "/healthz"),
        503,
        "DynamoDB is not responding. Please try again in a moment.",
        code="storage_unavailable",
    )
    assert cause in caplog.text
    faults.set(None)
    assert send(api, "GET", "/healthz").status_code == 200


def test_unprocessed_keys_are_read_again(faults: FaultProxy) -> None:
    for number in range(3):
        services.create_event(make_fields(eventId=str(number)), ACTOR)
    keys = [{"eventId": {"S": str(number)}} for number in range(3)]
    answer = {"Responses": {"events": []}, "UnprocessedKeys": {"events": {"Keys": keys}}, "ConsumedCapacity": []}
    content = json.dumps(answer).encode()

    def leave_all_unread(handler: Any, body: bytes) -> None:
        handler.answer(200, content)

    faults.set(leave_all_unread, "BatchGetItem", times=3)
    events, _ = services.list_events(EventRange(first_date="2026-01-01"))
    assert [event["eventId"] for event in events] == ["0", "1", "2"]
    faults.set(leave_all_unread, "BatchGetItem")
    with pytest.raises(StorageBusyError):
        services.list_events(EventRange(first_date="2026-01-01"))


def test_an_event_that_moves_during_a_read_is_on_one_page(faults: FaultProxy) -> None:
    """The index has one date; when the event is read, it has another."""
    for number in range(4):
        services.create_event(make_fields(eventId=str(number)), ACTOR)

    def move_first(handler: Any, body: bytes) -> None:
        faults.set(None)
        services.update_event("1", {"date": "2027-01-01"}, ACTOR)
        services.update_event("2", {"date": "2025-01-01"}, ACTOR)
        services.delete_event("0", ACTOR)
        handler.answer(*handler.forward(body))

    faults.set(move_first, "BatchGetItem")
    page, after = services.list_events(EventRange(first_date="2026-01-01"), 3)
    assert ([event["eventId"] for event in page], after) == ([], "2026-12-01#2")
    page, after = services.list_events(EventRange(first_date="2026-01-01", after=after), 3)
    assert ([event["eventId"] for event in page], after) == (["3", "1"], None)


@pytest.mark.parametrize(
    ("path", "count", "description"),
    [
        ("/events", 60, "x" * 60_000),  # a scan of several calls
        ("/events?status=active", 60, "x" * 60_000),  # a query of several
        ("/events?limit=200", 205, ""),  # one query, two batches
    ],
)
def test_a_slow_list_times_out_before_the_gateway(
    api: APIClient, faults: FaultProxy, monkeypatch: pytest.MonkeyPatch, path: str, count: int, description: str
) -> None:
    """Each call alone is fast enough, but all of them together are not."""
    store_many(count, description=description)
    clock = [0.0]
    monkeypatch.setattr(event_lists, "time", SimpleNamespace(monotonic=lambda: clock[0], sleep=time.sleep))

    def slow(handler: Any, body: bytes) -> None:
        clock[0] += 0.8 * event_lists.SECONDS_FOR_A_LIST
        handler.answer(*handler.forward(body))

    faults.set(slow)
    with override_settings(ON_LAMBDA=True):
        response = send(api, "GET", path)
    assert_error(response, 500, GENERIC, code="storage_busy")
    assert response["Retry-After"] == "1"
    assert len(faults.calls) == 2
    assert len(json.loads(send(api, "GET", path).content)) == min(count, 200)  # there is no limit without a gateway


@pytest.mark.parametrize(
    "code",
    ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "TransactionInProgressException"],
)
def test_every_throttling_error_asks_to_retry_later(
    api: APIClient, faults: FaultProxy, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(aws_calls, "SECONDS_IN_PROGRESS", 0.1)  # the unit tests check the five seconds
    faults.set(fault_kinds.error(400, code))
    assert send(api, "GET", "/events/launch")["Retry-After"] == "1"


@pytest.mark.parametrize("code", ["ThrottlingException", "ProvisionedThroughputExceededException"])
@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_above_the_limits_of_a_table_the_site_asks_to_retry_later_and_recovers(
    api: APIClient, faults: FaultProxy, code: str, method: str, path: str, body: Any
) -> None:
    """As DynamoDB responds above the maximum throughput of an on-demand table (`table_read_limit`)."""
    services.create_event(make_fields(), ACTOR)
    reasons = [{"reason": "TableReadMaxOnDemandThroughputExceeded", "resource": "arn:aws:dynamodb:::table/events"}]
    faults.set(fault_kinds.error(400, code, ThrottlingReasons=reasons))
    response = send(api, method, path, body)
    assert_error(response, 500, GENERIC, code="storage_busy")
    assert response["Retry-After"] == "1"
    faults.set(None)
    assert send(api, method, path, body).status_code < 300


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_every_throttling_reason_of_a_transaction_asks_to_retry_later(
    api: APIClient, faults: FaultProxy, code: str
) -> None:
    faults.set(fault_kinds.error(400, "TransactionCanceledException", CancellationReasons=[{"Code": code}]))
    assert send(api, "POST", "/events", LAUNCH)["Retry-After"] == "1"


def test_reasons_of_unexpected_types_are_an_error(api: APIClient, faults: FaultProxy) -> None:
    faults.set(fault_kinds.error(400, "TransactionCanceledException", CancellationReasons=[{"Code": ["a", "list"]}]))
    assert_error(send(api, "POST", "/events", LAUNCH), 500, GENERIC, code="storage_error")


def test_a_transaction_that_is_throttled_twice_is_retried(api: APIClient, faults: FaultProxy) -> None:
    reasons = [{"Code": "None"}, {"Code": "ThrottlingError"}]
    throttled = fault_kinds.error(400, "TransactionCanceledException", CancellationReasons=reasons)
    for write in (lambda: send(api, "POST", "/events", LAUNCH), lambda: make_staff("anna", "admin")):
        faults.set(throttled, "TransactWriteItems", times=2)
        write()
        assert faults.calls.count("TransactWriteItems") == 3
    faults.set(None)
    assert send(api, "GET", "/events/launch").status_code == 200


def test_a_transaction_that_conflicts_with_another_is_retried(api: APIClient, faults: FaultProxy) -> None:
    services.create_event(make_fields(), ACTOR)
    conflict = fault_kinds.error(
        400, "TransactionCanceledException", CancellationReasons=[{"Code": "TransactionConflict"}, {"Code": "None"}]
    )
    for method, path, body in (
        ("PUT", "/events/launch", {"capacity": 1}),
        ("DELETE", "/events/launch", ...),
        ("POST", "/events", LAUNCH),
    ):
        faults.set(conflict, "TransactWriteItems", times=2)
        assert send(api, method, path, body).status_code in (200, 201, 204)
        assert faults.calls.count("TransactWriteItems") == 3


def test_a_write_to_the_access_table_that_conflicts_with_another_is_retried(faults: FaultProxy) -> None:
    canceled = fault_kinds.error(
        400, "TransactionCanceledException", CancellationReasons=[{"Code": "None"}, {"Code": "TransactionConflict"}]
    )
    faults.set(canceled, "TransactWriteItems", times=2)
    anna = make_staff("anna", "admin")
    assert faults.calls.count("TransactWriteItems") == 3
    faults.set(fault_kinds.error(400, "TransactionConflictException"), "UpdateItem", times=2)
    set_preference(anna, "first", 1)
    assert faults.calls.count("UpdateItem") == 3
    faults.set(None)
    assert people.get_staff("anna").preferences == {"first": 1}


def test_reads_that_must_be_current_are_consistent_reads(api: APIClient, faults: FaultProxy) -> None:
    """On AWS, a read that is not consistent may return old data. DynamoDB Local always returns the latest."""
    services.create_event(make_fields(), ACTOR)
    faults.set(None)
    for path in ("/events/launch", "/events"):
        api.get(path)
    api.get("/events?limit=5")
    assert faults.calls == ["GetItem", "Scan", "Query", "BatchGetItem"]
    get, scan, _, batch = faults.requests
    assert get["ConsistentRead"] is scan["ConsistentRead"] is batch["RequestItems"]["events"]["ConsistentRead"] is True


@pytest.mark.parametrize(
    ("embedded", "calls"), [(True, ["TransactWriteItems", "GetItem"]), (False, ["TransactWriteItems"])]
)
def test_only_the_embedded_engine_is_checked_after_writes(faults: FaultProxy, embedded: bool, calls: list[str]) -> None:
    with override_settings(DYNAMODB_EMBEDDED=embedded):
        services.create_event(make_fields(), ACTOR)
    assert faults.calls == calls


def test_an_uncertain_write_of_the_embedded_engine_is_not_acknowledged(api: APIClient, faults: FaultProxy) -> None:
    faults.set(refuse, "GetItem")
    with override_settings(DYNAMODB_EMBEDDED=True):
        assert_error(send(api, "POST", "/events", LAUNCH), 500, GENERIC, code="storage_error")


def test_a_change_is_not_sent_long_after_its_time(faults: FaultProxy) -> None:
    """The process was paused before it sent the change, or its clock was set."""
    event = Event.new(make_fields(), ACTOR)._replace(created_at=now(seconds_ago=DynamoDB.seconds_for_a_call() + 0.1))
    faults.set(None)
    with pytest.raises(StorageBusyError, match="the change was delayed for too long"):
        repository.write(Change.create(event, ACTOR))
    assert faults.calls == []
    repository.write(Change.create(event._replace(created_at=now(seconds_ago=5)), ACTOR))
    assert faults.calls == ["TransactWriteItems"]


def test_a_change_is_not_sent_again_long_after_its_time(
    api: APIClient, faults: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DynamoDB, "seconds_for_a_call", lambda *_: 0.5)
    faults.set(delay(0.7), "TransactWriteItems", times=1)
    response = send(api, "POST", "/events", LAUNCH)
    assert_error(response, 500, GENERIC, code="storage_busy")
    assert faults.calls == ["TransactWriteItems"]
    assert read_table(EventItem) == []
