"""`POST /events` with an `Idempotency-Key`."""

from __future__ import annotations

import json

import pytest
from rest_framework.test import APIClient

from events.storage.models import EventItem
from tests.support.api_calls import assert_error, send
from tests.support.builders import make_body
from tests.support.tables import read_table


class TestIdempotency:
    def test_the_same_key_and_body_return_the_same_response(self, api: APIClient) -> None:
        body = make_body()
        first = send(api, "POST", "/events", body, Idempotency_Key="k1")
        second = send(api, "POST", "/events", dict(reversed(body.items())), Idempotency_Key="k1")
        assert (first.status_code, first.content, first["ETag"]) == (201, second.content, second["ETag"])
        assert (second.status_code, second["Location"]) == (201, first["Location"])
        assert len(read_table(EventItem)) == 1
        assert send(api, "POST", "/events", body, Idempotency_Key="k2").content != first.content

    def test_the_same_key_with_another_body_is_refused(self, api: APIClient) -> None:
        send(api, "POST", "/events", make_body(), Idempotency_Key="k1")
        response = send(api, "POST", "/events", make_body(capacity=1), Idempotency_Key="k1")
        error = {
            "field": "Idempotency-Key",
            "message": "was used with a different body",
            "code": "idempotency_key_reused",
        }
        assert_error(response, 422, "Idempotency-Key was used with a different body.", [error])
        assert len(read_table(EventItem)) == 1

    @pytest.mark.parametrize("key", ["x", "x" * 255, " ~"])
    def test_a_key_has_up_to_255_characters(self, api: APIClient, key: str) -> None:
        assert send(api, "POST", "/events", make_body(), Idempotency_Key=key).status_code == 201

    @pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb"])
    def test_an_invalid_key_is_reported_with_all_other_errors(self, api: APIClient, key: str) -> None:
        response = send(api, "POST", "/events", make_body(capacity=-1), Idempotency_Key=key)
        errors = [
            {"field": "capacity", "message": "must not be negative", "code": "out_of_range"},
            {
                "field": "Idempotency-Key",
                "message": "must be 1 to 255 printable ASCII characters",
                "code": "invalid_idempotency_key",
            },
        ]
        detail = "capacity must not be negative; Idempotency-Key must be 1 to 255 printable ASCII characters."
        answer = json.loads(response.content)
        answer["errors"].sort(key=lambda error: error["field"], reverse=True)
        assert (response.status_code, answer["errors"]) == (422, errors)
        assert sorted(answer["detail"].rstrip(".").split("; ")) == sorted(detail.rstrip(".").split("; "))
        assert read_table(EventItem) == []
