"""GET /changes: its responses, errors and headers."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.test.utils import override_settings
from rest_framework.test import APIClient

from events import services
from events.change_tokens import Token
from events.storage import changes as change_queries
from events.storage.connection import DynamoDB
from eventsite.accounts import keys
from eventsite.accounts.domain import Scope
from tests.support.api_calls import LAUNCH, assert_error, create, send
from tests.support.builders import ACTOR, astral_text, store
from tests.support.fault_proxy import FAIL, FaultProxy
from tests.support.http_server import Server
from tests.support.lambda_events import call, rest_event


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_queries, "seconds_to_wait", lambda: 0)


def get(api: APIClient, **query: Any) -> dict[str, Any]:
    response = api.get("/changes", {name.rstrip("_"): value for name, value in query.items()})
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


def test_changes_after_a_token(api: APIClient) -> None:
    before = get(api)
    assert before == {"changes": [], "next": before["next"]}
    create(api)
    send(api, "PUT", "/events/launch", {"capacity": 5})
    send(api, "DELETE", "/events/launch")
    page = get(api, after=before["next"])
    created, updated, deleted = page["changes"]
    assert created == {"eventId": "launch", "action": "create", "at": created["at"], "event": LAUNCH}
    assert updated == {"eventId": "launch", "action": "update", "at": updated["at"], "event": {**LAUNCH, "capacity": 5}}
    assert deleted == {"eventId": "launch", "action": "delete", "at": deleted["at"], "event": None}
    assert created["at"] < updated["at"] < deleted["at"]
    assert get(api, after=page["next"]) == {"changes": [], "next": page["next"]}
    assert get(api, from_="start")["changes"] == page["changes"]


def test_pages(api: APIClient) -> None:
    store("a")
    store("b")
    first = get(api, from_="start", limit=1)
    second = get(api, after=first["next"], limit=1000)
    assert [change["eventId"] for change in (*first["changes"], *second["changes"])] == ["a", "b"]
    assert get(api, limit=1)["changes"] == []


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("after=x", "after must be a token exactly as `next` had it; this one is damaged."),
        ("after=", "after must be a token exactly as `next` had it; this one is damaged."),
        ("from=", "from must be start."),
        ("from=2026-01-01", "from must be start."),
        ("limit=0", "limit must be a whole number from 1 to 1,000."),
        ("limit=1001", "limit must be a whole number from 1 to 1,000."),
        ("limit=", "limit must be a whole number from 1 to 1,000."),
        ("limit=1&limit=2", "limit must be given only once."),
        (
            "since=x",
            "since is not a query parameter; the query parameters are after, from, limit.",
        ),
        ("after={}&from=start", "from must not be sent together with 'after'."),
        ("after={}&after={}", "after must be given only once."),
    ],
)
def test_invalid_queries(api: APIClient, query: str, detail: str) -> None:
    token = get(api)["next"]
    response = api.get(f"/changes?{query.format(token, token)}")
    body = response.json()
    assert (response.status_code, body["code"], body["detail"]) == (422, "invalid_request", detail)
    assert "; ".join(f"{error['field']} {error['message']}" for error in body["errors"]) == detail.removesuffix(".")


def test_a_token_of_another_installation_is_refused(api: APIClient) -> None:
    response = api.get("/changes", {"after": Token("0123456789ab", "").text})
    detail = "after is a token of another installation."
    errors = [{"field": "after", "message": "is a token of another installation", "code": "invalid_token"}]
    assert_error(response, 422, detail, errors)


@pytest.mark.parametrize("access", ["keyed", "read-open"])
def test_reading_changes_needs_a_key_because_they_show_what_was_deleted(api: APIClient, access: str) -> None:
    _, token = keys.create_key("Reader", Scope.READ, ACTOR)
    with override_settings(EVENTS_API_ACCESS=access):
        assert api.get("/changes").status_code == 401
        assert api.get("/changes", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        assert api.get("/changes", headers={"Authorization": "Bearer evk_wrong"}).status_code == 401


def test_errors_are_json_like_those_of_events(client: Client, faults: FaultProxy) -> None:
    html = {"Accept": "text/html"}
    wrong_method = client.post("/changes", headers=html)
    assert (wrong_method.status_code, wrong_method["Allow"]) == (405, "GET, HEAD")
    assert client.get("/changes/more", headers=html).json()["code"] == "not_found"
    faults.set(FAIL, "Query")
    assert client.get("/changes?from=start", headers=html).json()["code"] == "storage_error"


def test_other_sites_may_read_changes(api: APIClient) -> None:
    response = api.get("/changes", headers={"Origin": "https://app.example"})
    assert response["Access-Control-Allow-Origin"] == "*"
    head = api.head("/changes?from=start")
    assert (head.status_code, head.content) == (200, b"")


def test_a_page_of_long_events_fits_into_a_response_of_lambda() -> None:
    for number in range(8):
        store(f"e{number}", description=astral_text(number, 65_536))
    query, seen = "from=start", []
    while True:
        status, _, page = call(rest_event("GET", f"/changes?{query}"))
        assert status == 200
        if not page["changes"]:
            break
        seen += [change["eventId"] for change in page["changes"]]
        query = f"after={page['next']}"
    assert seen == [f"e{number}" for number in range(8)]


def test_a_response_is_refused_while_storage_fails(api: APIClient, faults: FaultProxy) -> None:
    """The reader sends the same token again."""
    store()
    services.update_event("launch", {"capacity": 1}, ACTOR)
    token = get(api, from_="start", limit=1)["next"]
    for operation in ("Query", "BatchGetItem"):
        faults.set(FAIL, operation)
        assert api.get("/changes", {"after": token}).status_code == 500
        faults.set(None)
    assert [change["action"] for change in get(api, after=token)["changes"]] == ["update"]


class DoneError(Exception):
    """Ends the program of the documentation."""


def test_the_program_of_the_documentation_keeps_a_copy(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    [program] = re.findall(r"```python\n(.*?)```", (settings.BASE_DIR / "docs" / "api.md").read_text(), re.DOTALL)
    assert len([line for line in program.splitlines() if line]) == 15
    for event_id in ("changed", "deleted", "kept"):
        store(event_id)

    def change() -> None:
        services.update_event("changed", {"capacity": 5}, ACTOR)
        services.delete_event("deleted", ACTOR)
        store("new")

    def nothing() -> None:
        raise DoneError

    waiting = iter((change, nothing))
    monkeypatch.setattr("time.sleep", lambda _: next(waiting)())
    variables: dict[str, Any] = {}
    with pytest.raises(DoneError):
        exec(program.replace("https://events.example.org", server.url), variables)
    copy = {event_id: event for event_id, event in variables["copy"].items() if event}
    assert copy == {event["eventId"]: event for event in server.request("GET", "/events").json()}
    assert {*copy} == {"changed", "kept", "new"}


def test_the_documentation_names_the_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    text = (settings.BASE_DIR / "docs" / "api.md").read_text()
    rows = re.findall(r"^\| (\d+) \| (?:sending|the write|the index|clocks)", text, re.MULTILINE)
    assert change_queries.seconds_to_wait() == sum(map(int, rows)) == 60
    assert "about **60 seconds**" in text
    assert f"later than {DynamoDB.seconds_for_a_call()} seconds after `at`" in text


def test_a_function_ends_within_the_time_for_a_write() -> None:
    stages = json.loads((settings.BASE_DIR / "zappa_settings.json").read_text())
    assert {stage["timeout_seconds"] for stage in stages.values()} == {change_queries.SECONDS_TO_SEND}
