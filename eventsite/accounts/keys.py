"""API keys: create, check with every call, rotate, revoke. Only hashes of secrets are stored."""

from __future__ import annotations

import hmac
import logging
import re
import secrets
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from events.domain import Actor, StorageError
from events.storage import api_keys as key_repository
from eventsite.accounts.domain import NEVER, ApiKey, Rotation, Scope
from eventsite.accounts.errors import KeyChangedError, KeyExpiredError, KeyNameTakenError, KeyNotFoundError
from eventsite.accounts.security_log import new_change

logger = logging.getLogger("eventsite.accounts")

# How long a revoked key, or a secret that a rotation ended, may still work in another process. Pages and documentation
# promise 30 seconds.
SECONDS_TO_REMEMBER = 20
MAX_REMEMBERED = 1000
# The keys page says that the last use may be an hour later than shown.
USE_RECORDED_EVERY = timedelta(hours=1)
WARN_BEFORE = timedelta(days=14)
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


def create_key(
    name: str, scope: Scope, actor: Actor, seed: bytes | None = None, valid_for: timedelta | None = None
) -> tuple[ApiKey, str]:
    """The new key and its token, which is not stored. The same `seed` (at least 30 random bytes) gives the same key.

    It expires after `valid_for`, if given. Raises KeyNameTakenError.
    """
    seed = seed or secrets.token_bytes(30)
    key_id, secret, now = seed[:6].hex(), seed[6:30].hex(), datetime.now(UTC)
    until = now + valid_for if valid_for else None
    key = ApiKey(key_id, name, scope, _hash(secret), now, actor.name, valid_until=until)
    try:
        key_repository.create_key(key, new_change(actor.name, "key-created", name, scope, _text(until)))
    except KeyNameTakenError:
        stored = key_repository.get_key(key.id)
        if stored is None or stored.revoked_at or not _made_just_now(stored, key.secret_hash):
            raise
        key = stored
    return key, f"evk_{key_id}_{secret}"


def rotate_key(key_id: str, actor: Actor, rotation: Rotation, seed: bytes | None = None) -> tuple[ApiKey, str]:
    """The key with a new secret, and its token. The same `seed` gives the same secret. At most one other secret works.

    Raises KeyNotFoundError, and KeyChangedError if the key got another secret meanwhile.
    """
    seed = seed or secrets.token_bytes(30)
    secret, key = seed[6:30].hex(), get_key(key_id)
    try:
        rotated = _rotate(key, _hash(secret), actor, rotation)
    except KeyChangedError:
        rotated = get_key(key_id)
        if not _made_just_now(rotated, _hash(secret)):
            raise
    remembered_keys.pop(key_id, None)
    return rotated, f"evk_{key_id}_{secret}"


def _rotate(key: ApiKey, secret_hash: str, actor: Actor, rotation: Rotation) -> ApiKey:
    if rotation.since and rotation.since != key.secret_since.isoformat():
        raise KeyChangedError(key.id)
    now = datetime.now(UTC)
    until = now + rotation.valid_for if rotation.valid_for else None
    rotated = key._replace(secret_hash=secret_hash, rotated_at=now, valid_until=until)
    if rotation.keep_current is not None:
        former_until = min(now + rotation.keep_current, key.valid_until or NEVER)
        rotated = rotated._replace(former_hash=key.secret_hash, former_until=former_until)
    change = new_change(actor.name, "key-rotated", key.name, _text(rotated.former_until), _text(until))
    key_repository.rotate_key(rotated, key.secret_hash, change)
    return rotated


def _made_just_now(key: ApiKey, secret_hash: str) -> bool:
    """Whether the same form made this secret within the last minute."""
    is_same = hmac.compare_digest(key.secret_hash, secret_hash)
    return is_same and datetime.now(UTC) - key.secret_since <= SHOWN_AGAIN_FOR


def _text(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def list_keys() -> list[ApiKey]:
    """Newest first, revoked keys after all others."""
    keys = sorted(key_repository.list_keys(), key=lambda key: key.created_at, reverse=True)
    return sorted(keys, key=lambda key: key.revoked_at is not None)


def list_keys_of(username: str) -> list[ApiKey]:
    """The keys that this person created and that work now, newest first."""
    now = datetime.now(UTC)
    working = [key for key in list_keys() if not key.revoked_at and (not key.expires_by(now) or key.has_former(now))]
    return [key for key in working if key.created_by == username]


def list_expiring(listed: list[ApiKey]) -> list[ApiKey]:
    """Those of the listed keys that work now and expire within two weeks, the next one first."""
    now = datetime.now(UTC)
    soon = [key for key in listed if key.expires_by(now + WARN_BEFORE)]
    return sorted(
        (key for key in soon if not key.revoked_at and not key.expires_by(now)),
        key=lambda key: key.valid_until or NEVER,
    )


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
    return key


def revoke_keys_of(username: str, key_ids: Collection[str], actor: Actor) -> int:
    """Revokes those of the given keys that this person created. Returns their number."""
    chosen = [key.id for key in list_keys_of(username) if key.id in key_ids] if key_ids else []
    for key_id in chosen:
        with suppress(KeyNotFoundError):  # somebody else has revoked it just now
            revoke_key(key_id, actor)
    return len(chosen)


def discard_key(key: ApiKey) -> None:
    """Deletes a key that nobody has used; it is not listed as revoked."""
    key_repository.delete_key(key)
    remembered_keys.pop(key.id, None)


def check_token(token: str, address: str = "") -> ApiKey | None:
    """The key of a token, or None if the token is invalid. Raises KeyExpiredError, StorageError.

    `address`: the network address to record with this use.
    """
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    secret_hash = _hash(match[2])
    remembered = _remember(match[1], secret_hash)
    end = remembered.key.end_of(secret_hash) if remembered else None
    if remembered is None or end is None:
        return None
    now = datetime.now(UTC)
    if end <= now:
        raise KeyExpiredError(remembered.key.name)
    _record_use(remembered, now, address)
    return remembered.key


def _remember(key_id: str, secret_hash: str) -> _Remembered | None:
    now = time.monotonic()
    remembered = remembered_keys.get(key_id)
    # Another process may have rotated the key, so an unknown secret is looked up.
    if remembered is None or remembered.until <= now or remembered.key.end_of(secret_hash) is None:
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


def _record_use(remembered: _Remembered, now: datetime, address: str) -> None:
    if remembered.used_at and now - remembered.used_at < USE_RECORDED_EVERY:
        return
    remembered.used_at = now
    try:
        key_repository.note_use(remembered.key.id, now, address, now - USE_RECORDED_EVERY)
    except StorageError as error:  # the call itself matters more
        logger.warning("The use of the API key %s was not recorded: %s", remembered.key.id, error)


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
