"""Modules import only from their own layer and lower ones, and only the storage modules import a DynamoDB library."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings

ROOT: Path = django_settings.BASE_DIR

# The layers from top to bottom. A module belongs to the longest entry that is a prefix of its name.
LEVELS = {
    "entry points": [
        "eventsite.lambda_handler",
        "eventsite.management",
        "events.management",
        "eventsite.accounts.management",
    ],
    "deployment": ["eventsite.deployment"],
    "the stack on AWS": ["eventsite.stack"],
    "the site": ["eventsite", "eventsite.engine.command"],
    "HTTP": ["events.api", "events.pages", "eventsite.accounts.urls", "eventsite.accounts.views"],
    "accounts": ["eventsite.accounts"],
    "decisions about many events, and files": ["events"],
    "an event's past": ["events.versions"],
    "one event": ["events.services"],
    "storage": ["events.storage"],
    "what things are": [
        "events.cursors",
        "events.domain",
        "events.fields",
        "events.rules",
        "events.search_text",
        "events.spreadsheets",
        "events.tasks",
        "events.visible_text",
        "eventsite.accounts.domain",
        "eventsite.accounts.errors",
        "eventsite.accounts.passwords",
        "eventsite.accounts.security_events",
    ],
    "the ground": [
        "eventsite.accounts.apps",
        "eventsite.assets",
        "eventsite.aws_calls",
        "eventsite.connections",
        "eventsite.engine",
        "eventsite.environment",
        "eventsite.message_storage",
        "eventsite.observed",
        "eventsite.parameter_store",
        "eventsite.settings",
        "eventsite.zappa_stages",
    ],
}
# Everything that `events` may import from `eventsite`.
FROM_EVENTS_INTO_EVENTSITE = {
    "events.api.access": {
        "eventsite.accounts.domain",
        "eventsite.accounts.errors",
        "eventsite.accounts.keys",
        "eventsite.accounts.security_log",
        "eventsite.observed",
    },
    "events.management.commands.create_tables": {"eventsite.engine.command"},
    "events.management.commands.export_events": {"eventsite.engine.command"},
    "events.management.commands.import_events": {"eventsite.engine.command"},
    "events.management.commands.seed_events": {"eventsite.engine.command"},
    "events.management.commands.upgrade_events": {"eventsite.engine.command"},
    "events.pages.activity": {"eventsite.accounts.domain"},
    "events.pages.batches": {"eventsite.accounts.roles"},
    "events.pages.calendar": {"eventsite.accounts.preferences", "eventsite.accounts.roles"},
    "events.pages.copies": {"eventsite.accounts.roles"},
    "events.pages.event": {"eventsite.accounts.roles"},
    "events.pages.feed": {"eventsite.accounts.feeds", "eventsite.observed"},
    "events.pages.imports": {
        "eventsite.accounts.preferences",
        "eventsite.accounts.roles",
        "eventsite.accounts.security_log",
    },
    "events.pages.one_field": {"eventsite.accounts.roles"},
    "events.pages.saved_views": {"eventsite.accounts.preferences", "eventsite.accounts.roles"},
    "events.pages.urls": {"eventsite.accounts.roles"},
    "events.storage.access_table": {"eventsite.aws_calls"},
    "events.storage.account_changes": {"eventsite.accounts.domain", "eventsite.accounts.security_events"},
    "events.storage.api_keys": {"eventsite.accounts.domain", "eventsite.accounts.errors"},
    "events.storage.connection": {"eventsite.aws_calls", "eventsite.observed"},
    "events.storage.events": {"eventsite.aws_calls", "eventsite.observed"},
    "events.storage.factors": {"eventsite.accounts.domain", "eventsite.accounts.errors"},
    "events.storage.local_dynamodb": {"eventsite.engine.data", "eventsite.engine.fetch"},
    "events.storage.sessions": {"eventsite.accounts.domain", "eventsite.accounts.errors"},
    "events.storage.staff": {"eventsite.accounts.domain", "eventsite.accounts.errors"},
}
# They call AWS, but not for events.
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


def imported_modules(module: str) -> set[str]:
    """The modules of this project that a module imports."""
    known = modules()
    names = {name if name in known else name.rpartition(".")[0] for name in imports(known[module])}
    return {name for name in names if name in known and "." in name}


def level(module: str) -> int:
    found = [
        (len(entry), number)
        for number, entries in enumerate(LEVELS.values())
        for entry in entries
        if module == entry or module.startswith(f"{entry}.")
    ]
    return max(found)[1]


@pytest.mark.parametrize("module", [name for name in modules() if name not in ("eventsite", "events")])
def test_imports_point_down(module: str) -> None:
    assert {name for name in imported_modules(module) if level(name) < level(module)} == set()


def test_events_imports_little_of_the_site() -> None:
    found = {
        module: {name for name in imported_modules(module) if name.startswith("eventsite.")}
        for module in modules()
        if module.startswith("events.")
    }
    assert {module: names for module, names in found.items() if names} == FROM_EVENTS_INTO_EVENTSITE


@pytest.mark.parametrize(
    "module", [name for name in modules() if not name.startswith(("events.storage.", *OPERATIONS))]
)
def test_only_storage_knows_dynamodb(module: str) -> None:
    roots = {name.partition(".")[0] for name in imports(modules()[module])}
    assert roots & STORAGE_LIBRARIES == set()


def test_modules_are_short() -> None:
    lengths = {name: len(path.read_text().splitlines()) for name, path in modules().items()}
    assert {name: length for name, length in lengths.items() if length > 300} == {}
