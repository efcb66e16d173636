"""Encrypted secrets: for one purpose, with fallbacks, and for a limited time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import override_settings

from eventsite.accounts.encryption import UnreadableError, decrypt, encrypt


def test_what_was_encrypted_can_be_read_for_the_same_purpose() -> None:
    encrypted = encrypt("sécret", "this")
    assert encrypted != encrypt("sécret", "this")
    assert decrypt(encrypted, "this") == "sécret"
    with pytest.raises(UnreadableError):
        decrypt(encrypted, "that")


@pytest.mark.parametrize("broken", ["", "nonsense", "gAAAAA", "é", "\x00", "x" * 10_000])
def test_anything_else_is_unreadable(broken: str) -> None:
    with pytest.raises(UnreadableError):
        decrypt(broken, "this")


def test_fallbacks_decrypt_and_the_newest_key_encrypts() -> None:
    with override_settings(SECRET_KEY="old"):
        old = encrypt("secret", "this")
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["older", "old"]):
        assert decrypt(old, "this") == "secret"
        new = encrypt("secret", "this")
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[]):
        assert decrypt(new, "this") == "secret"
        with pytest.raises(UnreadableError):
            decrypt(old, "this")


def test_it_can_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    encrypted, hour = encrypt("secret", "this"), timedelta(hours=1)
    assert decrypt(encrypted, "this", hour) == "secret"
    monkeypatch.setattr("time.time", lambda: 99_999_999_999.0)
    assert decrypt(encrypted, "this") == "secret"
    with pytest.raises(UnreadableError):
        decrypt(encrypted, "this", hour)
