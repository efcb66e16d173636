"""A stage's secret key in the Parameter Store; eventsite.parameter_store reads it when the function starts."""

from __future__ import annotations

import secrets

from botocore.exceptions import ClientError

from eventsite.stack.aws import Clients
from eventsite.stack.stage import Stage

_BYTES = 64


def rotate_key(clients: Clients, stage: Stage) -> str:
    """Puts a new key before the newest there is, which is still taken; says what came of it, but never a key."""
    ssm, name = clients.of("ssm"), stage.names.secret_key
    before = _newest_key(clients, name)
    new = secrets.token_urlsafe(_BYTES)
    if before is None:
        ssm.put_parameter(Name=name, Value=new, Type="SecureString", Tags=stage.tags)
        return f"{name} holds a first key now."
    ssm.put_parameter(Name=name, Value=f"{new},{before}", Type="SecureString", Overwrite=True)
    return (
        f"{name} holds a new key now; what the one before it signed is still taken, and nothing older. The function "
        f"reads keys when it starts: `make deploy STAGE={stage.names.stage}` starts it anew."
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
