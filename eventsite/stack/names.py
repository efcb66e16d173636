"""What everything of a stage is called on AWS."""

from __future__ import annotations

import re
from dataclasses import dataclass

PROJECT = "events"
METRICS_NAMESPACE = "Events"

# The name of the bucket is the longest, of at most 63 characters; and it has no capital letters.
_STAGE = re.compile(r"[a-z](-?[a-z0-9]){0,18}")
# With these ends, what one stage has could be called as what another has.
_TAKEN_ENDS = ("-history", "-access", "-resources", "-function")


@dataclass(frozen=True)
class Names:
    """The names of one stage. Raises ValueError, with a sentence, for what cannot be a stage's name."""

    stage: str

    def __post_init__(self) -> None:
        if not _STAGE.fullmatch(self.stage) or len(self.stage) > 19:
            raise ValueError(
                f"{self.stage!r} cannot be the name of a stage: up to 19 lower-case letters, digits and hyphens "
                "can be, a letter first."
            )
        if self.stage.endswith(_TAKEN_ENDS):
            raise ValueError(f"{self.stage!r} cannot be the name of a stage: another one could have what ends so.")

    @property
    def function(self) -> str:
        """Of the function, of its API, and of the CloudFormation stack that Zappa makes for the API."""
        return f"{PROJECT}-{self.stage}"

    @property
    def stack(self) -> str:
        return f"{PROJECT}-{self.stage}-resources"

    @property
    def events_table(self) -> str:
        """The table that DYNAMODB_TABLE_NAME names; the others add to it."""
        return f"{PROJECT}-{self.stage}"

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
    def dashboard(self) -> str:
        return f"{PROJECT}-{self.stage}"

    @property
    def secret_key(self) -> str:
        """Of the parameter that holds the site's secret key, and those before it that are still taken."""
        return f"/{PROJECT}/{self.stage}/secret-key"

    def packages_bucket(self, account: str, region: str) -> str:
        return f"{PROJECT}-{self.stage}-packages-{account}-{region}"
