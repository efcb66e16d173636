"""Codes of authenticator apps, compared with the examples of RFC 6238."""

from __future__ import annotations

from base64 import b32encode

import pytest

from eventsite.accounts import totp

RFC_SECRET = b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_of_the_rfc(monkeypatch: pytest.MonkeyPatch, seconds: int, code: str) -> None:
    monkeypatch.setattr("time.time", lambda: float(seconds))
    assert totp.matching_step(RFC_SECRET, code) == seconds // 30
    assert totp.matching_step(RFC_SECRET, code[::-1]) is None


def test_a_secret_has_160_bits() -> None:
    assert len(totp.new_secret()) == 32
    assert totp.new_secret() != totp.new_secret()


def test_the_address_has_no_port_because_apps_split_names_at_colons() -> None:
    address = totp.address(RFC_SECRET, "a.b+c@d", "127.0.0.1:8000")
    assert address == (f"otpauth://totp/Events%20127.0.0.1:a.b%2Bc%40d?secret={RFC_SECRET}&issuer=Events%20127.0.0.1")
