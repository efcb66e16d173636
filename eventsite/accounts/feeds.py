"""The secret in the address of a calendar feed: a signature, so that only a nonce is stored."""

from __future__ import annotations

from django.core.signing import BadSignature, Signer

from eventsite.accounts.models import Staff

_SALT = "eventsite.accounts.feed"


def feed_token(staff: Staff) -> str:
    """A token for an address, valid until the nonce changes."""
    return f"{staff.username}:{Signer(salt=_SALT).signature(_signed(staff))}"


def staff_of_feed(token: str) -> Staff | None:
    """The owner of the feed, or None if the token is invalid or the account is not active."""
    username, _, signature = token.rpartition(":")
    staff = Staff.get(username)
    if staff is None or not staff.is_active:
        return None
    try:
        Signer(salt=_SALT).unsign(f"{_signed(staff)}:{signature}")
    except BadSignature:
        return None
    return staff


def _signed(staff: Staff) -> str:
    return f"{staff.username}:{staff.feed_nonce}"
