"""A request reads downward: modules import only from below themselves, DynamoDB's libraries only at the bottom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings

ROOT: Path = django_settings.BASE_DIR

# From the top down. A module may import from its own line and from those below it.
LAYERS = [
    ["eventsite.lambda_handler", "eventsite.management", "events.management", "eventsite.accounts.management"],
    ["eventsite.deployment"],
    ["eventsite.stack"],
    ["eventsite.wsgi", "eventsite.urls", "eventsite.middleware", "eventsite.engine.command"],
    ["eventsite.staff_urls"],
    ["eventsite.api", "eventsite.error_pages", "eventsite.theme", "eventsite.request_log"],
    ["eventsite.errors", "events.api.bodies"],
    ["events.api.endpoints", "events.pages.urls", "eventsite.accounts.urls"],
    ["events.pages", "events.templatetags", "eventsite.accounts.views"],
    ["events.api.openapi", "events.api.access", "events.pages.forms", "events.samples", "eventsite.accounts.forms"],
    ["eventsite.accounts.roles", "eventsite.accounts.backend", "eventsite.accounts.feeds"],
    [
        "eventsite.accounts.people",
        "eventsite.accounts.keys",
        "eventsite.accounts.lockout",
        "eventsite.accounts.sessions",
    ],
    ["eventsite.accounts.models", "events.bulk", "events.imports", "events.exports", "events.calendar_feed"],
    ["events.batches", "events.listing", "events.spreadsheets", "events.activity", "events.overview", "events.months"],
    ["events.versions"],
    ["events.api.schemas", "events.services", "events.storage.tables"],
    ["events.cursors", "events.storage.events", "events.storage.lists", "events.storage.batches"],
    ["events.storage.staff", "events.storage.api_keys", "events.storage.sessions"],
    ["events.storage.history", "events.storage.access_table"],
    ["events.storage.connection", "events.storage.local_dynamodb"],
    ["events.storage.account_items"],
    ["events.storage.typed_items"],
    ["events.storage.items"],
    ["events.storage.models"],
    ["events.rules", "events.domain", "events.tasks", "eventsite.accounts.domain", "eventsite.accounts.passwords"],
    ["events.visible_text"],
    [
        "eventsite.engine",
        "eventsite.settings",
        "eventsite.message_storage",
        "eventsite.assets",
        "eventsite.accounts",
        "eventsite.accounts.apps",
    ],
    ["eventsite.parameter_store"],
    ["eventsite.aws_calls", "eventsite.observed"],
]
STORAGE = {
    "events.storage.access_table",
    "events.storage.batches",
    "events.storage.connection",
    "events.storage.lists",
    "events.storage.history",
    "events.storage.models",
    "events.storage.events",
    "events.storage.tables",
    "events.storage.account_items",
    "events.storage.api_keys",
    "events.storage.staff",
    "events.storage.sessions",
}
# They speak to AWS, but not of events.
OPERATIONS = ("eventsite.aws_calls", "eventsite.parameter_store", "eventsite.stack", "eventsite.deployment")
STORAGE_LIBRARIES = {"pynamodb", "botocore", "boto3"}


def modules() -> dict[str, Path]:
    paths = [path for package in ("eventsite", "events") for path in (ROOT / package).rglob("*.py")]
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in sorted(paths)
    }


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def level(module: str) -> int:
    """The number of the most particular layer that the module is in."""
    found = [
        (len(name), number)
        for number, names in enumerate(LAYERS)
        for name in names
        if module == name or module.startswith(f"{name}.")
    ]
    return max(found)[1]


@pytest.mark.parametrize("module", [name for name in modules() if name not in ("eventsite", "events")])
def test_imports_point_down(module: str) -> None:
    ours = [name for name in imports(modules()[module]) if name.startswith(("eventsite.", "events."))]
    upward = []
    for name in ours:
        target = name if name in modules() else name.rpartition(".")[0]
        if target not in ("eventsite", "events") and level(target) < level(module):
            upward.append(target)
    assert upward == []


@pytest.mark.parametrize("module", sorted(name for name in set(modules()) - STORAGE if not name.startswith(OPERATIONS)))
def test_only_storage_knows_dynamodb(module: str) -> None:
    roots = {name.partition(".")[0] for name in imports(modules()[module])}
    assert roots & STORAGE_LIBRARIES == set()


def test_a_newcomer_is_not_faced_with_long_modules() -> None:
    lengths = {name: len(path.read_text().splitlines()) for name, path in modules().items()}
    assert {name: length for name, length in lengths.items() if length > 300} == {}
