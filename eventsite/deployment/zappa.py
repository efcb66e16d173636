"""Runs Zappa's command line with the stage's settings."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings

from eventsite.deployment import DeploymentError
from eventsite.stack.aws import RETRIES
from eventsite.stack.names import ALIAS
from eventsite.stack.stage import Stage

FOLDER = "dist"  # of the packages, and of what Zappa reads and writes
_NOISE = re.compile(r"\x1b\[[0-9;]*m")


def write_settings(stage: Stage, bucket: str, description: str, with_api: bool = False) -> Path:
    """Writes dist/zappa-STAGE.json: the stage of zappa_settings.json, its bucket and the function's description.

    Unless `with_api`, Zappa changes only the function: `eventsite.deployment.api` deploys the API.
    """
    path = Path(settings.BASE_DIR, FOLDER, f"zappa-{stage.name}.json")
    path.parent.mkdir(exist_ok=True)
    described = {
        **stage.described,
        "s3_bucket": bucket,
        "lambda_description": description,
        "apigateway_enabled": with_api,
        "apigateway_lambda_qualifier": ALIAS,
        "num_retained_versions": None,  # Zappa would remove the live version after some failed deploys
    }
    path.write_text(json.dumps({stage.name: described}, indent=2), encoding="utf-8")
    return path


def run_zappa(command: str, stage: Stage, settings_file: Path, *options: str) -> None:
    """Writes the output to dist/zappa-STAGE.log. Raises DeploymentError with its last error."""
    zappa = Path(sys.executable).with_name("zappa")
    if not zappa.exists():
        raise DeploymentError("Zappa is not installed. Use `make deploy`, which installs it first.")
    log = settings_file.with_suffix(".log")
    arguments = [str(zappa), command, stage.name, "-s", str(settings_file), *options]
    environment = {**os.environ, **RETRIES, "AWS_DEFAULT_REGION": stage.region}
    environment.pop("EVENTS_STAGE", None)
    with log.open("w", encoding="utf-8") as output:
        result = subprocess.run(
            arguments,
            check=False,
            cwd=settings_file.parent,  # Zappa leaves files there
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    if result.returncode:
        raise DeploymentError(
            f"`zappa {command}` failed: {_last_error(log)} ({log.relative_to(settings.BASE_DIR)} has the whole output)"
        )


def api_template(stage: Stage, settings_file: Path, function: str, role: str) -> dict[str, Any]:
    """The CloudFormation template of the API that Zappa would create. Raises DeploymentError."""
    output = settings_file.with_name(f"api-{stage.name}.json")
    run_zappa("template", stage, settings_file, "-l", function, "-r", role, "-o", str(output))
    template: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    output.unlink()
    return template


def _last_error(log: Path) -> str:
    """The last error in Zappa's output, which ends with an advertisement. Without one, the last line."""
    lines = [_NOISE.sub("", line).strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    lines = [line for line in lines if line]
    errors = [line for line in lines if re.match(r"[\w.]*(?:Error|Exception)\b", line)]
    return (errors or lines or ["no output"])[-1][:600]
