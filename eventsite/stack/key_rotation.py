"""Writes a stage's secret key to the Parameter Store. eventsite.parameter_store reads it when the function starts."""

from __future__ import annotations

import secrets

from eventsite.stack.aws import Clients, find
from eventsite.stack.stage import Stage

_BYTES = 64


def rotate_key(clients: Clients, stage: Stage) -> str:
    """Adds a new key before the current one, which stays valid, and drops older ones. Returns a sentence."""
    ssm, name = clients.of("ssm"), stage.names.secret_key
    found = find(ssm.get_parameter, Name=name, WithDecryption=True)
    current = found["Parameter"]["Value"].partition(",")[0].strip() if found else ""
    new = secrets.token_urlsafe(_BYTES)
    if not current:
        ssm.put_parameter(Name=name, Value=new, Type="SecureString", Tags=stage.tags)
        return f"{name} has its first key."
    ssm.put_parameter(Name=name, Value=f"{new},{current}", Type="SecureString", Overwrite=True)
    return (
        f"{name} has a new key. Signatures of the previous key are still valid, older ones are not. The function reads "
        f"its keys when it starts: `make deploy STAGE={stage.name}` restarts it."
    )
