"""Installed packages: each is pinned by its hash and has a documented reason."""

from __future__ import annotations

import json
import re
import tomllib

import pytest
from django.conf import settings

FILES = sorted(path.name for path in settings.BASE_DIR.glob("requirements*.txt"))


def requirements(name: str) -> dict[str, str]:
    """The complete requirement lines of a file, by package name."""
    text = (settings.BASE_DIR / name).read_text().replace("\\\n", "")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return {re.split(r"[ =<>!~;@\[]", line, maxsplit=1)[0].lower(): line for line in lines}


@pytest.mark.parametrize("name", FILES)
def test_every_requirement_is_pinned_by_hash(name: str) -> None:
    for line in requirements(name).values():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[^\s;,*]+( ; [^#]*?)?( +--hash=sha256:[0-9a-f]{64})+", line), line[:80]


def test_the_list_of_requirement_files_is_complete() -> None:
    assert FILES == [
        "requirements-clients.txt",
        "requirements-dev.txt",
        "requirements-ministack.txt",
        "requirements-peer.txt",
        "requirements-stress.txt",
        "requirements.txt",
    ]


def test_every_package_of_npm_is_pinned_by_hash() -> None:
    folder = settings.BASE_DIR / "tests" / "clients"
    lock = json.loads((folder / "package-lock.json").read_text())["packages"]
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    assert lock.pop("")["dependencies"] == wanted
    assert {name: lock[f"node_modules/{name}"]["version"] for name in wanted} == wanted, "exact versions"
    for package in lock.values():
        assert package["integrity"].startswith("sha512-") or package.get("inBundle")
        assert "resolved" not in package, "no registry's host: npm's settings name the registry"


def test_every_package_has_a_documented_reason() -> None:
    text = (settings.BASE_DIR / "docs" / "dependencies.md").read_text()
    rows = re.findall(r"^\| ([a-z0-9-]+) \| ([^|]+) \| ", text, re.MULTILINE)
    named = [name for name, _ in rows if name not in ("package", "---")]
    assert sorted(named) == sorted(requirements("requirements.txt"))
    wanted = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["dependencies"]
    asked_for = {re.split("[<>=~!]", line)[0] for line in wanted}
    assert set(named[: len(asked_for)]) == asked_for, "the first table is of what pyproject.toml names"


def test_tests_use_the_same_releases_as_production() -> None:
    production, development = requirements("requirements.txt"), requirements("requirements-dev.txt")
    for name, line in production.items():
        assert development[name].split()[0] == line.split()[0]


def test_the_security_policy_says_how_to_report() -> None:
    said = (settings.BASE_DIR / "SECURITY.md").read_text()
    for heading in ("## Reporting", "## What is protected, and by what", "## What is not"):
        assert heading in said


def test_silenced_security_rules_have_a_reason() -> None:
    """Each `noqa` of a security rule has its reason on the same line."""
    silenced = [
        line.strip()
        for folder in ("events", "eventsite")
        for path in (settings.BASE_DIR / folder).rglob("*.py")
        for line in path.read_text().splitlines()
        if re.search(r"noqa:.*\bS\d{3}", line)
    ]
    assert [line for line in silenced if not re.search(r"noqa: [A-Z0-9, ]+  # \w", line)] == []
    assert len(silenced) <= 1, "look at each new one"
