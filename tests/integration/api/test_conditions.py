"""The preconditions of RFC 9110, 13.1, at every address and with every method of the API."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import pytest
from django.http import HttpResponse
from rest_framework.test import APIClient

from events import services
from events.domain import Change, IdempotencyKey
from events.storage import events as repository
from events.storage.models import EventItem, HistoryItem
from tests.support.api_calls import LAUNCH, assert_error, assert_event, create, send
from tests.support.builders import ACTOR, make_body
from tests.support.tables import read_table

MISMATCH = "The current ETag does not meet If-Match or If-None-Match. Nothing was changed."
NOT_FOUND = "There is no event with this eventId."
UNCHECKED = "POST cannot check If-None-Match, or an ETag in If-Match. Nothing was created."
WRITES = [("PUT", {"capacity": 1}), ("PATCH", {"capacity": 1}), ("DELETE", ...)]
READS = ["/events", "/events?status=active", "/events?limit=1", "/events/launch", "/openapi.json", "/healthz"]


def assert_not_modified(response: HttpResponse, tag: str) -> None:
    assert (response.status_code, response.content, response["ETag"]) == (304, b"", tag)
    assert "Accept-Encoding" in response["Vary"]
    assert not {"Content-Type", "Content-Length"} & set(response.headers)


class TestWrites:
    @pytest.mark.parametrize(("method", "body"), WRITES)
    @pytest.mark.parametrize("tags", ["*", "{0}", "W/{0}", '"x", {0}', "{1}", "nonsense", ""])
    def test_if_none_match_of_the_current_revision_changes_nothing(
        self, api: APIClient, method: str, body: Any, tags: str
    ) -> None:
        tag = create(api)["ETag"]
        named = tags.format(tag, f'{tag[:-1]}-gzip"')
        assert_error(send(api, method, "/events/launch", body, If_None_Match=named), 412, MISMATCH)
        assert_event(api.get("/events/launch"), 200, LAUNCH)
        assert len(read_table(HistoryItem)) == 1

    @pytest.mark.parametrize(("method", "body"), WRITES)
    def test_if_none_match_of_another_revision_writes(self, api: APIClient, method: str, body: Any) -> None:
        create(api)
        assert send(api, method, "/events/launch", body, If_None_Match='"x", W/"y"').status_code in (200, 204)
        assert len(read_table(HistoryItem)) == 2

    @pytest.mark.parametrize(("method", "body"), WRITES)
    @pytest.mark.parametrize("header", ["If_Match", "If_None_Match"])
    @pytest.mark.parametrize("value", ["*", '"x"', "nonsense"])
    def test_an_unknown_event_returns_404(
        self, api: APIClient, method: str, body: Any, header: str, value: str
    ) -> None:
        assert_error(send(api, method, "/events/launch", body, **{header: value}), 404, NOT_FOUND)
        assert read_table(EventItem) == []

    @pytest.mark.parametrize(("method", "body"), WRITES)
    def test_both_conditions_must_be_true(self, api: APIClient, method: str, body: Any) -> None:
        tag = create(api)["ETag"]
        for match, none_match in ((tag, tag), ('"x"', '"y"'), ("*", "*")):
            response = send(api, method, "/events/launch", body, If_Match=match, If_None_Match=none_match)
            assert_error(response, 412, MISMATCH)
        response = send(api, method, "/events/launch", body, If_Match=tag, If_None_Match='"y"')
        assert response.status_code in (200, 204)

    def test_a_revision_that_a_concurrent_writer_makes_counts(self, api: APIClient) -> None:
        """The condition holds for the revision that the write replaces, not for the one that was read first."""
        create(api)
        write = repository.write

        def race(change: Change, idempotency: IdempotencyKey | None = None) -> None:
            with patch.object(repository, "write", write), patch("secrets.token_hex", lambda _: "f" * 16):
                services.update_event("launch", {"title": "Winner"}, ACTOR)
            write(change, idempotency)

        for method, body in WRITES:
            with patch.object(repository, "write", race):
                response = send(api, method, "/events/launch", body, If_None_Match=f'"{"f" * 16}"')
            assert_error(response, 412, MISMATCH)
            services.update_event("launch", {"title": "Back"}, ACTOR)
        assert_event(api.get("/events/launch"), 200, {**LAUNCH, "title": "Back"})

    def test_dates_in_conditions_are_ignored_because_there_is_no_last_modified(self, api: APIClient) -> None:
        assert "Last-Modified" not in create(api).headers
        dates = {"If_Unmodified_Since": "Thu, 01 Jan 1970 00:00:00 GMT", "If_Modified_Since": "nonsense"}
        assert send(api, "PUT", "/events/launch", {"capacity": 1}, **dates).status_code == 200
        assert send(api, "DELETE", "/events/launch", **dates).status_code == 204


class TestCreate:
    @pytest.mark.parametrize(
        "headers",
        [{"If_None_Match": "*"}, {"If_None_Match": '"x"'}, {"If_Match": '"x"'}, {"If_Match": "nonsense"}],
    )
    def test_is_refused_with_a_condition_that_it_cannot_check(self, api: APIClient, headers: dict[str, str]) -> None:
        response = send(api, "POST", "/events", make_body(), **headers)
        assert_error(response, 412, UNCHECKED, code="condition_unsupported")
        assert read_table(EventItem) == []

    def test_needs_the_list_of_all_events_which_always_exists(self, api: APIClient) -> None:
        assert send(api, "POST", "/events", make_body(), If_Match="*").status_code == 201


class TestReads:
    @pytest.mark.parametrize("path", READS)
    def test_have_a_strong_tag_that_stays(self, api: APIClient, path: str) -> None:
        create(api)
        first, second = api.get(path), api.get(path)
        assert first["ETag"] == second["ETag"]
        assert first["ETag"].startswith('"')
        assert api.head(path)["ETag"] == first["ETag"]

    @pytest.mark.parametrize("path", READS)
    def test_if_none_match(self, api: APIClient, path: str) -> None:
        create(api)
        tag = api.get(path)["ETag"]
        for method in ("GET", "HEAD"):
            for value in (tag, f"W/{tag}", f'"x", {tag}', "*"):
                assert_not_modified(send(api, method, path, If_None_Match=value), tag)
            for value in ('"x"', "nonsense", ""):
                assert send(api, method, path, If_None_Match=value).status_code == 200

    @pytest.mark.parametrize("path", READS)
    def test_if_match(self, api: APIClient, path: str) -> None:
        create(api)
        tag = api.get(path)["ETag"]
        for value in (tag, f'"x", {tag}', "*"):
            assert send(api, "GET", path, If_Match=value).status_code == 200
        for value in ('"x"', f"W/{tag}", "nonsense", ""):
            assert_error(send(api, "GET", path, If_Match=value), 412, MISMATCH)
            head = send(api, "HEAD", path, If_Match=value)
            assert (head.status_code, head.content) == (412, b"")
        assert_error(send(api, "GET", path, If_Match='"x"', If_None_Match=tag), 412, MISMATCH)
        assert_not_modified(send(api, "GET", path, If_Match=tag, If_None_Match=tag), tag)

    def test_of_nothing_return_404(self, api: APIClient) -> None:
        for header in ("If_Match", "If_None_Match"):
            assert_error(send(api, "GET", "/events/launch", **{header: '"x"'}), 404, NOT_FOUND)
            assert_error(send(api, "GET", "/events/launch", **{header: "*"}), 404, NOT_FOUND)

    def test_ignore_dates_and_ranges(self, api: APIClient) -> None:
        tag = create(api)["ETag"]
        for headers in (
            {"If_Modified_Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
            {"If_Unmodified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
            {"Range": "bytes=0-5", "If_Range": tag},
        ):
            assert_event(send(api, "GET", "/events/launch", **headers), 200, LAUNCH)

    def test_of_refused_callers_stay_refused(self, api: APIClient, settings: Any) -> None:
        settings.EVENTS_API_ACCESS = "keyed"
        for path in ("/events", "/events/launch"):
            assert send(api, "GET", path, If_None_Match="*").status_code == 401
            assert send(api, "GET", path, If_Match='"x"').status_code == 401


class TestListTags:
    def test_change_with_any_event_of_the_list(self, api: APIClient) -> None:
        tags = [api.get("/events")["ETag"]]
        create(api)
        tags.append(api.get("/events")["ETag"])
        send(api, "PUT", "/events/launch", {"description": "Doors at eight."})
        tags.append(api.get("/events")["ETag"])
        create(api, eventId="second")
        tags.append(api.get("/events")["ETag"])
        assert len(set(tags)) == 4
        services.delete_event("second", ACTOR)
        assert api.get("/events")["ETag"] == tags[2]
        assert api.get("/events?status=cancelled")["ETag"] == tags[0]

    def test_change_with_the_link_to_the_next_page(self, api: APIClient) -> None:
        """Otherwise 304 would hide the new page: the body of this one is the same."""
        create(api)
        before = api.get("/events?limit=1")
        create(api, eventId="next")
        after = send(api, "GET", "/events?limit=1", If_None_Match=before["ETag"])
        assert (after.status_code, after.content) == (200, before.content)
        assert send(api, "GET", "/events?limit=1", If_None_Match=after["ETag"])["Link"] == after["Link"]

    def test_are_others_for_compressed_lists(self, api: APIClient) -> None:
        create(api, description="x" * 5000)
        tag = api.get("/events")["ETag"]
        packed = [send(api, "GET", "/events", Accept_Encoding="gzip") for _ in range(2)]
        assert packed[0]["ETag"] == f'{tag[:-1]}-gzip"'
        assert packed[0].content == packed[1].content
        for named in (tag, packed[0]["ETag"]):
            assert_not_modified(send(api, "GET", "/events", Accept_Encoding="gzip", If_None_Match=named), named)
            assert send(api, "GET", "/events", If_Match=named).status_code == 200

    def test_of_an_earlier_list_return_the_new_one(self, api: APIClient) -> None:
        create(api)
        tag = api.get("/events")["ETag"]
        send(api, "PUT", "/events/launch", {"capacity": 1})
        response = send(api, "GET", "/events", If_None_Match=tag)
        assert json.loads(response.content) == [{**LAUNCH, "capacity": 1}]
