"""Clients generated from docs/openapi.json. Each calls every operation of the site except /healthz."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from eventsite.accounts import keys
from eventsite.accounts.domain import Scope
from eventsite.engine.fetch import find_java
from tests.support.builders import ACTOR
from tests.support.http_server import Server

pytestmark = pytest.mark.clients

DOCUMENT = django_settings.BASE_DIR / "docs" / "openapi.json"
INSTALLED = django_settings.BASE_DIR / ".venv" / "clients"
PACKAGES = INSTALLED / "npm" / "node_modules"
PROGRAMS = Path(__file__).with_name("programs")
LINT_RULES = Path(__file__).parent


@pytest.fixture
def site(server: Server, settings: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a client: every call needs a key, and changes are listed at once, not after a minute."""
    settings.EVENTS_API_ACCESS = "keyed"
    monkeypatch.setattr("events.storage.changes.seconds_to_wait", lambda: 0)
    _, key = keys.create_key("client", Scope.WRITE, ACTOR)
    return {"EVENTS_URL": server.url, "EVENTS_KEY": key}


def run(*command: object, folder: Path, environment: dict[str, str] | None = None) -> str:
    """The output of a command. Fails with all of it if the command does."""
    assert INSTALLED.exists(), "`make test-clients` installs the generators."
    path = f"{INSTALLED / 'bin'}:{PACKAGES / '.bin'}:{os.environ['PATH']}"
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **quiet, "PATH": path, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, f"{command[0]} failed:\n{output[-6000:]}"
    return output


def openapi_generator(folder: Path, generator: str, **options: str) -> None:
    [jar] = INSTALLED.glob("lib/python*/site-packages/openapi_generator_cli/openapi-generator.jar")
    named = ",".join(f"{name}={value}" for name, value in options.items())
    command = ["generate", "-i", DOCUMENT, "-g", generator, "-o", folder, "--additional-properties", named]
    run(find_java(django_settings.DYNAMODB_LOCAL_DIRECTORY), "-jar", jar, *command, folder=folder)


def run_python(program: str, folder: Path, site: dict[str, str]) -> None:
    for name in (f"{program}.py", "scenario.py"):
        shutil.copy(PROGRAMS / name, folder)
    run("python", f"{program}.py", folder=folder, environment=site)


def run_typescript(program: str, folder: Path, site: dict[str, str]) -> None:
    """Compiles with every check of types, then runs."""
    for name in (f"{program}.ts", "scenario.ts"):
        shutil.copy(PROGRAMS / name, folder)
    (folder / "node_modules").symlink_to(PACKAGES)
    strict = [
        "--strict",
        "--skipLibCheck",
        "--esModuleInterop",
        "--target",
        "es2022",
        "--lib",
        "es2022,dom,dom.iterable",
    ]
    run("tsc", f"{program}.ts", *strict, "--module", "commonjs", "--types", "node", folder=folder)
    run("node", f"{program}.js", folder=folder, environment=site)


def test_openapi_python_client(tmp_path: Path, site: dict[str, str]) -> None:
    run("openapi-python-client", "generate", "--path", DOCUMENT, "--meta", "none", "--output-path", "client",
        "--fail-on-warning", folder=tmp_path)  # fmt: skip
    run_python("openapi_python_client", tmp_path, site)


def test_openapi_generator_for_python(tmp_path: Path, site: dict[str, str]) -> None:
    openapi_generator(tmp_path, "python", packageName="client")
    run_python("openapi_generator", tmp_path, site)


def test_hey_api(tmp_path: Path, site: dict[str, str]) -> None:
    run("openapi-ts", "-i", DOCUMENT, "-o", "client", "-c", "@hey-api/client-fetch", folder=tmp_path)
    run_typescript("hey_api", tmp_path, site)


def test_openapi_fetch(tmp_path: Path, site: dict[str, str]) -> None:
    run("openapi-typescript", DOCUMENT, "-o", "client/schema.ts", folder=tmp_path)
    run_typescript("openapi_fetch", tmp_path, site)


def test_openapi_generator_for_typescript(tmp_path: Path, site: dict[str, str]) -> None:
    (tmp_path / "client").mkdir()
    openapi_generator(tmp_path / "client", "typescript-fetch")
    run_typescript("openapi_generator", tmp_path, site)


def test_openapi_generator_for_java(tmp_path: Path, site: dict[str, str]) -> None:
    """The generated code needs Jackson, which is in the generator's own archive: no Maven, no download."""
    if not shutil.which("javac"):
        pytest.fail("The Java client needs a compiler: install a JDK, version 17 or later.", pytrace=False)
    packages = {"invokerPackage": "client", "apiPackage": "client.api", "modelPackage": "client.model"}
    openapi_generator(
        tmp_path, "java", library="native", openApiNullable="false", useSingleRequestParameter="true", **packages
    )
    [jar] = INSTALLED.glob("lib/python*/site-packages/openapi_generator_cli/openapi-generator.jar")
    sources = [*(tmp_path / "src" / "main").rglob("*.java"), *PROGRAMS.glob("*.java")]
    run("javac", "-encoding", "UTF-8", "-nowarn", "-cp", jar, "-d", "classes", *sources, folder=tmp_path)
    run("java", "-cp", f"classes:{jar}", "Scenario", folder=tmp_path, environment=site)


def test_spectral_finds_nothing(tmp_path: Path) -> None:
    output = run(
        "spectral",
        "lint",
        DOCUMENT,
        "--ruleset",
        LINT_RULES / "spectral.yaml",
        "--fail-severity",
        "hint",
        folder=tmp_path,
    )
    assert "No results with a severity of 'hint' or higher found!" in output


def test_redocly_finds_nothing(tmp_path: Path) -> None:
    output = run("redocly", "lint", DOCUMENT, "--config", LINT_RULES / "redocly.yaml", folder=tmp_path)
    assert "Your API description is valid" in output
    assert "warning" not in output.lower()


def test_openapi_spec_validator_finds_nothing(tmp_path: Path) -> None:
    run("openapi-spec-validator", DOCUMENT, folder=tmp_path)
