"""Encryption of secrets that the site must read again. The keys are derived from SECRET_KEY and its fallbacks."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.encoding import force_bytes

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

_SALT = b"eventsite.accounts.encryption"


class UnreadableError(Exception):
    """No key decrypts this, or it was encrypted for another purpose, or too long ago."""


def encrypt(text: str, purpose: str) -> str:
    return _keys(purpose).encrypt(text.encode()).decode()


def decrypt(encrypted: str, purpose: str, max_age: timedelta | None = None) -> str:
    """The text that was encrypted for the same purpose. Raises UnreadableError."""
    from cryptography.fernet import InvalidToken

    try:
        return _keys(purpose).decrypt(encrypted.encode(), int(max_age.total_seconds()) if max_age else None).decode()
    except InvalidToken:
        raise UnreadableError from None


def _keys(purpose: str) -> MultiFernet:
    """The first key encrypts; all of them decrypt."""
    from cryptography.fernet import Fernet, MultiFernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    keys = [HKDF(SHA256(), 32, _SALT, purpose.encode()).derive(force_bytes(secret)) for secret in secrets]
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in keys])
