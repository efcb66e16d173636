"""The names of a stage's resources on AWS."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

PROJECT = "events"
METRICS_NAMESPACE = "Events"
ALIAS = "live"  # of the function: the version that the API calls

# The bucket's name is the longest: it may have 63 characters, and no capital letters.
_STAGE = re.compile(r"[a-z](-?[a-z0-9]){0,18}")
# With these endings, resources of two stages could have the same name.
_RESERVED_ENDINGS = ("-history", "-access", "-resources", "-function")


@dataclass(frozen=True)
class Names:
    """The names of one stage. Raises ValueError, with a sentence, if the stage's name is invalid."""

    stage: str
    tables: str = ""  # DYNAMODB_TABLE_NAME, if the stage uses restored tables

    def __post_init__(self) -> None:
        if not _STAGE.fullmatch(self.stage) or len(self.stage) > 19:
            raise ValueError(
                f"{self.stage!r} is not a valid stage name. Use up to 19 lower-case letters, digits and hyphens, "
                "beginning with a letter."
            )
        if self.stage.endswith(_RESERVED_ENDINGS):
            endings = ", ".join(_RESERVED_ENDINGS)
            raise ValueError(f"{self.stage!r} is not a valid stage name: it may not end with {endings}.")
        if self.tables and not re.fullmatch(self._restored_tables, self.tables):
            raise ValueError(f"{self.tables} is no table that `manage.py stack restore {self.stage}` made.")

    @property
    def function(self) -> str:
        """Also the name of its API, of the CloudFormation stack of the API, and of the dashboard."""
        return f"{PROJECT}-{self.stage}"

    @property
    def stack(self) -> str:
        return f"{PROJECT}-{self.stage}-resources"

    @property
    def events_table(self) -> str:
        """The value of DYNAMODB_TABLE_NAME. The other tables add to it."""
        return self.tables or f"{PROJECT}-{self.stage}"

    @property
    def _restored_tables(self) -> str:
        """A pattern. The capital letter keeps the names apart from those of other stages."""
        return rf"{PROJECT}-{self.stage}-at-\d{{8}}T\d{{6}}"

    def restored_at(self, at: datetime) -> Names:
        """With the names of tables that are restored as of this time."""
        return replace(self, tables=f"{PROJECT}-{self.stage}-at-{at:%Y%m%dT%H%M%S}")

    def is_table(self, name: str) -> bool:
        """Whether this is a name of a table of the stage, restored or not."""
        return bool(re.fullmatch(rf"({self._restored_tables}|{PROJECT}-{self.stage})(-history|-access)?", name))

    @property
    def role(self) -> str:
        return f"{PROJECT}-{self.stage}-function"

    @property
    def function_logs(self) -> str:
        return f"/aws/lambda/{self.function}"

    @property
    def access_logs(self) -> str:
        return f"/aws/apigateway/{self.function}"

    @property
    def alarms_topic(self) -> str:
        return f"{PROJECT}-{self.stage}-alarms"

    @property
    def secret_key(self) -> str:
        """The parameter with the secret key, followed by earlier keys that are still valid."""
        return f"/{PROJECT}/{self.stage}/secret-key"

    def packages_bucket(self, account: str, region: str) -> str:
        return f"{PROJECT}-{self.stage}-packages-{account}-{region}"
