"""Zappa's command line, with the stage's settings and what only this account's deployment adds to them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from eventsite.deployment import DeploymentError
from eventsite.deployment.stages import Stage

_NOISE = re.compile(r"\x1b\[[0-9;]*m")


def write_settings(stage: Stage, bucket: str, description: str) -> Path:
    """dist/zappa-STAGE.json: the stage as zappa_settings.json has it, its bucket, and what is deployed, in words."""
    path: Path = settings.BASE_DIR / "dist" / f"zappa-{stage.name}.json"
    path.parent.mkdir(exist_ok=True)
    described = {**stage.described, "s3_bucket": bucket, "lambda_description": description}
    path.write_text(json.dumps({stage.name: described}, indent=2), encoding="utf-8")
    return path


def run_zappa(command: str, stage: Stage, settings_file: Path, *options: str) -> None:
    """Raises DeploymentError with the end of what Zappa said; all of it is in dist/zappa-STAGE.log."""
    zappa = Path(sys.executable).with_name("zappa")
    if not zappa.exists():
        raise DeploymentError("Zappa is not installed here: `make deploy` installs it first.")
    log = settings_file.with_suffix(".log")
    arguments = [str(zappa), command, stage.name, "-s", str(settings_file), *options]
    # Zappa leaves files where it runs, and looks for its callback's module among what can be imported.
    environment = {**os.environ, "PYTHONPATH": str(settings.BASE_DIR), "AWS_DEFAULT_REGION": stage.region}
    environment.pop("EVENTS_STAGE", None)
    with log.open("w", encoding="utf-8") as output:
        result = subprocess.run(
            arguments,
            check=False,
            cwd=settings_file.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    for template in settings_file.parent.glob(f"{stage.names.function}-template-*.json"):
        template.unlink()
    if result.returncode:
        raise DeploymentError(
            f"`zappa {command}` failed ({log.relative_to(settings.BASE_DIR)} has all of it): {_last_words(log)}"
        )


def _last_words(log: Path) -> str:
    """The last error in Zappa's output, which ends with an advertisement."""
    lines = [_NOISE.sub("", line).strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    lines = [line for line in lines if line]
    errors = [line for line in lines if re.match(r"[\w.]*(?:Error|Exception)\b", line)]
    return (errors or lines or ["nothing"])[-1][:600]
