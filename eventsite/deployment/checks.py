"""Checks a stage's part of zappa_settings.json before it is deployed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from django.conf import settings

from eventsite.deployment import target
from eventsite.stack.aws import dns_suffix
from eventsite.stack.names import PROJECT, Names
from eventsite.stack.stage import Stage
from eventsite.zappa_stages import ENVIRONMENT, SETTINGS_FILE

_NUMBERS = ("memory_size", "timeout_seconds", "log_retention_days", "throttling_rate_limit", "throttling_burst_limit")
_AT_LEAST_ONE = ("table_read_limit", "table_write_limit", "lambda_concurrency")  # if they are there
_SECRETS = ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_NOT_ALLOWED = {
    "environment_variables": f"use {ENVIRONMENT}",
    "role_arn": "the stack creates the role",
    "extends": "each stage is complete in itself",
    "callbacks": "the deploy configures the API itself",
}


def errors(stage: Stage) -> Iterator[str]:
    """A sentence for each setting that is missing or wrong."""
    where = f"{SETTINGS_FILE}, {stage.name}"
    for key, expected in _expected(stage.names).items():
        if stage.described.get(key) != expected:
            yield f"{where}: {key} must be {json.dumps(expected)}."
    for error in (*target.errors(stage.described), *_number_errors(stage.described)):
        yield f"{where}: {error}"
    for key, reason in _NOT_ALLOWED.items():
        if key in stage.described:
            yield f"{where}: {key} is not allowed: {reason}."
    for error in (*_variable_errors(stage), *_address_errors(stage)):
        yield f"{where}.{ENVIRONMENT}: {error}"


def _expected(names: Names) -> dict[str, Any]:
    return {
        "project_name": PROJECT,
        "lambda_handler": "eventsite.lambda_handler.handler",
        "manage_roles": False,
        "role_name": names.role,
        "slim_handler": False,
        # With these, Zappa would call handlers that do not exist, or an address that is not the site's.
        "keep_warm": False,
        "touch": False,
        "use_precompiled_packages": False,
    }


def _number_errors(described: dict[str, Any]) -> Iterator[str]:
    for key in _NUMBERS:
        if type(described.get(key)) is not int:
            yield f"{key} must be a whole number."
    for key in _AT_LEAST_ONE:
        if key in described and (type(described[key]) is not int or described[key] < 1):
            yield f"{key} must be a whole number of at least 1."


def _variable_errors(stage: Stage) -> Iterator[str]:
    for key, value in stage.environment.items():
        if not isinstance(value, str):
            yield f"{key} must be text."
        elif key in _SECRETS:
            yield f"{key} is a secret. Secrets must not be in this file, because it is shared."
    for key, expected in {"EVENTS_STAGE": stage.name, "SECRET_KEY_PARAMETER": stage.names.secret_key}.items():
        if stage.environment.get(key) != expected:
            yield f"{key} must be {json.dumps(expected)}."
    if "DYNAMODB_ENDPOINT_URL" in stage.environment:
        yield "DYNAMODB_ENDPOINT_URL is not allowed: the function may use only the stage's own tables."


def _address_errors(stage: Stage) -> Iterator[str]:
    hosts = [host.strip() for host in str(stage.environment.get("ALLOWED_HOSTS", "")).split(",")]
    if not any(hosts):
        yield (
            "ALLOWED_HOSTS must list the site's host names, comma-separated: your own domain, or "
            f'".execute-api.{stage.region}.{dns_suffix(stage.region)}" for the address from API Gateway.'
        )
    elif "*" in hosts:
        yield 'ALLOWED_HOSTS must list host names, not "*".'
    if "domain" not in stage.described and stage.environment.get("URL_PREFIX") != f"/{stage.name}":
        yield f'URL_PREFIX must be "/{stage.name}", because the address from API Gateway ends with it.'


def settings_error(stage: Stage) -> str | None:
    """The error that the site's settings would raise in the function, if any: tried in a process like the function."""
    environment = {name: str(value) for name, value in stage.environment.items() if value is not None}
    environment |= {"AWS_LAMBDA_FUNCTION_NAME": stage.names.function, "SECRET_KEY": "in place of the real one " * 3}
    environment |= {"AWS_REGION": stage.region, "PYTHONPATH": str(settings.BASE_DIR)}
    command = [sys.executable, "-c", "from django.conf import settings; settings.DEBUG"]
    environment["DJANGO_SETTINGS_MODULE"] = "eventsite.settings"
    result = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if not result.returncode:
        return None
    error = result.stderr.strip().splitlines()[-1]
    return f"{SETTINGS_FILE}, {stage.name}.{ENVIRONMENT}: {error.partition('ImproperlyConfigured: ')[2] or error}"
