"""Where the deployed site connects to: DynamoDB and the Parameter Store, and nowhere else."""

from __future__ import annotations

import ast
from pathlib import Path

from django.conf import settings

from events.storage.connection import DynamoDB
from eventsite.deployment.contents import copy_own
from eventsite.parameter_store import ParameterStore

# What can open a connection or start a program.
REACHING_OUT = frozenset(
    {"aiohttp", "asyncio", "boto3", "botocore.client", "ftplib", "http.client", "httpx", "requests", "smtplib"}
    | {"socket", "socketserver", "subprocess", "telnetlib", "urllib.request", "urllib3", "webbrowser", "xmlrpc"}
)
# `engine` runs DynamoDB Local, which the settings allow only outside AWS.
ALLOWED = {
    "eventsite/connections.py": {"http.client", "socket", "urllib3"},
    "eventsite/engine/fetch.py": {"subprocess"},
    "eventsite/engine/install.py": {"subprocess"},
    "eventsite/engine/process.py": {"http.client", "socket", "subprocess"},
}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
    return names


def test_only_these_modules_of_the_package_can_connect_or_start_programs(tmp_path: Path) -> None:
    copy_own(settings.BASE_DIR, tmp_path)
    found = {
        path.relative_to(tmp_path).as_posix(): {
            name for name in REACHING_OUT for one in imported(path) if f"{one}.".startswith(f"{name}.")
        }
        for path in tmp_path.rglob("*.py")
    }
    assert {path: names for path, names in found.items() if names} == ALLOWED


def test_only_two_services_of_aws_are_called() -> None:
    files = [*(settings.BASE_DIR / "events").rglob("*.py"), *(settings.BASE_DIR / "eventsite").rglob("*.py")]
    classes = [
        node for path in files for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)
    ]
    services = {one.name for one in classes for base in one.bases if ast.unparse(base).endswith("Service")}
    assert services == {"DynamoDB", "ParameterStore"}
    assert (DynamoDB.name, ParameterStore.name) == ("dynamodb", "ssm")
