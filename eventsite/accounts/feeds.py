"""The secret in the address of someone's calendar feed: a signature, so that nothing but the nonce is stored."""

from __future__ import annotations

from django.core.signing import BadSignature, Signer

from eventsite.accounts.models import Staff

_SALT = "eventsite.accounts.feed"


def feed_token(staff: Staff) -> str:
    """Fits into an address; good until the nonce changes."""
    return f"{staff.username}:{Signer(salt=_SALT).signature(_signed(staff))}"


def staff_of_feed(token: str) -> Staff | None:
    """Whose feed it is, if the token is good and the account active."""
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
