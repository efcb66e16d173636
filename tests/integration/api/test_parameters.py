"""Which query parameters are refused, and why."""

from __future__ import annotations

import json

import pytest
from rest_framework.test import APIClient

from events.cursors import Start, encode_start
from eventsite.api import api as ninja_api
from tests.support.api_calls import LAUNCH, assert_error, create, send

PARAMETERS = "status, from, to, q, order, limit, cursor"
BUT_STATUS = f"is not a query parameter, but status is; the query parameters are {PARAMETERS}"


def error(field: str, code: str, message: str) -> dict[str, str]:
    return {"field": field, "message": message, "code": code}


@pytest.mark.parametrize(
    ("query", "field", "code", "message"),
    [
        ("status=", "status", "empty", "must not be empty"),
        ("status=active&status=", "status", "empty", "must not be empty"),
        ("&".join(f"status={n}" for n in range(11)), "status", "too_many", "must have at most 10 values"),
        ("&".join(["status=active"] * 11), "status", "too_many", "must have at most 10 values"),
        ("from=", "from", "invalid_date", "must be a date as YYYY-MM-DD"),
        ("to=", "to", "invalid_date", "must be a date as YYYY-MM-DD"),
        ("limit=", "limit", "not_an_integer", "must be a whole number from 1 to 1,000"),
        ("limit=1.5", "limit", "not_an_integer", "must be a whole number from 1 to 1,000"),
        ("cursor=", "cursor", "invalid_cursor", "must be a cursor from a page of this list"),
        ("q=", "q", "empty", "must have a word to search for"),
        ("q=%20%22", "q", "empty", "must have a word to search for"),
        ("q=" + "x" * 201, "q", "too_long", "must be at most 200 characters long"),
        ("order=", "order", "not_a_choice", "must be date or -date"),
        ("order=title", "order", "not_a_choice", "must be date or -date"),
        ("from=2026-12-02&to=2026-12-01", "to", "out_of_range", "must not be before 'from'"),
        *(
            (f"{name}={value}&{name}={value}", name, "repeated", "must be given only once")
            for name, value in {
                "from": "2026-12-01",
                "to": "2026-12-01",
                "limit": 5,
                "q": "x",
                "order": "date",
            }.items()
        ),
        (
            "stats=active",
            "stats",
            "unknown_parameter",
            BUT_STATUS,
        ),
        (
            "utm_source=x",
            "utm_source",
            "unknown_parameter",
            f"is not a query parameter; the query parameters are {PARAMETERS}",
        ),
        ("Status", "Status", "unknown_parameter", BUT_STATUS),
        ("&".join(f"x{n}=1" for n in range(101)), "query", "too_many", "has 101 parameters"),
    ],
)
def test_an_invalid_query_is_refused_with_the_reason(
    api: APIClient, query: str, field: str, code: str, message: str
) -> None:
    response = api.get(f"/events?{query}")
    assert_error(response, 422, f"{field} {message}.", [error(field, code, message)])


def test_a_repeated_cursor_is_refused(api: APIClient) -> None:
    cursor = f"cursor={encode_start(Start('2026-12-01#a'))}"
    response = api.get(f"/events?{cursor}&{cursor}")
    assert_error(
        response,
        422,
        "cursor must be given only once.",
        [error("cursor", "repeated", "must be given only once")],
    )


def test_every_error_is_named(api: APIClient) -> None:
    response = api.get("/events?colour=red&from=x&limit=0&limit=1&order=x&size=5")
    assert [(found["field"], found["code"]) for found in json.loads(response.content)["errors"]] == [
        ("from", "invalid_date"),
        ("order", "not_a_choice"),
        ("colour", "unknown_parameter"),
        ("limit", "repeated"),
        ("size", "unknown_parameter"),
    ]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_event_has_no_parameters(api: APIClient, method: str) -> None:
    tag = create(api)["ETag"]
    message = "is not a query parameter; this request has none"
    response = send(api, method, "/events/launch?force=1", {"capacity": 1})
    assert_error(response, 422, f"force {message}.", [error("force", "unknown_parameter", message)])
    assert api.get("/events/launch")["ETag"] == tag


def test_errors_of_the_query_and_the_body_are_in_one_response(api: APIClient) -> None:
    response = send(api, "POST", "/events?dryRun=1", {**LAUNCH, "capacity": -1})
    assert [(found["field"], found["code"]) for found in json.loads(response.content)["errors"]] == [
        ("capacity", "out_of_range"),
        ("dryRun", "unknown_parameter"),
    ]
    assert json.loads(api.get("/events").content) == []


def test_an_unknown_event_with_an_unknown_parameter_is_refused(api: APIClient) -> None:
    assert api.get("/events/absent?x").status_code == 422


def test_every_operation_refuses_unknown_parameters(api: APIClient) -> None:
    """A new router that is not strict fails here."""
    for path, operations in ninja_api.get_openapi_schema()["paths"].items():
        for method in operations:
            if path == "/healthz":
                continue
            response = send(api, method.upper(), f"{path.replace('{eventId}', 'launch')}?colour=1", {})
            codes = {found["code"] for found in json.loads(response.content).get("errors", [])}
            assert "unknown_parameter" in codes, (method, path)
