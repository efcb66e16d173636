"""What is installed: pinned, by hash, and each with a reason that somebody wrote down."""

from __future__ import annotations

import re
import tomllib

import pytest
from django.conf import settings

FILES = sorted(path.name for path in settings.BASE_DIR.glob("requirements*.txt"))


def requirements(name: str) -> dict[str, str]:
    """Each requirement of a file, by its name, whole."""
    text = (settings.BASE_DIR / name).read_text().replace("\\\n", "")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return {re.split(r"[ =<>!~;@\[]", line, maxsplit=1)[0].lower(): line for line in lines}


@pytest.mark.parametrize("name", FILES)
def test_each_release_is_pinned_and_known_by_its_hash(name: str) -> None:
    for line in requirements(name).values():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[^\s;,*]+( ; [^#]*?)?( +--hash=sha256:[0-9a-f]{64})+", line), line[:80]


def test_the_files_are_these() -> None:
    assert FILES == [
        "requirements-dev.txt",
        "requirements-ministack.txt",
        "requirements-peer.txt",
        "requirements-stress.txt",
        "requirements.txt",
    ]


def test_each_package_has_its_reason() -> None:
    text = (settings.BASE_DIR / "docs" / "dependencies.md").read_text()
    rows = re.findall(r"^\| ([a-z0-9-]+) \| ([^|]+) \| ", text, re.MULTILINE)
    named = [name for name, _ in rows if name not in ("package", "---")]
    assert sorted(named) == sorted(requirements("requirements.txt"))
    wanted = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["dependencies"]
    asked_for = {re.split("[<>=~!]", line)[0] for line in wanted}
    assert set(named[: len(asked_for)]) == asked_for, "the first table is of what pyproject.toml names"


def test_what_the_tests_run_with_is_what_the_site_runs_with() -> None:
    production, development = requirements("requirements.txt"), requirements("requirements-dev.txt")
    for name, line in production.items():
        assert development[name].split()[0] == line.split()[0]


def test_whoever_finds_something_is_told_where_to_say_so() -> None:
    said = (settings.BASE_DIR / "SECURITY.md").read_text()
    for heading in ("## Reporting", "## What is protected, and by what", "## What is not"):
        assert heading in said


def test_no_warning_of_the_linter_is_silenced_without_a_word() -> None:
    """Of its rules on security; each that is has its reason on the line."""
    silenced = [
        line.strip()
        for folder in ("events", "eventsite")
        for path in (settings.BASE_DIR / folder).rglob("*.py")
        for line in path.read_text().splitlines()
        if re.search(r"noqa:.*\bS\d{3}", line)
    ]
    assert [line for line in silenced if not re.search(r"noqa: [A-Z0-9, ]+  # \w", line)] == []
    assert len(silenced) <= 1, "look at each new one"
