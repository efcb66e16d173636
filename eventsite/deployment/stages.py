"""The stages of zappa_settings.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from eventsite.deployment import DeploymentError
from eventsite.stack import stage as stage_module
from eventsite.stack.names import Names

SETTINGS_FILE = "zappa_settings.json"
ENVIRONMENT = "aws_environment_variables"


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
        variables: dict[str, str] = self.described[ENVIRONMENT]
        return variables

    @property
    def package(self) -> Path:
        return Path(settings.BASE_DIR, "dist", f"{self.names.function}.zip")


def read_stage(name: str) -> Stage:
    """Raises StackError."""
    stack = stage_module.read_stage(name)
    described = json.loads((settings.BASE_DIR / SETTINGS_FILE).read_text(encoding="utf-8"))[name]
    if not stack.region or not isinstance(described.get(ENVIRONMENT), dict):
        raise DeploymentError(f"{SETTINGS_FILE}: {name} needs aws_region and {ENVIRONMENT}.")
    return Stage(stack, stack.region, described)
