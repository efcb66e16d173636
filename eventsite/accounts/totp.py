"""Authenticator apps: codes of six digits for each 30 seconds (TOTP, RFC 6238, with SHA-1 as all apps know it)."""

from __future__ import annotations

import time
from hmac import compare_digest

ISSUER = "Events"
DIGITS = 6
STEP_SECONDS = 30
STEPS_AROUND = 1  # for a clock that is up to 30 seconds wrong


def new_secret() -> str:
    """160 random bits in Base32."""
    import pyotp

    return pyotp.random_base32()


def current_step() -> int:
    """The number of the current 30 seconds."""
    return int(time.time()) // STEP_SECONDS


def matching_step(secret: str, code: str) -> int | None:
    """The step whose code this is: the current one, or the one before or after it. Takes equally long for all."""
    import pyotp

    codes = pyotp.HOTP(secret, digits=DIGITS)
    now = current_step()
    steps = range(now - STEPS_AROUND, now + STEPS_AROUND + 1)
    matching = [step for step in steps if compare_digest(codes.at(step), code)]
    return matching[-1] if matching else None


def address(secret: str, username: str, host: str) -> str:
    """The address that adds the account to an app. The host tells the sites apart."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=f"{ISSUER} {host.partition(':')[0]}")


def qr_code(text: str) -> str:
    """An SVG image as a `data:` address, black on white with a quiet zone, so that it is readable on dark pages."""
    import segno

    image: str = segno.make(text, error="m", micro=False).svg_data_uri(border=4, light="#fff", omitsize=True)
    return image
