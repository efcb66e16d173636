"""Clients of AWS's services, and their errors as StackError."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from botocore import session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from eventsite.stack import StackError
from eventsite.stack.stage import Stage


class Clients:
    """Clients in the stage's region: `clients.cloudformation`, `clients.of("logs")`."""

    def __init__(self, stage: Stage) -> None:
        config = Config(retries={"mode": "standard"}, connect_timeout=5, read_timeout=60)
        self._create = partial(session.get_session().create_client, region_name=stage.region, config=config)
        self._clients: dict[str, Any] = {}

    def of(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._create(service)
        return self._clients[service]

    @property
    def cloudformation(self) -> Any:
        return self.of("cloudformation")


@contextmanager
def aws_errors() -> Iterator[None]:
    """Raises botocore's errors as StackError."""
    try:
        yield
    except NoCredentialsError as error:
        raise StackError(
            "There are no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        ) from error
    except (BotoCoreError, ClientError, ValueError) as error:  # ValueError: an invalid endpoint URL
        raise StackError(f"AWS: {error}") from error


def is_missing(error: ClientError) -> bool:
    """Whether the stack does not exist. CloudFormation has no error code of its own for that."""
    return "does not exist" in error.response["Error"].get("Message", "")
