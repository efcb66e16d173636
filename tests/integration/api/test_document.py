"""What the OpenAPI document says is true: examples, headers, codes, servers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from django.conf import settings as django_settings
from django.test.utils import override_script_prefix
from rest_framework.test import APIClient

from eventsite import errors
from eventsite.api import api as ninja_api
from eventsite.api_errors import api_errors
from eventsite.stack import gateway
from tests.support.api_calls import send
from tests.support.fault_proxy import FaultProxy, refuse

DOCUMENT: dict[str, Any] = json.loads((django_settings.BASE_DIR / "docs" / "openapi.json").read_text())
COMPONENTS = DOCUMENT["components"]
RESPONSES = COMPONENTS["responses"]

# The errors of the staff pages, which no call of the API gets.
OF_PAGES = {
    "account_changed",
    "account_not_found",
    "batch_not_found",
    "csrf_failed",
    "key_not_found",
    "own_password",
    "passkey_refused",
}
# API Gateway sends these for calls that are not in the document.
OF_UNKNOWN_CALLS = {"request_failed"}


def resolve(part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    _, _, kind, name = part["$ref"].split("/")
    found: dict[str, Any] = COMPONENTS[kind][name]
    return found


def examples(holder: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    """The schema and value of each example in this part of the document."""
    for value in holder.get("examples", ()) if isinstance(holder.get("examples"), list) else ():
        yield holder, value
    if "schema" in holder and isinstance(holder.get("examples"), dict):
        for example in holder["examples"].values():
            yield holder["schema"], resolve(example)["value"]
    for inner in holder.values():
        if isinstance(inner, dict):
            yield from examples(inner)


def with_components(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "components": COMPONENTS}


def test_each_example_follows_its_schema() -> None:
    found = list(examples(DOCUMENT))
    assert len(found) > 30
    for schema, value in found:
        jsonschema_rs.Draft202012Validator(with_components(schema)).validate(value)


def test_the_examples_are_responses_to_the_examples_of_requests(api: APIClient) -> None:
    schemas, bodies = COMPONENTS["schemas"], COMPONENTS["examples"]
    [new], [change] = schemas["CreateEvent"]["examples"], schemas["UpdateEvent"]["examples"]
    launch = bodies["Event"]["value"]
    assert launch == {"eventId": "launch", **new}
    for method, path, body, expected in (
        ("POST", "/events", launch, launch),
        ("GET", "/events/launch", ..., launch),
        ("GET", "/events", ..., bodies["Events"]["value"]),
        ("PUT", "/events/launch", change, bodies["ChangedEvent"]["value"]),
        ("GET", "/healthz", ..., bodies["Health"]["value"]),
    ):
        assert send(api, method, path, body).json() == expected  # type: ignore[attr-defined]
    [sent] = send(api, "GET", "/events/launch/history?limit=1").json()  # type: ignore[attr-defined]
    [documented] = bodies["History"]["value"]
    chance = {"version", "at", "revision"}
    assert {**sent, **{name: documented[name] for name in chance}} == documented


def example_of(response: str, code: str) -> Any:
    return RESPONSES[response]["content"]["application/json"]["examples"][code]["value"]


def test_the_examples_of_errors_are_responses(api: APIClient, faults: FaultProxy, settings: Any) -> None:
    new = COMPONENTS["schemas"]["CreateEvent"]["examples"][0]
    send(api, "POST", "/events", {"eventId": "launch", **new})
    for name, code, (method, path, *body), headers in (
        ("EventNotFound", "event_not_found", ("GET", "/events/absent"), {}),
        ("EventNotFound", "not_found", ("GET", "/events/a/b"), {}),
        ("VersionNotFound", "version_not_found", ("POST", "/events/launch/restore", {"version": "x"}), {}),
        ("ConditionUnsupported", "condition_unsupported", ("POST", "/events", new), {"If_None_Match": "*"}),
        ("UnsupportedMediaType", "unsupported_encoding", ("POST", "/events", new), {"Content_Encoding": "gzip"}),
        ("MethodNotAllowed", "method_not_allowed", ("DELETE", "/events"), {}),
        ("EventExists", "event_exists", ("POST", "/events", {"eventId": "launch", **new}), {}),
        ("LengthRequired", "length_required", ("POST", "/events"), {"Transfer_Encoding": "chunked"}),
        ("PreconditionFailed", "revision_mismatch", ("PUT", "/events/launch", {}), {"If_Match": '"other"'}),
        ("BodyTooLarge", "body_too_large", ("POST", "/events", b"x" * 1024**2 + b"x"), {}),
        ("InvalidRequest", "invalid_request", ("POST", "/events", {**new, "capacity": "5"}), {}),
        ("BadRequest", "bad_request", ("POST", "/events", {}), {"Content_Length": "x"}),
        ("Unauthorized", "key_invalid", ("GET", "/events"), {"Authorization": "Bearer evk_x"}),
        ("MayNotWrite", "origin_refused", ("POST", "/events", new), {"Origin": "https://other.example"}),
    ):
        response = send(api, method, path, *body, **headers)
        assert response.json() == example_of(name, code)  # type: ignore[attr-defined]
        assert_has_the_headers_of(response, RESPONSES[name])
    settings.EVENTS_API_ACCESS = "keyed"
    response = send(api, "GET", "/events")
    assert response.json() == example_of("Unauthorized", "key_required")  # type: ignore[attr-defined]
    assert "WWW-Authenticate" in response.headers
    faults.set(refuse)
    for path, name, code in (
        ("/healthz", "ServiceUnavailable", "storage_unavailable"),
        ("/events", "InternalServerError", "storage_error"),
    ):
        settings.EVENTS_API_ACCESS = "open"
        assert send(api, "GET", path).json() == example_of(name, code)  # type: ignore[attr-defined]


def assert_has_the_headers_of(response: Any, documented: dict[str, Any]) -> None:
    required = {name for name, header in documented["headers"].items() if resolve(header).get("required")}
    assert "X-Request-Id" in required
    assert required <= set(response.headers)


def test_the_document_has_each_code_of_the_table_of_errors() -> None:
    documented = {code for response in RESPONSES.values() for code in content(response).get("examples", ())}
    table = {
        entry.code for entry in (*errors.ERRORS.values(), *vars(errors).values()) if isinstance(entry, errors.Error)
    }
    assert table - OF_PAGES - OF_UNKNOWN_CALLS <= documented
    assert not documented & OF_PAGES
    assert documented <= set(api_errors())


def test_the_examples_of_the_gateway_are_its_responses() -> None:
    kinds = [
        *("ACCESS_DENIED", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "INVALID_API_KEY"),
        *("MISSING_AUTHENTICATION_TOKEN", "QUOTA_EXCEEDED", "THROTTLED", "WAF_FILTERED"),
    ]
    for configured in map(gateway.response, kinds):
        sent = json.loads(configured["ResponseTemplates"]["application/json"])
        documented = api_errors()[sent["code"]]
        assert documented.example == sent
        added = {name.removeprefix("gatewayresponse.header.") for name in configured["ResponseParameters"]}
        assert added & {"Retry-After"} == set(documented.headers)


def content(response: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = resolve(response)["content"]["application/json"]
    return found


def test_each_response_has_the_status_of_its_codes() -> None:
    known = api_errors()
    for path in DOCUMENT["paths"].values():
        for found in path.values():
            for status, response in found["responses"].items():
                if int(status) >= 400:
                    assert {str(known[code].status) for code in content(response)["examples"]} == {status}


@pytest.mark.parametrize("prefix", ["", "/production"])
def test_the_prefix_of_the_site_is_in_the_servers(prefix: str) -> None:
    with override_script_prefix(f"{prefix}/"):
        document = ninja_api.get_openapi_schema()
    assert [server["url"] for server in document["servers"]] == [prefix or "/"]
    assert set(document["paths"]) == set(DOCUMENT["paths"])


def test_an_update_may_repeat_the_id() -> None:
    schema = with_components({"$ref": "#/components/schemas/UpdateEvent"})
    validator = jsonschema_rs.Draft202012Validator(schema)
    assert validator.is_valid({"eventId": "launch", "capacity": 300})
    assert not validator.is_valid({"eventID": "launch"})


def test_each_tag_and_each_scope_is_explained() -> None:
    tags = {tag["name"] for tag in DOCUMENT["tags"] if tag["description"]}
    for path in DOCUMENT["paths"].values():
        for method, found in path.items():
            assert set(found["tags"]) <= tags
            scope = "read" if method == "get" else "write"
            needed = f"Needs a key with the scope `{scope}`"
            assert (needed in found["description"]) == bool(found["security"]) == (found["tags"] != ["health"])


def test_each_parameter_is_described() -> None:
    for path in DOCUMENT["paths"].values():
        for found in path.values():
            for parameter in map(resolve, found.get("parameters", ())):
                assert parameter["description"], parameter["name"]


def test_the_site_starts_without_the_document() -> None:
    code = (
        "import django, sys; django.setup(); from django.urls import get_resolver; get_resolver().url_patterns; "
        "sys.exit('events.api.openapi' in sys.modules or 'eventsite.api_errors' in sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        env={"DJANGO_SETTINGS_MODULE": "eventsite.settings"},
        check=True,
        cwd=django_settings.BASE_DIR,
    )


def test_every_component_is_used() -> None:
    text = json.dumps(DOCUMENT)
    for kind, components in COMPONENTS.items():
        for name in components:
            if kind != "securitySchemes":
                assert re.search(f'"#/components/{kind}/{re.escape(name)}"', text), (kind, name)
