"""Reads zappa_settings.json, which describes the stages. Imports nothing of this project: the settings use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SETTINGS_FILE = "zappa_settings.json"
ENVIRONMENT = "aws_environment_variables"


def read_stage_settings(folder: Path, stage: str) -> dict[str, Any]:
    """The stage's part of the file in `folder`. Raises ValueError with a sentence, or OSError."""
    try:
        stages = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{SETTINGS_FILE} is not valid JSON: {error}") from None
    if stage not in stages:
        raise ValueError(f"{SETTINGS_FILE} has no stage {stage}; it has {', '.join(sorted(stages))}.")
    described: dict[str, Any] = stages[stage]
    return described
