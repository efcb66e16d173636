"""How often a password may be tried: counted before it is checked, so that tries at the same moment count as well."""

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
TRIES_FROM_AN_ADDRESS = 5
TRIES_FROM_ANYWHERE = 30
# From one address, whatever the names: each name that is tried stores two rows.
TRIES_OF_ANY_NAME = 100


class Tries:
    """Those at one account's password, as it is now: one that an admin sets anew is not locked with the old one."""

    def __init__(self, username: str, address: str, staff: Staff | None) -> None:
        """There may be no such account: it is counted all the same."""
        # What is no account's name may be a password, typed into the wrong field.
        self._who = f"{username if staff else 'nobody known'} from {address}"
        # The address and the password come first: what is typed as a name may hold anything.
        password = staff.password if staff else ""
        self._counters = {
            f"any name from {_network(address)}": TRIES_OF_ANY_NAME,  # first, so that beyond it nothing else is stored
            f"from {address}\n{password}\n{username}": TRIES_FROM_AN_ADDRESS,
            f"from anywhere\n{password}\n{username}": TRIES_FROM_ANYWHERE,
        }

    def count(self) -> None:
        """Counts one. Raises LockedOutError if it is one too many."""
        try:
            for key, tries in self._counters.items():
                session_repository.count_attempt(key, tries, WINDOW)
        except LockedOutError:
            observed.current().count("SignInLockouts")
            logger.warning("Too many tries to sign in as %s", self._who)
            raise

    def forget(self) -> None:
        """After the right password."""
        for key in self._counters:
            session_repository.forget_attempts(key)


def _network(address: str) -> str:
    """The address; of IPv6, the /64 that one subscriber has."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((ip, 64), strict=False)) if isinstance(ip, IPv6Address) and not ip.ipv4_mapped else address
