"""The names of a stage's resources on AWS."""

from __future__ import annotations

import re
from dataclasses import dataclass

PROJECT = "events"
METRICS_NAMESPACE = "Events"

# The bucket's name is the longest: it may have 63 characters, and no capital letters.
_STAGE = re.compile(r"[a-z](-?[a-z0-9]){0,18}")
# With these endings, resources of two stages could have the same name.
_RESERVED_ENDINGS = ("-history", "-access", "-resources", "-function")


@dataclass(frozen=True)
class Names:
    """The names of one stage. Raises ValueError, with a sentence, if the stage's name is invalid."""

    stage: str

    def __post_init__(self) -> None:
        if not _STAGE.fullmatch(self.stage) or len(self.stage) > 19:
            raise ValueError(
                f"{self.stage!r} is not a valid stage name. Use up to 19 lower-case letters, digits and hyphens, "
                "beginning with a letter."
            )
        if self.stage.endswith(_RESERVED_ENDINGS):
            endings = ", ".join(_RESERVED_ENDINGS)
            raise ValueError(f"{self.stage!r} is not a valid stage name: it may not end with {endings}.")

    @property
    def function(self) -> str:
        """The name of the function, its API, and the CloudFormation stack that Zappa creates for the API."""
        return f"{PROJECT}-{self.stage}"

    @property
    def stack(self) -> str:
        return f"{PROJECT}-{self.stage}-resources"

    @property
    def events_table(self) -> str:
        """The value of DYNAMODB_TABLE_NAME. The other tables add to it."""
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
        """The parameter with the secret key, followed by earlier keys that are still valid."""
        return f"/{PROJECT}/{self.stage}/secret-key"

    def packages_bucket(self, account: str, region: str) -> str:
        return f"{PROJECT}-{self.stage}-packages-{account}-{region}"
