"""What a stage of zappa_settings.json lacks before it can be deployed, in sentences."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from django.conf import settings

from eventsite.deployment.stages import ENVIRONMENT, SETTINGS_FILE, Stage
from eventsite.stack.names import PROJECT, Names

_NUMBERS = ("memory_size", "timeout_seconds", "log_retention_days", "throttling_rate_limit", "throttling_burst_limit")
_SECRETS = ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_ELSEWHERE = {
    "environment_variables": f"{ENVIRONMENT} is where they go",
    "role_arn": "the stack makes the role",
    "extends": "each stage is written out whole",
}


def faults(stage: Stage) -> Iterator[str]:
    """A sentence for each thing that the stage lacks, or has otherwise than the rest of this project expects it."""
    where = f"{SETTINGS_FILE}, {stage.name}"
    for key, expected in _expected(stage.names).items():
        if stage.described.get(key) != expected:
            yield f"{where}: {key} must be {json.dumps(expected)}."
    for key in _NUMBERS:
        if type(stage.described.get(key)) is not int:
            yield f"{where}: {key} must be a whole number."
    for key, instead in _ELSEWHERE.items():
        if key in stage.described:
            yield f"{where}: {key} must go: {instead}."
    for fault in (*_variable_faults(stage), *_address_faults(stage)):
        yield f"{where}.{ENVIRONMENT}: {fault}"


def _expected(names: Names) -> dict[str, Any]:
    return {
        "project_name": PROJECT,
        "runtime": "python3.11",  # which the package is made for
        "lambda_handler": "eventsite.lambda_handler.handler",
        "manage_roles": False,
        "role_name": names.role,
        "slim_handler": False,
        # Without these, Zappa calls what is not there, or an address that is not the site's.
        "keep_warm": False,
        "touch": False,
        "use_precompiled_packages": False,
        "callbacks": {"post": "eventsite.stack.gateway.configure"},  # throttling, logs and error answers of the API
    }


def _variable_faults(stage: Stage) -> Iterator[str]:
    for key, value in stage.environment.items():
        if not isinstance(value, str):
            yield f"{key} must be text."
        elif key in _SECRETS:
            yield f"{key} is a secret, which does not belong into a file that is shared."
    for key, expected in {"EVENTS_STAGE": stage.name, "SECRET_KEY_PARAMETER": stage.names.secret_key}.items():
        if stage.environment.get(key) != expected:
            yield f"{key} must be {json.dumps(expected)}."
    for key in ("DYNAMODB_TABLE_NAME", "DYNAMODB_ENDPOINT_URL"):
        if key in stage.environment:
            yield f"{key} must go: the function may use the stage's own tables, and no others."


def _address_faults(stage: Stage) -> Iterator[str]:
    hosts = [host.strip() for host in str(stage.environment.get("ALLOWED_HOSTS", "")).split(",")]
    if not any(hosts):
        yield (
            "ALLOWED_HOSTS must name the site's hosts, comma-separated: your own domain, or "
            f'".execute-api.{stage.region}.amazonaws.com" for the address that API Gateway gives.'
        )
    elif "*" in hosts:
        yield 'ALLOWED_HOSTS must name hosts, not "*".'
    if "domain" not in stage.described and stage.environment.get("URL_PREFIX") != f"/{stage.name}":
        yield f'URL_PREFIX must be "/{stage.name}", with which the address that API Gateway gives ends.'


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
    return f"{SETTINGS_FILE}, {stage.name}.{ENVIRONMENT}: {said.partition('ImproperlyConfigured: ')[2] or said}"
