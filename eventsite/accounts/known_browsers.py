"""Browsers in which a person has signed in before: strangers' attempts with their name do not lock these.

A cookie says so, as in https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies.
It does not sign anybody in. A copied one allows a few more attempts, until the password changes.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from eventsite.accounts.models import Staff

_SALT = "eventsite.accounts.device"
_AGE = timedelta(days=365)
MOST_PEOPLE = 5  # in one browser, the latest first


def known_browser(request: HttpRequest | None, staff: Staff | None) -> str:
    """What identifies this browser if this person has signed in with it, or nothing.

    An unknown name takes the same work.
    """
    return next(_devices(request, staff or Staff()), "") if request else ""


def remember_browser(request: HttpRequest, response: HttpResponseBase, staff: Staff) -> None:
    """Marks the browser after a complete sign-in, until the password or the epoch of the account changes."""
    own = set(_devices(request, staff))
    others = [entry for entry in _entries(request) if entry not in own]
    new = TimestampSigner(salt=_SALT).sign(_signed(staff) + secrets.token_hex(16)).removeprefix(_signed(staff))
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        "/".join([new, *others][:MOST_PEOPLE]),
        max_age=_AGE,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _devices(request: HttpRequest, staff: Staff) -> Iterator[str]:
    for entry in _entries(request):
        try:
            TimestampSigner(salt=_SALT).unsign(_signed(staff) + entry, max_age=_AGE)
        except BadSignature:
            continue
        yield entry


def _entries(request: HttpRequest) -> list[str]:
    """Each is a random number with a time and a signature."""
    return [entry for entry in request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "").split("/")[:MOST_PEOPLE] if entry]


def _signed(staff: Staff) -> str:
    return f"{staff.username}\n{staff.epoch}\n{staff.password}\n"
