"""Who may read the history, restore and undo, and through which gateways."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from events import services
from tests.support.api_calls import assert_error, bearer, create, make_key, send
from tests.support.builders import ACTOR, make_fields, store
from tests.support.history_calls import HISTORY, RESTORE, UNDO, actions, post, versions_of
from tests.support.lambda_events import (
    GATEWAYS,
    call,
    rest_event,
)
from tests.support.stored import get_history


class TestAccess:
    @pytest.mark.parametrize("access", ["open", "read-open", "keyed"])
    def test_keys(self, api: APIClient, access: str) -> None:
        create(api)
        body = {"version": versions_of(api)[0]}
        read, write = bearer(make_key("reader", "read")), bearer(make_key("writer"))
        with override_settings(EVENTS_API_ACCESS=access):
            for headers in (read, write):
                assert api.get(HISTORY, headers=headers).status_code == 200
            for path in (RESTORE, UNDO):
                assert_error(post(api, path, body, **read), 403, "This API key may only read.", code="key_scope")
            assert post(api, RESTORE, body, **write).status_code == 200
            assert post(api, UNDO, body, **write).status_code == 204

    @pytest.mark.parametrize(("access", "status"), [("open", 200), ("read-open", 401), ("keyed", 401)])
    def test_without_a_key_the_history_is_public_only_in_open_access(
        self, api: APIClient, access: str, status: int
    ) -> None:
        create(api)
        with override_settings(EVENTS_API_ACCESS=access):
            assert api.get(HISTORY).status_code == api.head(HISTORY).status_code == status

    def test_pages_of_other_origins_may_read_only(self, api: APIClient) -> None:
        create(api)
        other = {"Origin": "https://app.example", "Sec_Fetch_Site": "cross-site"}
        assert send(api, "GET", HISTORY, **other)["Access-Control-Allow-Origin"] == "*"
        for path in (RESTORE, UNDO):
            response = post(api, path, {"version": versions_of(api)[0]}, **other)
            assert (response.status_code, response["Access-Control-Allow-Origin"]) == (403, "*")
            asked = {**other, "Access_Control_Request_Method": "POST"}
            assert send(api, "OPTIONS", path, **asked).status_code == 403
        assert actions() == ["create"]

    def test_no_csrf_token_is_needed(self) -> None:
        store()
        client = APIClient(enforce_csrf_checks=True)
        assert post(client, RESTORE, {"version": versions_of(client)[0]}).status_code == 200

    def test_the_log_has_the_route_and_the_event(self, capsys: pytest.CaptureFixture[str]) -> None:
        store()
        version = call(rest_event("GET", HISTORY))[2][0]["version"]
        call(rest_event("POST", RESTORE, {"version": version}))
        call(rest_event("POST", UNDO, {"version": version}))
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [(line["message"], line["eventId"]) for line in lines] == [
            ("GET /events/<eventId>/history 200", "launch"),
            ("POST /events/<eventId>/restore 200", "launch"),
            ("POST /events/<eventId>/undo 204", "launch"),
        ]


IDS = ["a bü?#", "hb%41", "hb%2F", "hb%", "history", "restore", "undo", "events", "a;b=c&d", "..a", "x" * 512]


@pytest.mark.parametrize("make_event", GATEWAYS)
@pytest.mark.parametrize("event_id", IDS)
def test_every_id_has_a_history_through_each_gateway(make_event: Any, event_id: str) -> None:
    store("hbA")
    store(event_id)
    services.update_event(event_id, {"title": "B"}, ACTOR)
    path = f"/events/{quote(event_id, safe='')}"
    _, headers, [changed] = call(make_event("GET", f"{path}/history?limit=1"))
    assert changed["changes"] == {"title": {"before": "Launch night", "after": "B"}}
    link = headers["Link"].partition(">")[0].removeprefix("<https://testserver")
    [created] = call(make_event("GET", link))[2]
    assert created["action"] == "create"
    fields = make_fields(eventId=event_id)
    assert call(make_event("POST", f"{path}/restore", {"version": created["version"]}))[::2] == (200, fields)
    tag = call(make_event("GET", path))[1]["ETag"]
    answer = call(make_event("POST", f"{path}/undo", {}, **{"If-Match": tag}))
    assert answer[::2] == (200, {**fields, "title": "B"})
    assert len(get_history("hbA")) == 1
