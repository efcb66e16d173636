"""The secret in the address of a calendar feed. Only its SHA-256 is stored, with the account."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest

from django.core.signing import BadSignature, Signer

from eventsite.accounts.domain import NO_FEED, AccountAction
from eventsite.accounts.errors import StaffChangedError
from eventsite.accounts.keys import SHOWN_AGAIN_FOR
from eventsite.accounts.models import Staff
from eventsite.accounts.people import get_staff
from eventsite.accounts.security_log import new_change

_SECRET_BYTES = 24


def renew_feed(staff: Staff, seed: bytes | None = None, state: str = "") -> str:
    """Gives the feed a new address and returns its token, which is not stored. The former address stops working.

    The same `seed` (at least 24 random bytes) returns the token again for a minute. Raises StaffChangedError if the
    feed is no longer at this `state`.
    """
    secret = urlsafe_b64encode((seed or secrets.token_bytes(_SECRET_BYTES))[:_SECRET_BYTES]).decode()
    if not _made_just_now(staff, secret):
        if state and state != feed_state(staff):
            raise StaffChangedError(staff.username)
        try:
            _save(staff, "feed-renewed", feed_hash=_hash(secret), feed_since=datetime.now(UTC), feed_nonce="")
        except StaffChangedError:  # perhaps by the same form, sent twice
            if not _made_just_now(get_staff(staff.username), secret):
                raise
    return f"{staff.username}:{secret}"


def end_feed(staff: Staff) -> None:
    """Turns the feed off. Its address stops working. Raises StaffChangedError if it was renewed meanwhile."""
    if staff.has_feed:
        _save(staff, "feed-ended", **NO_FEED)


def feed_state(staff: Staff) -> str:
    """Changes with the address, but does not reveal it."""
    return _hash(f"{staff.feed_hash} {staff.feed_nonce}")


def staff_of_feed(token: str) -> Staff | None:
    """The owner of the feed, or None if the token is invalid or the account is not active."""
    username, _, secret = token.rpartition(":")
    staff = Staff.get(username)
    if staff is None or not staff.is_active:
        return None
    is_valid = compare_digest(_hash(secret), staff.feed_hash) if staff.feed_hash else _is_former(staff, secret)
    return staff if is_valid else None


def _is_former(staff: Staff, signature: str) -> bool:
    """Whether an earlier version gave out this secret. It signed a nonce, which the account has until it is renewed."""
    if not staff.feed_nonce:
        return False
    try:
        Signer(salt="eventsite.accounts.feed").unsign(f"{staff.username}:{staff.feed_nonce}:{signature}")
    except BadSignature:
        return False
    return True


def _made_just_now(staff: Staff, secret: str) -> bool:
    is_same = compare_digest(_hash(secret), staff.feed_hash)
    return is_same and staff.feed_since is not None and datetime.now(UTC) - staff.feed_since <= SHOWN_AGAIN_FOR


def _save(staff: Staff, action: AccountAction, **changes: object) -> None:
    for name, value in changes.items():
        setattr(staff, name, value)
    staff.save(update_fields=changes, change=new_change(staff.username, action, staff.username))


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
