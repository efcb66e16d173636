"""Schemathesis as a command-line program, with all its checks and phases, without a key and with one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from events.storage.models import HistoryItem
from eventsite.accounts import keys
from eventsite.accounts.domain import Scope
from eventsite.engine.process import Engine
from tests.support.builders import ACTOR
from tests.support.http_server import Server
from tests.support.tables import read_table

pytestmark = pytest.mark.clients

EXAMPLES = 40  # of each operation, beside the systematic ones


@pytest.mark.parametrize("access", ["open", "keyed"])
def test_schemathesis_finds_nothing(engine: Engine, server: Server, settings: Any, tmp_path: Path, access: str) -> None:
    """Except what tests/integration/api/test_openapi.py lists: rules that JSON Schema cannot express."""
    settings.EVENTS_API_ACCESS = access
    _, key = keys.create_key("client", Scope.WRITE, ACTOR)
    header = ["--header", f"Authorization: Bearer {key}"] if access == "keyed" else []
    program = str(Path(sys.executable).with_name("st"))
    command = [program, "run", f"{server.url}/openapi.json", "--checks", "all", "--max-examples", str(EXAMPLES)]
    environment = {
        **os.environ,
        "PYTHONPATH": str(django_settings.BASE_DIR),
        "DJANGO_SETTINGS_MODULE": "eventsite.settings",
        "SCHEMATHESIS_HOOKS": "tests.clients.schemathesis_hooks",
        "DYNAMODB_ENDPOINT_URL": engine.url,  # tokens of changes name the installation
    }
    done = subprocess.run(
        [*command, *header, "--no-color", "--continue-on-failure", "--generation-deterministic"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    for phase in ("Examples", "Coverage", "Fuzzing", "Stateful"):
        assert f"✅ {phase}" in done.stdout
    assert read_table(HistoryItem), "no call has written anything"
