"""A stage as zappa_settings.json describes it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.conf import settings

from eventsite.stack import StackError
from eventsite.stack.names import Names

LOG_RETENTION_DAYS = 30
# API Gateway gives up after 29 seconds, whatever the function is allowed.
TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Stage:
    names: Names
    region: str | None = None  # None: the one that AWS's own settings name
    tracing: bool = False
    log_retention_days: int = LOG_RETENTION_DAYS
    timeout_seconds: int = TIMEOUT_SECONDS
    table_alarms: bool = True

    @property
    def tags(self) -> list[dict[str, str]]:
        return [{"Key": "Project", "Value": "events"}, {"Key": "Stage", "Value": self.names.stage}]


def read_stage(name: str) -> Stage:
    """Raises StackError if there is no such stage, or no stage can be called that."""
    try:
        names = Names(name)
        stages = json.loads((settings.BASE_DIR / "zappa_settings.json").read_text())
    except (OSError, ValueError) as error:  # a name that cannot be, a file that is not there or no JSON
        raise StackError(str(error)) from error
    if name not in stages:
        raise StackError(f"zappa_settings.json has no stage {name}; it has {', '.join(sorted(stages))}.")
    described = stages[name]
    return Stage(
        names,
        region=described.get("aws_region"),
        tracing=described.get("xray_tracing", False),
        log_retention_days=described.get("log_retention_days", LOG_RETENTION_DAYS),
        timeout_seconds=described.get("timeout_seconds", TIMEOUT_SECONDS),
        table_alarms=described.get("table_alarms", True),
    )
