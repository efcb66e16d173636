"""What holds for every answer: compression, errors, who may call, other origins; and the pages beside the API."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from events.api.bodies import ACCEPT_PATCH
from events.storage.models import EventItem, HistoryItem
from tests.support.api_calls import LAUNCH, assert_error, create, send
from tests.support.tables import read_table


class TestCompression:
    def test_is_for_those_who_accept_it(self, api: APIClient) -> None:
        create(api, description="x" * 5000)
        plain = api.get("/events")
        response = send(api, "GET", "/events", Accept_Encoding="gzip")
        assert "Content-Encoding" not in plain
        assert response["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in response["Vary"]
        assert gzip.decompress(response.content) == plain.content
        assert len(response.content) < 500

    @pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "br, gzip; q=0.0", "gzip;q=0, br"])
    def test_is_not_for_others(self, api: APIClient, accepted: str) -> None:
        create(api, description="x" * 5000)
        response = send(api, "GET", "/events", Accept_Encoding=accepted)
        assert "Content-Encoding" not in response
        assert "Accept-Encoding" in response["Vary"]

    def test_keeps_the_entity_tag_strong_and_its_own(self, api: APIClient) -> None:
        tag = create(api, description="x" * 5000)["ETag"]
        response = send(api, "GET", "/events/launch", Accept_Encoding="gzip")
        assert response["ETag"] == f'{tag[:-1]}-gzip"'
        again = send(api, "GET", "/events/launch", Accept_Encoding="gzip;q=0.5")
        assert (again.content, again["ETag"]) == (response.content, response["ETag"])
        changed = send(api, "PUT", "/events/launch", {"capacity": 1}, If_Match=response["ETag"])
        assert changed.status_code == 200


class TestErrors:
    @pytest.mark.parametrize("path", ["/events/", "/events/a/b", "/events/a/", "/eventsx", "/nothing", "/events/a%2Fb"])
    def test_an_unknown_path_is_not_found(self, api: APIClient, path: str) -> None:
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
            assert_error(send(api, method, path), 404, "There is nothing at this address.", code="not_found")

    @pytest.mark.parametrize(
        ("path", "methods", "allowed"),
        [
            ("/events", "PUT PATCH DELETE OPTIONS TRACE BREW", "GET, HEAD, POST"),
            ("/events/launch", "POST OPTIONS TRACE", "DELETE, GET, HEAD, PATCH, PUT"),
            ("/healthz", "POST PUT DELETE", "GET, HEAD"),
            ("/docs", "POST PUT DELETE OPTIONS", "GET, HEAD"),
            ("/openapi.json", "POST PUT DELETE", "GET, HEAD"),
            ("/", "POST PUT DELETE", "GET, HEAD"),
        ],
    )
    def test_a_wrong_method_is_told_the_right_ones(self, api: APIClient, path: str, methods: str, allowed: str) -> None:
        for method in methods.split():
            response = send(api, method, path)
            assert_error(response, 405, f"This method is not allowed here; allowed: {allowed}.")
            assert response["Allow"] == allowed
            assert response.get("Accept-Patch", "") == (ACCEPT_PATCH if "PATCH" in allowed else "")

    def test_under_events_even_those_who_want_html_get_json(self, api: APIClient) -> None:
        response = send(api, "GET", "/events/a/b", Accept="text/html")
        assert_error(response, 404, "There is nothing at this address.", code="not_found")
        elsewhere = send(api, "GET", "/nothing", Accept="text/html")
        assert (elsewhere.status_code, elsewhere["Content-Type"]) == (404, "text/html; charset=utf-8")

    def test_an_unknown_host_is_refused(self, api: APIClient) -> None:
        for path in ("/events", "/healthz", "/nothing"):
            assert_error(send(api, "GET", path, Host="evil.example"), 400, "The request could not be understood.")

    @pytest.mark.parametrize("debug", [True, False])
    def test_a_bug_is_an_answer_too(
        self, api: APIClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, debug: bool
    ) -> None:
        def broken(*_: Any) -> None:
            raise ZeroDivisionError("secret detail")

        monkeypatch.setattr("events.services.get_event", broken)
        api.raise_request_exception = False
        with override_settings(DEBUG=debug):
            response = api.get("/events/launch")
        detail = "Something went wrong on our side. The request may or may not have been completed."
        assert_error(response, 500, detail, code="internal_error")
        assert "secret detail" in caplog.text

    def test_a_bug_outside_the_api_is_an_answer_too(self, api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: Any) -> None:
            raise ZeroDivisionError("secret detail")

        monkeypatch.setattr("django.middleware.common.CommonMiddleware.process_request", broken)
        api.raise_request_exception = False
        detail = "Something went wrong on our side. The request may or may not have been completed."
        for debug in (True, False):
            with override_settings(DEBUG=debug):
                assert_error(api.get("/events/launch"), 500, detail, code="internal_error")

    def test_every_answer_says_not_to_guess_its_type(self, api: APIClient) -> None:
        for path in ("/events", "/events/absent", "/nothing", "/healthz", "/docs"):
            assert api.get(path)["X-Content-Type-Options"] == "nosniff"


class TestAccess:
    @pytest.mark.parametrize(
        ("access", "reads", "writes"), [("open", 404, 404), ("read-open", 404, 401), ("keyed", 401, 401)]
    )
    def test_who_may_call(self, api: APIClient, access: str, reads: int, writes: int) -> None:
        with override_settings(EVENTS_API_ACCESS=access):
            assert api.get("/events/absent").status_code == reads
            assert api.head("/events/absent").status_code == reads
            assert send(api, "PUT", "/events/absent", {}).status_code == writes
            assert send(api, "PATCH", "/events/absent", {}).status_code == writes
            assert send(api, "DELETE", "/events/absent").status_code == writes
            assert api.get("/healthz").status_code == 200

    def test_who_may_not_call_is_told_what_is_missing(self, api: APIClient) -> None:
        with override_settings(EVENTS_API_ACCESS="keyed"):
            response = send(api, "POST", "/events", LAUNCH)
            detail = "An API key is required. Send it as 'Authorization: Bearer <key>'."
            assert_error(response, 401, detail, code="key_required")
            assert response["WWW-Authenticate"] == "Bearer"
        assert read_table(EventItem) == []

    def test_who_called_is_in_the_history(self, api: APIClient) -> None:
        api.post("/events", LAUNCH, format="json", REMOTE_ADDR="192.0.2.9", HTTP_X_FORWARDED_FOR="203.0.113.1")
        [row] = read_table(HistoryItem)
        assert (row["actor"], row["address"]) == ({"S": "anonymous"}, {"S": "192.0.2.9"})


class TestCrossOrigin:
    @pytest.mark.parametrize("path", ["/events", "/events/launch", "/healthz", "/openapi.json", "/docs", "/events/a/b"])
    def test_any_origin_may_read_the_answer(self, api: APIClient, path: str) -> None:
        response = send(api, "GET", path, Origin="https://app.example")
        assert response["Access-Control-Allow-Origin"] == "*"
        exposed = {"Allow", "ETag", "Link", "Location", "Retry-After", "WWW-Authenticate", "X-Request-Id"}
        assert {header.lower() for header in exposed} == set(
            response["Access-Control-Expose-Headers"].lower().split(", ")
        )

    @pytest.mark.parametrize("access", ["read-open", "keyed"])
    def test_any_origin_may_ask_what_it_may_do(self, api: APIClient, access: str, settings: Any) -> None:
        settings.EVENTS_API_ACCESS = access
        response = send(
            api,
            "OPTIONS",
            "/events/launch",
            Origin="https://app.example",
            Access_Control_Request_Method="PUT",
            Access_Control_Request_Headers="if-match,content-type",
        )
        assert response.status_code == 200
        assert response["Access-Control-Allow-Origin"] == "*"
        methods = response["Access-Control-Allow-Methods"].split(", ")
        assert {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} == set(methods)
        allowed = set(response["Access-Control-Allow-Headers"].split(", "))
        assert {"authorization", "content-type", "idempotency-key", "if-match", "if-none-match"} <= allowed
        assert {"baggage", "traceparent", "tracestate", "x-request-id", "x-requested-with"} <= allowed

    @pytest.mark.parametrize("path", ["/", "/nothing", "/eventsx", "/static/ninja/favicon.svg"])
    def test_elsewhere_it_may_not(self, api: APIClient, path: str) -> None:
        response = send(api, "GET", path, Origin="https://app.example")
        response.close()
        assert "Access-Control-Allow-Origin" not in response


class TestPages:
    def test_the_docs_need_nothing_from_elsewhere(self, api: APIClient) -> None:
        page = api.get("/docs").content.decode()
        assert "://" not in page.replace("http://www.w3.org", "")
        for path in ("/static/ninja/swagger-ui-bundle.js", "/static/ninja/swagger-ui.css"):
            assert path in page
            response = api.get(path)
            assert response.status_code == 200
            assert len(b"".join(response.streaming_content)) > 100_000
            response.close()

    def test_the_root_leads_to_the_staff_pages(self, api: APIClient) -> None:
        response = api.get("/")
        assert (response.status_code, response["Location"]) == (302, "/staff/")

    def test_health_is_well(self, api: APIClient) -> None:
        response = api.get("/healthz")
        assert (response.status_code, json.loads(response.content)) == (200, {"status": "ok"})
