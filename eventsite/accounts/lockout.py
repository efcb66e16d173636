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


class Tries:
    """Those at one account's password, as it is now: one that an admin sets anew is not locked with the old one."""

    def __init__(self, username: str, address: str, staff: Staff | None) -> None:
        """There may be no such account: it is counted all the same."""
        # What is no account's name may be a password, typed into the wrong field.
        self._who = f"{username if staff else 'nobody known'} from {address}"
        # The address and the password come first: what is typed as a name may hold anything.
        password = staff.password if staff else ""
        self._counters = {
            f"from {address}\n{password}\n{username}": TRIES_FROM_AN_ADDRESS,
            f"from anywhere\n{password}\n{username}": TRIES_FROM_ANYWHERE,
        }

    def count(self) -> None:
        """Counts one. Raises LockedOutError if it is one too many."""
        try:
            for key, tries in self._counters.items():
                session_repository.count_try(key, tries, WINDOW)
        except LockedOutError:
            observed.current().count("SignInLockouts")
            logger.warning("Too many tries to sign in as %s", self._who)
            raise

    def forget(self) -> None:
        """After the right password."""
        for key in self._counters:
            session_repository.forget_tries(key)
