"""API keys: create, check with every call, revoke. Only a hash of the secret is stored."""

from __future__ import annotations

import hmac
import logging
import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from events.domain import Actor, StorageError
from events.storage import api_keys as key_repository
from eventsite.accounts.changes import new_change
from eventsite.accounts.domain import ApiKey, KeyNameTakenError, KeyNotFoundError, Scope

logger = logging.getLogger("eventsite.accounts")

# How long a revoked key may still work in another process. Pages and documentation promise 30 seconds.
SECONDS_TO_REMEMBER = 20
MAX_REMEMBERED = 1000
USE_RECORDED_EVERY = timedelta(minutes=5)
# How long a form that is sent twice shows the same new key again.
SHOWN_AGAIN_FOR = timedelta(minutes=1)

_ID = re.compile(r"[0-9a-f]{12}")
_TOKEN = re.compile(r"evk_([0-9a-f]{12})_([0-9a-f]{48})")


@dataclass(slots=True)
class _Remembered:
    key: ApiKey
    until: float
    used_at: datetime | None


remembered_keys: dict[str, _Remembered] = {}


def create_key(name: str, scope: Scope, actor: Actor, seed: bytes | None = None) -> tuple[ApiKey, str]:
    """The new key and its token, which is not stored. The same `seed` (at least 30 random bytes) gives the same key.

    Raises KeyNameTakenError.
    """
    seed = seed or secrets.token_bytes(30)
    key_id, secret = seed[:6].hex(), seed[6:30].hex()
    key = ApiKey(key_id, name, scope, _hash(secret), datetime.now(UTC), actor.name)
    try:
        key_repository.create_key(key, new_change(actor.name, "key-created", name, scope))
    except KeyNameTakenError:
        key = _created_just_now(key)
    else:
        logger.info("%s created the API key %s (%s, %r)", actor.name, key_id, scope, name)
    return key, f"evk_{key_id}_{secret}"


def _created_just_now(key: ApiKey) -> ApiKey:
    """The same key, if the same form created it within the last minute. Raises KeyNameTakenError."""
    stored = key_repository.get_key(key.id)
    if stored is None or stored.revoked_at or not hmac.compare_digest(stored.secret_hash, key.secret_hash):
        raise KeyNameTakenError(key.name)
    if key.created_at - stored.created_at > SHOWN_AGAIN_FOR:
        raise KeyNameTakenError(key.name)
    return stored


def list_keys() -> list[ApiKey]:
    """Newest first, revoked keys after all others."""
    keys = sorted(key_repository.list_keys(), key=lambda key: key.created_at, reverse=True)
    return sorted(keys, key=lambda key: key.revoked_at is not None)


def get_key(key_id: str) -> ApiKey:
    """Raises KeyNotFoundError if the key does not exist or was revoked."""
    key = key_repository.get_key(key_id) if _ID.fullmatch(key_id) else None
    if key is None or key.revoked_at:
        raise KeyNotFoundError(key_id)
    return key


def revoke_key(key_id: str, actor: Actor) -> ApiKey:
    """Raises KeyNotFoundError."""
    key = get_key(key_id)
    key_repository.revoke_key(key, datetime.now(UTC), new_change(actor.name, "key-revoked", key.name))
    remembered_keys.pop(key_id, None)
    logger.info("%s revoked the API key %s (%r)", actor.name, key_id, key.name)
    return key


def discard_key(key: ApiKey) -> None:
    """Deletes a key that nobody has used; it is not listed as revoked."""
    key_repository.delete_key(key)
    remembered_keys.pop(key.id, None)


def check_token(token: str) -> ApiKey | None:
    """The key of a token, or None if the token is invalid. Raises StorageError."""
    match = _TOKEN.fullmatch(token)
    remembered = _remember(match[1]) if match else None
    if match is None or remembered is None or not hmac.compare_digest(_hash(match[2]), remembered.key.secret_hash):
        return None
    _record_use(remembered)
    return remembered.key


def _remember(key_id: str) -> _Remembered | None:
    now = time.monotonic()
    remembered = remembered_keys.get(key_id)
    if remembered is None or remembered.until <= now:
        try:
            key = get_key(key_id)
        except KeyNotFoundError:
            remembered_keys.pop(key_id, None)
            return None
        if len(remembered_keys) >= MAX_REMEMBERED:
            remembered_keys.clear()
        used_at = remembered.used_at if remembered else None
        remembered = remembered_keys[key_id] = _Remembered(key, now + SECONDS_TO_REMEMBER, used_at or key.last_used_at)
    return remembered


def _record_use(remembered: _Remembered) -> None:
    now = datetime.now(UTC)
    if remembered.used_at and now - remembered.used_at < USE_RECORDED_EVERY:
        return
    remembered.used_at = now
    try:
        key_repository.note_use(remembered.key.id, now, now - USE_RECORDED_EVERY)
    except StorageError as error:  # the call itself matters more
        logger.warning("The use of the API key %s was not recorded: %s", remembered.key.id, error)


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
