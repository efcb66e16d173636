"""How often a password may be tried: counted before it is checked, so that tries at the same moment count as well."""

from __future__ import annotations

import logging
from datetime import timedelta

from eventsite import observed
from eventsite.accounts import session_repository
from eventsite.accounts.domain import LockedOutError
from eventsite.accounts.models import Staff

logger = logging.getLogger("eventsite.accounts")

WINDOW = timedelta(minutes=15)
TRIES_FROM_AN_ADDRESS = 5
TRIES_FROM_ANYWHERE = 30


def count_try(username: str, address: str) -> None:
    """Counts a try, whether or not there is such an account. Raises LockedOutError if it is one too many."""
    try:
        for key, tries in _counters(username, address).items():
            session_repository.count_try(key, tries, WINDOW)
    except LockedOutError:
        observed.current().count("SignInLockouts")
        # What is no account's name may be a password, typed into the wrong field.
        known = Staff.get(username) is not None
        logger.warning("Too many tries to sign in as %s from %s", username if known else "nobody known", address)
        raise


def forget_tries(username: str, address: str) -> None:
    """After the right password."""
    for key in _counters(username, address):
        session_repository.forget_tries(key)


def _counters(username: str, address: str) -> dict[str, int]:
    """What is counted, and how far. The address comes first: what is typed as a name may hold anything."""
    return {f"from {address}\n{username}": TRIES_FROM_AN_ADDRESS, f"from anywhere\n{username}": TRIES_FROM_ANYWHERE}
