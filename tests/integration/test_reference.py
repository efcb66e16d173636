"""The API reference at /docs shows everything that the OpenAPI document says, without scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any, get_args

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.test.utils import override_script_prefix

from events.pages.markdown import inline
from events.rules import Code
from eventsite.api import DocumentedAPI
from eventsite.reference import reference_of
from tests.support.fault_proxy import FaultProxy, refuse
from tests.support.page_reader import links, text

DOCS = django_settings.BASE_DIR / "docs"
DOCUMENT = json.loads((DOCS / "openapi.json").read_text())
COMPONENTS = DOCUMENT["components"]
SCHEMAS = COMPONENTS["schemas"]
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


PLACES = {"path", "query", "header"}  # of parameters


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """The component that a part of the document refers to, or the part itself."""
    if "$ref" not in part:
        return part
    _, _, kind, name = part["$ref"].split("/")
    found: dict[str, Any] = COMPONENTS[kind][name]
    return found


def words(html: str) -> str:
    return " ".join(unescape(re.sub("<[^>]*>", " ", html)).split())


def plain(markdown: str) -> str:
    return words(str(inline(markdown)))


def section(html: str, name: str) -> str:
    [found] = re.findall(rf'<section [^>]*id="{name}".*?</section>', html, re.DOTALL)
    return words(found)


def row(html: str, name: str, head: str, place: str = "") -> str:
    """The row of a table in a section, by the text of its first cell; that of a parameter also by its place."""
    [found] = re.findall(rf'<section [^>]*id="{name}".*?</section>', html, re.DOTALL)
    rows = [words(row) for row in re.findall("<tr>.*?</tr>", found, re.DOTALL)]
    [one] = [
        row for row in rows if row.split()[0] == head and {row.split()[1]} & PLACES == ({place} if place else set())
    ]
    return one


@pytest.fixture
def page() -> str:
    return Client().get("/docs").content.decode()


def rules_of(schema: dict[str, Any]) -> list[str]:
    """What a reader must find about a parameter or a field."""
    rule = schema.get("anyOf", [schema])[0]
    numbers = ("minLength", "maxLength", "minimum", "maximum", "maxItems")
    limits = [f"{rule[name]:,}" for name in numbers if name in rule] + rule.get("enum", [])
    limits += [f"default: {rule['default']}"] if "default" in rule else []
    return [rule["type"], *limits, plain(rule.get("description", "")), rule.get("format", "")]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_complete(page: str, name: str) -> None:
    method, path, operation = OPERATIONS[name]
    shown = section(page, name)
    for part in (operation["summary"], f"{method.upper()} {path} ", plain(operation["description"])):
        assert part in shown
    for parameter in map(resolved, operation.get("parameters", ())):
        found = row(page, name, parameter["name"], parameter["in"])
        assert ("Required" in found) == parameter["required"]
        for part in [plain(parameter.get("description", "")), *rules_of(parameter["schema"])]:
            assert part in found
    if "requestBody" in operation:
        [body_name] = {*re.findall(r"schemas/(\w+)", json.dumps(operation["requestBody"]))}
        body = SCHEMAS[body_name]
        assert words(json.dumps(body["examples"][0], indent=2)) in shown
        for field, schema in body["properties"].items():
            found = row(page, name, field)
            assert ("Required" in found) == (field in body.get("required", ()))
            for part in rules_of(schema):
                assert part in found
    for status, response in operation["responses"].items():
        found = row(page, name, status)
        response = resolved(response)  # noqa: PLW2901
        assert response["description"] in found
        for header, more in response["headers"].items():
            # Every response has this one; the page says so once.
            described = f"Header {header} : {plain(resolved(more)['description'])}"
            assert (described in found) == (header != "X-Request-Id")
        reference = re.search(r"schemas/(\w+)", json.dumps(response))
        assert not reference or reference[1] in found
        for code, example in response.get("content", {}).get("application/json", {}).get("examples", {}).items():
            if "value" in example:
                assert code in found


def test_the_page_says_that_every_response_has_a_request_id(page: str) -> None:
    assert "Every response has an X-Request-Id" in words(page)


def test_the_objects_in_responses_are_complete(page: str) -> None:
    for name in (
        "Event",
        "HistoryEntry",
        "ChangedFields",
        "TextChange",
        "NumberChange",
        "FieldError",
        "Error",
        "InvalidRequest",
    ):
        assert plain(SCHEMAS[name]["description"]) in section(page, name)
        for field in SCHEMAS[name]["properties"]:
            assert row(page, name, field)
    assert "array of FieldError" in row(page, "InvalidRequest", "errors")


def schemas_within(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for inner in [*schema.get("anyOf", ()), *schema.get("properties", {}).values()]:
        yield from schemas_within(inner)


def test_the_reference_knows_every_rule_of_the_document() -> None:
    """A new keyword of JSON Schema must be shown in eventsite/reference.py first."""
    shown = {"type", "format", "minLength", "maxLength", "minimum", "maximum", "description", "anyOf", "items", "$ref"}
    shown |= {"properties", "required", "examples", "additionalProperties", "enum", "default", "maxItems"}
    shown |= {"readOnly", "minItems"}  # the description says more
    shown |= {"x-enum-varnames"}  # for generators of clients only
    parameters = [
        resolved(found)["schema"] for *_, operation in OPERATIONS.values() for found in operation.get("parameters", ())
    ]
    for schema in [*SCHEMAS.values(), *parameters]:
        for inner in schemas_within(schema):
            assert inner.keys() - {"pattern"} <= shown
            assert "pattern" not in inner or "description" in inner  # which says in words what the pattern allows


def test_the_values_of_a_parameter_are_shown(page: str) -> None:
    assert "date or -date; default: date" in row(page, "listEvents", "order", "query")
    assert "1 to 10 values" in row(page, "listEvents", "status", "query")


def test_the_codes_of_fields_are_in_the_document() -> None:
    described = SCHEMAS["FieldError"]["properties"]["code"]["description"]
    assert set(get_args(Code)) <= set(re.findall(r"\w+", described))


def test_the_contents_lead_to_every_section(page: str) -> None:
    found = links(Client().get("/docs"))
    for name, (*_, operation) in OPERATIONS.items():
        assert found[operation["summary"]] == f"#{name}"
    addresses = set(re.findall(r'href="#([^"]+)"', page))
    assert addresses == {*re.findall(r'<section [^>]*id="([^"]+)"', page), "main"}


def test_the_errors_are_those_of_the_documentation(page: str) -> None:
    text = (DOCS / "api.md").read_text()
    documented = {*re.findall(r"^\| (\d+) \| `(\w+)` \|", text, re.MULTILINE)}
    documented |= {(status, code) for code, status in re.findall(r"^\| `(\w+)` \| (\d+) \|", text, re.MULTILINE)}
    shown = re.findall(r"<tr><td[^>]*><span[^>]*>(\d+)</span></td><td><code>(\w+)</code>", page)
    assert sorted(shown) == sorted(documented)
    assert "key_scope, origin_refused, https_required, forbidden" in words(page).replace(" ,", ",")
    assert "{}" not in section(page, "errors")
    assert "storage_busy DynamoDB is busy." in section(page, "errors")


@pytest.mark.parametrize(
    ("access", "sentence"),
    [
        ("open", "On this site, calls without a key are allowed too"),
        ("read-open", "On this site, anyone may read events without a key"),
        ("keyed", "On this site, every call needs a key"),
    ],
)
def test_how_to_authenticate(settings: Any, access: str, sentence: str) -> None:
    settings.EVENTS_API_ACCESS = access
    page = Client().get("/docs").content.decode()
    assert sentence in section(page, "authentication")
    assert "Authorization: Bearer evk_" in section(page, "authentication")
    assert "Needs no key" in section(page, "checkHealth")
    assert "Needs no key" not in section(page, "listEvents")


def test_text_of_the_document_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = "`<b>` <script>alert(1)</script> & \"'"

    def hostile(value: Any) -> Any:
        if isinstance(value, dict):
            texts = {name: bad for name in ("description", "summary") if isinstance(value.get(name), str)}
            return {**{name: hostile(part) for name, part in value.items()}, **texts}
        return [hostile(part) for part in value] if isinstance(value, list) else value

    reference_of.cache_clear()
    monkeypatch.setattr(DocumentedAPI, "get_openapi_schema", lambda self, **_: hostile(DOCUMENT))
    try:
        page = Client().get("/docs").content.decode()
    finally:
        reference_of.cache_clear()
    assert "<script>alert" not in page
    assert "<b>" not in page
    assert page.count("&lt;script&gt;alert(1)") > 50


def test_nothing_of_swagger_is_loaded_with_the_page(page: str) -> None:
    outside = re.sub(r"<template.*?</template>", "", page, flags=re.DOTALL)
    assert "ninja/" not in outside
    assert re.findall(r'<script[^>]*src="([^"]+)"', outside) == ["/static/site/docs.js"]
    assert re.search(r'<button [^>]*id="try-it-out" hidden>', outside)


def test_paths_have_the_prefix_of_the_site() -> None:
    with override_script_prefix("/production/"):
        assert "GET /production/events " in text(Client().get("/docs"))
    assert "GET /events " in text(Client().get("/docs"))


def test_the_page_reads_nothing_from_the_database(admin: Client, faults: FaultProxy) -> None:
    faults.set(refuse)
    assert admin.get("/docs").status_code == 200
