"""Clients of AWS's services, and their errors as StackError."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

from botocore import session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from eventsite.stack import Say, StackError
from eventsite.stack.stage import Stage

# Management calls have low quotas: Lambda allows 15 a second in an account, API Gateway 10. Seven attempts take up to
# 51 seconds. Zappa, which is another process, gets the same values as environment variables.
RETRIES = {"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "7"}
_THROTTLED = ("TooManyRequestsException", "Throttling", "ThrottlingException", "RequestLimitExceeded")
_MISSING = ("404", "NoSuchEntity", "ParameterNotFound", "ResourceNotFoundException")


class Clients:
    """Clients in the stage's region: `clients.cloudformation`, `clients.of("logs")`."""

    def __init__(self, stage: Stage, say: Say | None = None) -> None:
        """Says a line when AWS asks to wait."""
        retries: Any = {"mode": RETRIES["AWS_RETRY_MODE"], "total_max_attempts": int(RETRIES["AWS_MAX_ATTEMPTS"])}
        config = Config(retries=retries, connect_timeout=5, read_timeout=60)
        self._say = say
        self._create = partial(session.get_session().create_client, region_name=stage.region, config=config)
        self._clients: dict[str, Any] = {}

    def of(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = client = self._create(service)
            client.meta.events.register_first("needs-retry", self._before_retry)
        return self._clients[service]

    @property
    def cloudformation(self) -> Any:
        return self.of("cloudformation")

    def _before_retry(self, response: Any, operation: Any, attempts: int, **_: Any) -> None:
        code = response[1].get("Error", {}).get("Code") if response else None
        if self._say and code in _THROTTLED and attempts < int(RETRIES["AWS_MAX_ATTEMPTS"]):
            service = operation.service_model.service_id
            self._say(f"{service} limits how often {operation.name} may be called: waiting, then trying again.")


@cache
def dns_suffix(region: str) -> str:
    """Of the addresses of AWS in this region, such as "amazonaws.com"."""
    name = session.get_session().get_partition_for_region(region)
    return next(outputs["dnsSuffix"] for outputs in _partitions() if outputs["name"] == name)


def is_aws(host: str) -> bool:
    """Whether AWS has this host, in any of its partitions, and not an emulator."""
    names = {outputs[key] for outputs in _partitions() for key in ("dnsSuffix", "dualStackDnsSuffix")}
    return host.endswith(tuple(f".{name}" for name in names))


@cache
def _partitions() -> list[dict[str, str]]:
    loaded = session.get_session().get_component("data_loader").load_data("partitions")
    return [partition["outputs"] for partition in loaded["partitions"]]


@contextmanager
def aws_errors() -> Iterator[None]:
    """Raises botocore's errors as StackError."""
    try:
        yield
    except NoCredentialsError as error:
        raise StackError(
            "There are no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run "
            "`aws login`."
        ) from error
    except (BotoCoreError, ClientError, ValueError) as error:  # ValueError: an invalid endpoint URL
        raise StackError(f"AWS: {error}") from error


def find(call: Callable[..., dict[str, Any]], **arguments: Any) -> dict[str, Any] | None:
    """The response of the call, or None if AWS says that there is no such resource."""
    try:
        return call(**arguments)
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        # CloudFormation has no error code of its own for that.
        if code in _MISSING or "does not exist" in message:
            return None
        raise
