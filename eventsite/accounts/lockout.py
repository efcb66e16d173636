"""Limits attempts with a password. Each is counted before the password is checked, so that parallel ones count too."""

from __future__ import annotations

import logging
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from events.storage import sessions as session_repository
from eventsite import observed
from eventsite.accounts.domain import LockedOutError
from eventsite.accounts.models import Staff

logger = logging.getLogger("eventsite.accounts")

WINDOW = timedelta(minutes=15)
ATTEMPTS_PER_ADDRESS = 5  # with one username, from one address
ATTEMPTS_FROM_ANYWHERE = 30  # with one username
ATTEMPTS_WITH_ANY_NAME = 100  # from one address: each username stores two rows


class Attempts:
    """Attempts against the account's current password. A password that an admin resets starts at zero."""

    def __init__(self, username: str, address: str, staff: Staff | None) -> None:
        """`staff` is None if the account does not exist; attempts are counted all the same."""
        # If no account has this name, it may be a password, typed into the wrong field.
        self._who = f"{username if staff else 'nobody known'} from {address}"
        # The address and the password come first, because the username may contain anything.
        password = staff.password if staff else ""
        self._counters = {
            f"any name from {_network(address)}": ATTEMPTS_WITH_ANY_NAME,  # first: above it, nothing else is stored
            f"from {address}\n{password}\n{username}": ATTEMPTS_PER_ADDRESS,
            f"from anywhere\n{password}\n{username}": ATTEMPTS_FROM_ANYWHERE,
        }

    def count(self) -> None:
        """Counts an attempt. Raises LockedOutError if there were too many."""
        try:
            for key, limit in self._counters.items():
                session_repository.count_attempt(key, limit, WINDOW)
        except LockedOutError:
            observed.current().count("SignInLockouts")
            logger.warning("Too many attempts to sign in as %s", self._who)
            raise

    def forget(self) -> None:
        """Resets the counters after the right password."""
        for key in self._counters:
            session_repository.forget_attempts(key)


def _network(address: str) -> str:
    """The address; for IPv6 the /64 network, because one subscriber has all of it."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((ip, 64), strict=False)) if isinstance(ip, IPv6Address) and not ip.ipv4_mapped else address
