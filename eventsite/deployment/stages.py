"""The stages of zappa_settings.json, and what one lacks before it can be deployed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from eventsite.deployment import DeploymentError
from eventsite.stack import stage as stage_module
from eventsite.stack.names import PROJECT, Names

SETTINGS_FILE = "zappa_settings.json"
_ENVIRONMENT = "aws_environment_variables"
_SECRETS = ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@dataclass(frozen=True)
class Stage:
    """A stage for the stack, and the whole of what zappa_settings.json says of it."""

    stack: stage_module.Stage
    region: str
    described: dict[str, Any]

    @property
    def names(self) -> Names:
        return self.stack.names

    @property
    def name(self) -> str:
        return self.names.stage

    @property
    def environment(self) -> dict[str, str]:
        """What the function is given."""
        variables: dict[str, str] = self.described[_ENVIRONMENT]
        return variables

    @property
    def package(self) -> Path:
        return Path(settings.BASE_DIR, "dist", f"{self.names.function}.zip")


def read_stage(name: str) -> Stage:
    """Raises StackError."""
    stack = stage_module.read_stage(name)
    described = json.loads((settings.BASE_DIR / SETTINGS_FILE).read_text(encoding="utf-8"))[name]
    if not stack.region or not isinstance(described.get(_ENVIRONMENT), dict):
        raise DeploymentError(f"{SETTINGS_FILE}: {name} needs aws_region and {_ENVIRONMENT}.")
    return Stage(stack, stack.region, described)


def faults(stage: Stage) -> Iterator[str]:
    """A sentence for each thing that the stage lacks, or has otherwise than the rest of this project expects it."""
    where = f"{SETTINGS_FILE}, {stage.name}"
    for key, expected in _expected(stage.names).items():
        if stage.described.get(key) != expected:
            yield f"{where}: {key} must be {json.dumps(expected)}."
    for key, value in stage.environment.items():
        if not isinstance(value, str):
            yield f"{where}.{_ENVIRONMENT}: {key} must be text."
        elif key in _SECRETS:
            yield f"{where}.{_ENVIRONMENT}: {key} is a secret, which does not belong into a file that is shared."
    for key, expected in {"EVENTS_STAGE": stage.name, "SECRET_KEY_PARAMETER": stage.names.secret_key}.items():
        if stage.environment.get(key) != expected:
            yield f"{where}.{_ENVIRONMENT}: {key} must be {json.dumps(expected)}."
    hosts = stage.environment.get("ALLOWED_HOSTS", "").split(",")
    if not any(hosts):
        yield (
            f"{where}.{_ENVIRONMENT}: ALLOWED_HOSTS must name the site's hosts, comma-separated: your own domain, or "
            f'".execute-api.{stage.region}.amazonaws.com" for the address that API Gateway gives.'
        )
    elif "*" in hosts:
        yield f'{where}.{_ENVIRONMENT}: ALLOWED_HOSTS must name hosts, not "*".'


def _expected(names: Names) -> dict[str, Any]:
    return {
        "project_name": PROJECT,
        "runtime": "python3.11",  # which the package is made for
        "lambda_handler": "eventsite.lambda_handler.handler",
        "manage_roles": False,
        "role_name": names.role,
        "slim_handler": False,
    }


def settings_fault(stage: Stage) -> str | None:
    """What the site's own settings say of the function's environment, as the function would at its start."""
    environment = {name: str(value) for name, value in stage.environment.items() if value is not None}
    environment |= {"AWS_LAMBDA_FUNCTION_NAME": stage.names.function, "SECRET_KEY": "in place of the real one " * 3}
    environment |= {"AWS_REGION": stage.region, "PYTHONPATH": str(settings.BASE_DIR)}
    command = [sys.executable, "-c", "from django.conf import settings; settings.DEBUG"]
    environment["DJANGO_SETTINGS_MODULE"] = "eventsite.settings"
    result = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if not result.returncode:
        return None
    said = result.stderr.strip().splitlines()[-1]
    return f"{SETTINGS_FILE}, {stage.name}.{_ENVIRONMENT}: {said.partition('ImproperlyConfigured: ')[2] or said}"
