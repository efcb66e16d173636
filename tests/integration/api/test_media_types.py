"""What the headers of a body may say: its coding, its charset, and the format of a patch."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from events.api.bodies import ACCEPT_PATCH, MERGE_PATCH
from events.storage.models import EventItem, HistoryItem
from tests.support.api_calls import LAUNCH, assert_error, create
from tests.support.lambda_events import call, http_event, rest_event
from tests.support.tables import read_table

COMPRESSED = "The body must not be compressed. Send it without Content-Encoding."
OTHER_CHARSET = "The body must be in UTF-8. The Content-Type names another charset."
OTHER_PATCH = "The body of a PATCH must be a JSON merge patch (application/merge-patch+json)."
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def send(api: APIClient, method: str, kind: str, body: bytes = b'{"capacity": 1}', **headers: str) -> Any:
    path = "/events" if method == "POST" else "/events/launch"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.generic(method, path, body, content_type=kind, headers=named)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
class TestAnyBody:
    @pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "br", "identity, gzip", "GZIP", "nonsense"])
    def test_must_not_be_compressed(self, api: APIClient, method: str, coding: str) -> None:
        response = send(api, method, JSON, gzip.compress(json.dumps(LAUNCH).encode()), Content_Encoding=coding)
        assert_error(response, 415, COMPRESSED, code="unsupported_encoding")
        assert response["Accept-Encoding"] == "identity"
        assert read_table(HistoryItem) == []

    @pytest.mark.parametrize("charset", ["latin-1", "ISO-8859-1", "utf-16", "hex", '"utf-16"', "", "UTF-8x"])
    def test_must_be_in_utf_8(self, api: APIClient, method: str, charset: str) -> None:
        response = send(api, method, f"application/json; charset={charset}", '{"title": "é"}'.encode("latin-1"))
        assert_error(response, 415, OTHER_CHARSET, code="unsupported_charset")

    @pytest.mark.parametrize(
        "kind",
        [JSON, FORM, "text/plain", "application/octet-stream", MERGE_PATCH]
        + [f"application/json; charset={charset}" for charset in ("utf-8", "UTF-8", '"utf-8"', "utf8", "US-ASCII")]
        + ["application/json;CHARSET=Utf-8", f"{MERGE_PATCH}; charset=utf-8", "multipart/form-data; boundary=x"],
    )
    def test_is_json_with_any_content_type(self, api: APIClient, method: str, kind: str) -> None:
        if method != "POST":
            create(api)
        body = {**LAUNCH, "title": "é"} if method == "POST" else {"title": "é"}
        response = send(api, method, kind, json.dumps(body, ensure_ascii=False).encode(), Content_Encoding="identity")
        assert response.status_code == (201 if method == "POST" else 200)
        assert json.loads(response.content) == {**LAUNCH, "title": "é"}

    def test_of_a_caller_without_a_key_is_401(self, api: APIClient, method: str, settings: Any) -> None:
        settings.EVENTS_API_ACCESS = "keyed"
        assert send(api, method, JSON, Content_Encoding="gzip").status_code == 401


class TestPatch:
    @pytest.mark.parametrize(
        "kind",
        [
            "application/json-patch+json",
            "Application/JSON-Patch+JSON; charset=utf-8",
            "application/strategic-merge-patch+json",
            "application/xml-patch+xml",
        ],
    )
    def test_accepts_no_other_patch(self, api: APIClient, kind: str) -> None:
        create(api)
        body = b'[{"op": "replace", "path": "/capacity", "value": 1}]'
        response = send(api, "PATCH", kind, body)
        assert_error(response, 415, OTHER_PATCH, code="unsupported_patch")
        assert response["Accept-Patch"] == ACCEPT_PATCH == "application/merge-patch+json, application/json"
        [event] = read_table(EventItem)
        assert event["capacity"] == {"N": "250"}

    @pytest.mark.parametrize("body", [b"[]", b'"x"', b"1", b"null", b""])
    def test_must_be_an_object(self, api: APIClient, body: bytes) -> None:
        """RFC 7396 replaces the whole target by anything else."""
        create(api)
        response = api.generic("PATCH", "/events/launch", body, MERGE_PATCH, headers={"Content-Length": str(len(body))})
        assert response.status_code == 422
        assert json.loads(response.content)["errors"][0]["field"] == "body"


@pytest.mark.parametrize("make_event", [rest_event, http_event])
def test_on_lambda(make_event: Any, api: APIClient) -> None:
    create(api)
    for sent, status, code in (
        ({"Content-Encoding": "gzip"}, 415, "unsupported_encoding"),
        ({"Content-Type": "application/json; charset=latin-1"}, 415, "unsupported_charset"),
        ({"Content-Type": "application/json-patch+json"}, 415, "unsupported_patch"),
    ):
        answer = call(make_event("PATCH", "/events/launch", {"capacity": 1}, **sent))
        assert (answer[0], answer[2]["code"]) == (status, code)
    answer = call(make_event("PATCH", "/events/launch", {"capacity": 1}, **{"Content-Type": MERGE_PATCH}))
    assert answer[::2] == (200, {**LAUNCH, "capacity": 1})
