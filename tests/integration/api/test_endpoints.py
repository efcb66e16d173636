"""Every endpoint for one event and every status, with whole responses."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from rest_framework.test import APIClient

from events.api.bodies import MAX_FIELDS
from events.storage.models import EventItem, HistoryItem
from tests.support.api_calls import LAUNCH, assert_error, assert_event, create, send
from tests.support.builders import make_body
from tests.support.hostile_texts import TEXT_FIELDS
from tests.support.tables import read_table

NOT_FOUND = "There is no event with this eventId."
OLD_REVISION = "The current ETag does not meet If-Match or If-None-Match. Nothing was changed."
MOST_UNKNOWN = MAX_FIELDS - len(LAUNCH)


class TestCreate:
    def test_returns_the_event_and_its_location(self, api: APIClient) -> None:
        response = send(api, "POST", "/events", LAUNCH)
        assert_event(response, 201, LAUNCH)
        assert response["Location"] == "/events/launch"
        assert api.get(response["Location"])["ETag"] == response["ETag"]

    @pytest.mark.parametrize("event_id", [..., None])
    def test_generates_an_id_if_there_is_none(self, api: APIClient, event_id: Any) -> None:
        body = make_body(eventId=event_id)
        response = send(api, "POST", "/events", body)
        generated = json.loads(response.content)["eventId"]
        assert len(generated) == 36
        assert_event(response, 201, {**body, "eventId": generated})
        assert response["Location"] == f"/events/{generated}"

    def test_an_existing_id_returns_409(self, api: APIClient) -> None:
        created = create(api)
        response = send(api, "POST", "/events", {**LAUNCH, "title": "Another"})
        assert_error(response, 409, "An event with this eventId already exists. Nothing was changed.")
        assert_event(api.get("/events/launch"), 200, LAUNCH)
        assert api.get("/events/launch")["ETag"] == created["ETag"]

    def test_names_every_error_at_once(self, api: APIClient) -> None:
        body = {"eventId": "a/b", "title": " ", "date": "2026-02-30", "capacity": True, "status": None, "colour": 1}
        errors = [
            {"field": "eventId", "message": "must not contain '/', and must not be '.' or '..'", "code": "invalid_id"},
            {"field": "title", "message": "must not be empty", "code": "empty"},
            {"field": "description", "message": "is required", "code": "required"},
            {"field": "date", "message": "must be a day that exists", "code": "invalid_date"},
            {"field": "location", "message": "is required", "code": "required"},
            {"field": "capacity", "message": "must be a whole number", "code": "not_an_integer"},
            {"field": "organizer", "message": "is required", "code": "required"},
            {"field": "status", "message": "must be text", "code": "null"},
            {"field": "colour", "message": "is not a field of an event", "code": "unknown_field"},
        ]
        detail = "; ".join(f"{error['field']} {error['message']}" for error in errors) + "."
        assert_error(send(api, "POST", "/events", body), 422, detail, errors)
        assert read_table(EventItem) == []

    @pytest.mark.parametrize(
        ("body", "message", "code"),
        [
            (b"", "must be a JSON object; the body is empty", "required"),
            (b"null", "must be a JSON object", "not_an_object"),
            (b"[]", "must be a JSON object", "not_an_object"),
            (b'"text"', "must be a JSON object", "not_an_object"),
            (b"5", "must be a JSON object", "not_an_object"),
            (b"{", "is not valid JSON: ", "invalid_json"),
            (b'{"capacity": NaN}', "is not valid JSON: ", "invalid_json"),
            (b'{"capacity": -Infinity}', "is not valid JSON: ", "invalid_json"),
            (b'{"title": "\xff"}', "is not valid JSON: ", "invalid_json"),
            ('{"title": "é"}'.encode("utf-16"), "is not valid JSON: ", "invalid_json"),
            (b"\xef\xbb\xbf{}", "is not valid JSON: ", "invalid_json"),
            (b"[" * 100_000, "is not valid JSON: ", "invalid_json"),
            (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, "is not valid JSON: ", "invalid_json"),
            (b"title=Launch", "is not valid JSON: ", "invalid_json"),
        ],
    )
    def test_a_body_must_be_a_json_object(self, api: APIClient, body: bytes, message: str, code: str) -> None:
        response = send(api, "POST", "/events", body)
        assert response.status_code == 422
        answer = json.loads(response.content)
        assert [(error["field"], error["code"]) for error in answer["errors"]] == [("body", code)]
        assert answer["errors"][0]["message"].startswith(message)
        assert answer["detail"].startswith(f"body {message}")

    def test_half_a_surrogate_pair_is_an_error_of_its_field(self, api: APIClient) -> None:
        body = json.dumps({**LAUNCH, "title": "\ud800"}).encode()
        error = {"field": "title", "message": "has half a surrogate pair (U+D800)", "code": "invalid_characters"}
        assert_error(send(api, "POST", "/events", body), 422, "title has half a surrogate pair (U+D800).", [error])

    @pytest.mark.parametrize(("unknown", "errors"), [(MOST_UNKNOWN, MOST_UNKNOWN), (MOST_UNKNOWN + 1, 1), (60_000, 1)])
    def test_too_many_fields_are_one_error(self, api: APIClient, unknown: int, errors: int) -> None:
        body = {**LAUNCH, **dict.fromkeys((f"x{number}" for number in range(unknown)), 1)}
        response = send(api, "POST", "/events", body)
        assert (response.status_code, len(json.loads(response.content)["errors"])) == (422, errors)
        if errors == 1:
            message = f"has {len(body):,} fields; an event has {len(LAUNCH)}"
            assert_error(response, 422, f"body {message}.", [{"field": "body", "message": message, "code": "too_many"}])

    @pytest.mark.parametrize(
        ("digits", "message"),
        [
            ("1000000000000001", "must be at most 1,000,000,000,000,000"),
            ("1" + "0" * 30, "must be at most 1,000,000,000,000,000"),
            ("1" + "0" * 5000, "must be at most 1,000,000,000,000,000"),
            ("1e300", "must be at most 1,000,000,000,000,000"),
            ("1e999", "must be at most 1,000,000,000,000,000"),
            ("-1" + "0" * 30, "must not be negative"),
            ("1e3", "must be a whole number"),
            ("5.0", "must be a whole number"),
        ],
    )
    def test_errors_name_the_rule_that_a_number_breaks(self, api: APIClient, digits: str, message: str) -> None:
        body = json.dumps({**LAUNCH, "capacity": "?"}).replace('"?"', digits).encode()
        code = "not_an_integer" if "whole" in message else "out_of_range"
        error = {"field": "capacity", "message": message, "code": code}
        assert_error(send(api, "POST", "/events", body), 422, f"capacity {message}.", [error])

    def test_unknown_field_names_are_shortened_and_printable(self, api: APIClient) -> None:
        errors = json.loads(send(api, "POST", "/events", {**LAUNCH, "y" * 500_000: 1, "\ud800": 1}).content)["errors"]
        assert [error["field"] for error in errors] == ["y" * 100 + "…", "\\ud800"]

    def test_accepts_the_largest_valid_body(self, api: APIClient) -> None:
        largest = {
            **dict.fromkeys(TEXT_FIELDS, "\u0800" * 341),
            "eventId": "🎪" * 128,
            "description": "🎪" * 65_536,
            "date": "9999-12-31",
            "capacity": 10**15,
        }
        body = json.dumps(largest, ensure_ascii=True).encode()
        assert_event(send(api, "POST", "/events", body), 201, largest)

    @pytest.mark.parametrize(("size", "status"), [(1024 * 1024, 422), (1024 * 1024 + 1, 413)])
    def test_a_body_may_have_1_mib(self, api: APIClient, size: int, status: int) -> None:
        response = send(api, "POST", "/events", b" " * size)
        assert response.status_code == status
        if status == 413:
            assert_error(response, 413, "The body is too large. The limit is 1 MiB.")

    @pytest.mark.parametrize(
        "event_id", ["a b", "é", "🎪", "%2F", "a?b", "#", "...", "a+b", ";", "\\", "'\"<>", "\u202e"]
    )
    def test_ids_work_percent_encoded(self, api: APIClient, event_id: str) -> None:
        created = create(api, eventId=event_id)
        assert created["Location"] == f"/events/{quote(event_id, safe='')}"
        assert_event(api.get(created["Location"]), 200, {**LAUNCH, "eventId": event_id})
        assert api.delete(created["Location"]).status_code == 204


class TestRead:
    def test_returns_the_event(self, api: APIClient) -> None:
        created = create(api)
        response = api.get("/events/launch")
        assert_event(response, 200, LAUNCH)
        assert response["ETag"] == created["ETag"]

    @pytest.mark.parametrize(
        "event_id", ["absent", "x" * 2000, "%00", "%0A", "%25FF", "%2E", "a%0Db", "LAUNCH", "launch%20"]
    )
    def test_unknown_events_return_404(self, api: APIClient, event_id: str) -> None:
        create(api)
        for method in ("GET", "DELETE"):
            assert_error(send(api, method, f"/events/{event_id}"), 404, NOT_FOUND)
        for method in ("PUT", "PATCH"):
            assert_error(send(api, method, f"/events/{event_id}", {"capacity": 1}), 404, NOT_FOUND)

    @pytest.mark.parametrize(
        ("tags", "answered"),
        [
            ("{0}", "{0}"),
            ("W/{0}", "{0}"),
            ("*", "{0}"),
            ('"other", {0}', "{0}"),
            ('W/"x",W/{0}', "{0}"),
            ("{1}", "{1}"),
        ],
    )
    def test_if_none_match_of_the_current_revision_returns_304(self, api: APIClient, tags: str, answered: str) -> None:
        tag = create(api)["ETag"]
        forms = tag, f'{tag[:-1]}-gzip"'
        response = send(api, "GET", "/events/launch", If_None_Match=tags.format(*forms))
        assert (response.status_code, response.content, response["ETag"]) == (304, b"", answered.format(*forms))
        assert "Accept-Encoding" in response["Vary"]
        assert "Content-Type" not in response
        assert "Content-Length" not in response

    @pytest.mark.parametrize("tags", ['"other"', "", "nonsense", '"'])
    def test_if_none_match_of_another_revision_returns_the_event(self, api: APIClient, tags: str) -> None:
        create(api)
        assert_event(send(api, "GET", "/events/launch", If_None_Match=tags), 200, LAUNCH)

    def test_head_returns_the_headers_of_get_without_a_body(self, api: APIClient) -> None:
        create(api)
        for path in ("/events", "/events/launch", "/events?limit=1", "/healthz", "/openapi.json", "/events/absent"):
            get, head = api.get(path), api.head(path)
            assert (head.status_code, head.content) == (get.status_code, b"")
            assert head.headers.pop("X-Request-Id") != get.headers.pop("X-Request-Id")
            assert dict(head.headers) == dict(get.headers)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
class TestUpdate:
    def test_changes_only_the_sent_fields(self, api: APIClient, method: str) -> None:
        created = create(api)
        response = send(api, method, "/events/launch", {"capacity": 9, "description": ""})
        assert_event(response, 200, {**LAUNCH, "capacity": 9, "description": ""})
        assert response["ETag"] != created["ETag"]
        assert_event(api.get("/events/launch"), 200, {**LAUNCH, "capacity": 9, "description": ""})

    @pytest.mark.parametrize("body", [{}, {"eventId": "launch"}, {"capacity": 250}, LAUNCH])
    def test_unchanged_values_write_nothing(self, api: APIClient, method: str, body: dict[str, Any]) -> None:
        created = create(api)
        response = send(api, method, "/events/launch", body)
        assert_event(response, 200, LAUNCH)
        assert response["ETag"] == created["ETag"]
        assert len(read_table(HistoryItem)) == 1

    def test_names_every_error_at_once(self, api: APIClient, method: str) -> None:
        create(api)
        errors = [
            {"field": "eventId", "message": "must be the ID in the address, or be left out", "code": "id_mismatch"},
            {"field": "title", "message": "must not be null, because a field cannot be removed", "code": "null"},
            {"field": "capacity", "message": "must not be negative", "code": "out_of_range"},
            {"field": "x", "message": "is not a field of an event", "code": "unknown_field"},
        ]
        detail = (
            "eventId must be the ID in the address, or be left out; title must not be null, because a field cannot be "
            "removed; capacity must not be negative; x is not a field of an event."
        )
        response = send(api, method, "/events/launch", {"eventId": "other", "title": None, "capacity": -1, "x": 1})
        assert_error(response, 422, detail, errors)
        assert_event(api.get("/events/launch"), 200, LAUNCH)

    @pytest.mark.parametrize("body", [b"", b"[]", b"{"])
    def test_a_body_must_be_a_json_object(self, api: APIClient, method: str, body: bytes) -> None:
        create(api)
        assert send(api, method, "/events/launch", body).status_code == 422

    @pytest.mark.parametrize("tags", ["{0}", '"other", {0}', "*", "{1}"])
    def test_if_match_of_the_current_revision_updates(self, api: APIClient, method: str, tags: str) -> None:
        tag = create(api)["ETag"]
        header = tags.format(tag, f'{tag[:-1]}-gzip"')
        response = send(api, method, "/events/launch", {"capacity": 1}, If_Match=header)
        assert_event(response, 200, {**LAUNCH, "capacity": 1})

    @pytest.mark.parametrize("tags", ['"other"', "W/{0}", "", "nonsense", '"x", W/{0}', "{0}x"])
    def test_if_match_of_another_revision_returns_412(self, api: APIClient, method: str, tags: str) -> None:
        tag = create(api)["ETag"]
        for each in (method, "DELETE"):
            response = send(api, each, "/events/launch", {"capacity": 1}, If_Match=tags.format(tag))
            assert_error(response, 412, OLD_REVISION)
        assert_event(api.get("/events/launch"), 200, LAUNCH)

    def test_if_match_for_an_unknown_event_returns_404(self, api: APIClient, method: str) -> None:
        for each in (method, "DELETE"):
            assert_error(send(api, each, "/events/launch", {"capacity": 1}, If_Match='"x"'), 404, NOT_FOUND)

    def test_null_removes_no_field(self, api: APIClient, method: str) -> None:
        create(api)
        response = send(api, method, "/events/launch", dict.fromkeys(LAUNCH))
        own = {"field": "eventId", "message": "must be the ID in the address, or be left out", "code": "id_mismatch"}
        message = "must not be null, because a field cannot be removed"
        errors = [own, *({"field": name, "message": message, "code": "null"} for name in LAUNCH if name != "eventId")]
        assert_error(response, 422, "; ".join(f"{e['field']} {e['message']}" for e in errors) + ".", errors)
        assert_event(api.get("/events/launch"), 200, LAUNCH)


class TestDelete:
    def test_returns_204_and_deletes_the_event(self, api: APIClient) -> None:
        tag = create(api)["ETag"]
        response = send(api, "DELETE", "/events/launch", If_Match=tag)
        assert (response.status_code, response.content) == (204, b"")
        assert "Content-Type" not in response
        assert "Content-Length" not in response
        assert_error(send(api, "DELETE", "/events/launch"), 404, NOT_FOUND)
        assert_error(send(api, "GET", "/events/launch"), 404, NOT_FOUND)
        assert json.loads(api.get("/events").content) == []

    def test_frees_the_id(self, api: APIClient) -> None:
        create(api)
        api.delete("/events/launch")
        create(api, title="Again")
        assert_event(api.get("/events/launch"), 200, {**LAUNCH, "title": "Again"})
