"""Clients of AWS's services, and their errors as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from botocore import session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004  # botocore's own
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
)

from eventsite.stack import StackError
from eventsite.stack.stage import Stage

_REFUSED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_NO_SUCH_KEY = (
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "ExpiredToken",
    "ExpiredTokenException",
)


class Clients:
    """The services, as `clients.cloudformation` or `clients.of("logs")`, in the stage's region."""

    def __init__(self, stage: Stage) -> None:
        config = Config(retries={"mode": "standard"}, connect_timeout=5, read_timeout=60)
        self._create = partial(session.get_session().create_client, region_name=stage.region, config=config)
        self._made: dict[str, Any] = {}

    def of(self, service: str) -> Any:
        if service not in self._made:
            self._made[service] = self._create(service)
        return self._made[service]

    @property
    def cloudformation(self) -> Any:
        return self.of("cloudformation")


@contextmanager
def aws_errors() -> Iterator[None]:
    """Turns whatever botocore raises into a StackError that says it in a sentence."""
    try:
        yield
    except NoCredentialsError as error:
        raise StackError(
            "There are no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        ) from error
    except NoRegionError as error:
        raise StackError("No region is named: set aws_region in zappa_settings.json, or AWS_REGION.") from error
    except (ConnectionError, HTTPClientError) as error:
        raise StackError(f"AWS cannot be reached: {error}") from error
    except ClientError as error:
        raise StackError(_refusal(error)) from error
    except (BotoCoreError, ValueError) as error:  # an endpoint that is no address is a ValueError
        raise StackError(f"AWS cannot be asked: {error}") from error


def _refusal(error: ClientError) -> str:
    code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    if code in _REFUSED:
        return f"These AWS credentials do not allow {error.operation_name}: {message}"
    if code in _NO_SUCH_KEY:
        return f"AWS does not know these credentials, or they have expired: {message}"
    return f"AWS refuses {error.operation_name}: {code}: {message}"


def is_missing(error: ClientError) -> bool:
    """Whether it says that there is no such stack. CloudFormation has no code of its own for that."""
    return "does not exist" in error.response["Error"].get("Message", "")
