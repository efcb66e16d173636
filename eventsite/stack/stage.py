"""A stage, as zappa_settings.json describes it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings

from eventsite.stack import StackError
from eventsite.stack.names import Names
from eventsite.zappa_stages import ENVIRONMENT, SETTINGS_FILE, read_stage_settings


@dataclass(frozen=True)
class Stage:
    names: Names
    described: dict[str, Any] = field(default_factory=dict)  # the stage's part of the file

    @property
    def name(self) -> str:
        return self.names.stage

    @property
    def region(self) -> str:
        region: str = self.described["aws_region"]
        return region

    @property
    def environment(self) -> dict[str, str]:
        """The function's environment variables."""
        variables: dict[str, str] = self.described[ENVIRONMENT]
        return variables

    @property
    def tracing(self) -> bool:
        return bool(self.described.get("xray_tracing"))

    @property
    def log_retention_days(self) -> int:
        return int(self.described.get("log_retention_days", 30))

    @property
    def timeout_seconds(self) -> int:
        """API Gateway stops waiting after 29 seconds, so more than 30 is of no use."""
        return int(self.described.get("timeout_seconds", 30))

    @property
    def table_alarms(self) -> bool:
        return bool(self.described.get("table_alarms", True))

    @property
    def table_limits(self) -> dict[str, int]:
        """The most that each table and each index serves in a second. docs/deployment.md derives the defaults."""
        return {
            "MaxReadRequestUnits": int(self.described.get("table_read_limit", 3000)),
            "MaxWriteRequestUnits": int(self.described.get("table_write_limit", 2000)),
        }

    @property
    def retained_versions(self) -> int:
        """How many earlier versions of the function are kept for a rollback."""
        return int(self.described.get("num_retained_versions") or 5)

    @property
    def tags(self) -> list[dict[str, str]]:
        return [{"Key": "Project", "Value": "events"}, {"Key": "Stage", "Value": self.name}]


def read_stage(name: str) -> Stage:
    """Raises StackError if the name is invalid, or the file does not describe the stage."""
    try:
        names, described = Names(name), read_stage_settings(settings.BASE_DIR, name)
        if not described.get("aws_region") or not isinstance(described.get(ENVIRONMENT), dict):
            raise StackError(f"{SETTINGS_FILE}: {name} needs aws_region and {ENVIRONMENT}.")
        return Stage(replace(names, tables=str(described[ENVIRONMENT].get("DYNAMODB_TABLE_NAME", ""))), described)
    except (OSError, ValueError) as error:
        raise StackError(str(error)) from error
