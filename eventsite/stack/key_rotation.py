"""Writes a stage's secret key to the Parameter Store. eventsite.parameter_store reads it when the function starts."""

from __future__ import annotations

import secrets

from botocore.exceptions import ClientError

from eventsite.stack.aws import Clients
from eventsite.stack.stage import Stage

_BYTES = 64


def rotate_key(clients: Clients, stage: Stage) -> str:
    """Adds a new key before the current one, which stays valid, and drops older ones. Returns a sentence."""
    ssm, name = clients.of("ssm"), stage.names.secret_key
    current = _newest_key(clients, name)
    new = secrets.token_urlsafe(_BYTES)
    if current is None:
        ssm.put_parameter(Name=name, Value=new, Type="SecureString", Tags=stage.tags)
        return f"{name} has its first key."
    ssm.put_parameter(Name=name, Value=f"{new},{current}", Type="SecureString", Overwrite=True)
    return (
        f"{name} has a new key. Signatures of the previous key are still valid, older ones are not. The function reads "
        f"its keys when it starts: `make deploy STAGE={stage.name}` restarts it."
    )


def _newest_key(clients: Clients, name: str) -> str | None:
    try:
        parameter = clients.of("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return None
        raise
    value: str = parameter["Value"]
    return value.partition(",")[0].strip() or None
