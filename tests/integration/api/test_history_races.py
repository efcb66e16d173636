"""Restore and undo while somebody else writes: another program, or another user."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from events.storage.connection import connection
from events.storage.models import EventItem
from tests.support.api_calls import LAUNCH, assert_error, assert_event, create
from tests.support.fault_proxy import FaultProxy, lose_answer
from tests.support.history import assert_history_replays
from tests.support.history_calls import OLD_REVISION, RESTORE, SUPERSEDED, UNDO, actions, post, put, versions_of
from tests.support.http_server import Server
from tests.support.stored import get_history
from tests.support.writes_between import BETWEEN, delete, land, update


class TestAnotherProgram:
    """It wrote the event directly into the table, so the history lacks its latest change."""

    @pytest.fixture(params=["changed", "deleted"])
    def written(self, api: APIClient, request: pytest.FixtureRequest) -> str:
        create(api)
        if request.param == "changed":
            actions = [EventItem.title.set("Theirs"), EventItem.revision.remove()]
            connection().update_item(EventItem.Meta.table_name, "launch", actions=actions)
        else:
            connection().delete_item(EventItem.Meta.table_name, "launch")
        return str(versions_of(api)[0])

    def test_restore_gives_the_event_the_fields_of_the_version(self, api: APIClient, written: str) -> None:
        assert_event(post(api, RESTORE, {"version": written}), 200, LAUNCH)
        assert actions() == ["create", "restore"]

    def test_undo_is_refused(self, api: APIClient, written: str) -> None:
        begun = time.monotonic()
        assert_error(post(api, UNDO, {"version": written}), 409, SUPERSEDED, code="change_superseded")
        assert time.monotonic() - begun < 3
        assert actions() == ["create"]


class TestRaces:
    """Another user writes between the calls of DynamoDB."""

    @BETWEEN
    @pytest.mark.parametrize("write", [update, delete])
    @pytest.mark.parametrize("named_by", ["version", "revision"])
    def test_an_undo_keeps_a_change_that_came_first(
        self, api: APIClient, faults: FaultProxy, before_call: int, write: Callable[[], None], named_by: str
    ) -> None:
        create(api)
        tag = put(api, title="B")["ETag"]
        body, headers = ({"version": versions_of(api)[0]}, {}) if named_by == "version" else (..., {"If_Match": tag})
        land(faults, write, before_call)
        response = post(api, UNDO, body, **headers)
        assert response.status_code == (409 if named_by == "version" else 412)
        assert get_history("launch", limit=1)[0].actor == "eva"
        assert_history_replays()

    @BETWEEN
    @pytest.mark.parametrize("write", [update, delete])
    def test_a_restore_with_a_revision_keeps_a_change_that_came_first(
        self, api: APIClient, faults: FaultProxy, before_call: int, write: Callable[[], None]
    ) -> None:
        create(api)
        tag = put(api, title="B")["ETag"]
        body = {"version": versions_of(api)[1]}
        land(faults, write, before_call)
        assert_error(post(api, RESTORE, body, If_Match=tag), 412, OLD_REVISION)
        assert get_history("launch", limit=1)[0].actor == "eva"
        assert_history_replays()

    @BETWEEN
    @pytest.mark.parametrize("write", [update, delete])
    def test_a_restore_without_a_revision_follows_a_change_that_came_first(
        self, api: APIClient, faults: FaultProxy, before_call: int, write: Callable[[], None]
    ) -> None:
        create(api)
        put(api, title="B")
        body = {"version": versions_of(api)[1]}
        land(faults, write, before_call)
        assert_event(post(api, RESTORE, body), 200, LAUNCH)
        assert [row.actor for row in get_history("launch", limit=2)] == ["anonymous", "eva"]
        assert_history_replays()

    @pytest.mark.parametrize("path", [RESTORE, UNDO])
    def test_a_lost_response_of_dynamodb_is_no_second_change(
        self, api: APIClient, faults: FaultProxy, path: str
    ) -> None:
        create(api)
        put(api, title="B")
        tag = put(api, title="C")["ETag"]
        body = {"version": versions_of(api)[1 if path == RESTORE else 0]}
        faults.set(lose_answer, "TransactWriteItems", times=1)
        assert_event(post(api, path, body, If_Match=tag), 200, {**LAUNCH, "title": "B"})
        assert actions() == ["create", "update", "update", "restore"]

    def test_of_many_restores_with_the_same_revision_each_succeeds_once(self, server: Server, api: APIClient) -> None:
        create(api)
        for capacity in range(4):
            tag = put(api, capacity=capacity)["ETag"]
        calls = [
            ("POST", RESTORE, {"json": {"version": version}, "headers": {"If-Match": tag}})
            for version in versions_of(api)[1:]
        ]
        answers = server.request_at_once(calls)
        assert sorted(answer.status_code for answer in answers) == [200] + [412] * 3
        [winner] = [answer.json() for answer in answers if answer.status_code == 200]
        assert_event(api.get("/events/launch"), 200, winner)
        assert actions().count("restore") == 1

    def test_many_restores_without_a_revision_follow_each_other(self, server: Server, api: APIClient) -> None:
        create(api)
        for capacity in range(4):
            put(api, capacity=capacity)
        calls = [("POST", RESTORE, {"json": {"version": version}}) for version in versions_of(api)[1:]]
        assert {answer.status_code for answer in server.request_at_once(calls)} == {200}
        assert 3 <= actions().count("restore") <= 4
        assert_history_replays()

    @pytest.mark.parametrize("named_by", ["version", "revision"])
    def test_many_undos_of_one_change_undo_it_once(self, server: Server, api: APIClient, named_by: str) -> None:
        create(api)
        put(api, capacity=300)
        tag = put(api, capacity=301)["ETag"]
        sent = {"json": {"version": versions_of(api)[0]}} if named_by == "version" else {"headers": {"If-Match": tag}}
        answers = server.request_at_once([("POST", UNDO, sent)] * 8)
        assert [answer.json() for answer in answers] == [{**LAUNCH, "capacity": 300}] * 8
        assert {answer.status_code for answer in answers} == {200}
        assert actions() == ["create", "update", "update", "restore"]
