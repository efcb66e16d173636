"""Limits attempts to sign in. Each is counted before anything is checked, so that parallel ones count too."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

from events.storage import sessions as session_repository
from eventsite import observed
from eventsite.accounts import security_log
from eventsite.accounts.errors import LockedOutError
from eventsite.accounts.models import Staff

WINDOW = timedelta(minutes=15)
ATTEMPTS_PER_ADDRESS = 5  # with one username, from one address
ATTEMPTS_FROM_ANYWHERE = 30  # with one username
ATTEMPTS_WITH_ANY_NAME = 100  # from one address: each username stores two rows
ATTEMPTS_WITH_ANY_NAME_PER_SITE = 400  # from the /48 network of an IPv6 address, which one customer may have
ATTEMPTS_PER_DEVICE = 5  # with one username, in a browser in which this person has signed in before
ATTEMPTS_PER_SESSION = 5
# With codes of one account, for authenticator apps and for recovery codes.
ATTEMPTS_WITH_CODES = {timedelta(minutes=15): 5, timedelta(days=1): 20}


class Counter(NamedTuple):
    """`window`: how long each attempt counts, and how long no more are accepted after the last of `limit` attempts."""

    key: str
    limit: int
    window: timedelta = WINDOW


class Attempts:
    """Attempts that share counters: `of_all` names, and those of one `name`. A new password starts at zero."""

    def __init__(self, whom: str, name: list[Counter], of_all: list[Counter] | None = None) -> None:
        """`whom`: for the log, empty if unknown."""
        self._whom, self._name, self._of_all = whom, name, of_all or []

    def count(self) -> None:
        """Counts an attempt. Raises LockedOutError if there were too many."""
        try:
            for counter in self._of_all + self._name:  # above the first limit, nothing else is stored
                session_repository.count_attempt(*counter)
        except LockedOutError:
            observed.current().count("SignInLockouts")
            security_log.record("locked-out", whom=self._whom, once_a_minute=True)
            raise

    def forget(self) -> None:
        """After success: the name starts at zero. Of all names, only this attempt no longer counts."""
        for counter in self._of_all:
            session_repository.forget_attempt(counter.key)
        for counter in self._name:
            session_repository.forget_attempts(counter.key)


def attempts_to_sign_in(username: str, address: str, staff: Staff | None, device: str = "") -> Attempts:
    """`staff` is None if the account does not exist; attempts are counted all the same.

    `device`: what identifies a browser in which this person has signed in before. Its attempts are counted apart, so
    that nobody else can lock it.
    """
    whom = username if staff else ""  # if no account has this name, it may be a password, typed into the wrong field
    if device:
        return Attempts(whom, [Counter(f"device {device}", ATTEMPTS_PER_DEVICE)])
    # The address and the password come first, because the username may contain anything.
    password = staff.password if staff else ""
    *networks, widest = _networks(address)
    limits = [ATTEMPTS_WITH_ANY_NAME, ATTEMPTS_WITH_ANY_NAME_PER_SITE]
    return Attempts(
        whom,
        [
            Counter(f"from {widest}\n{password}\n{username}", ATTEMPTS_PER_ADDRESS),
            Counter(f"from anywhere\n{password}\n{username}", ATTEMPTS_FROM_ANYWHERE),
        ],
        [Counter(f"any name from {network}", most) for network, most in zip([*networks, widest], limits, strict=False)],
    )


def attempts_in_session(session_key: str, staff: Staff) -> Attempts:
    """Attempts to type the current password again. Attempts to sign in elsewhere do not count here."""
    return Attempts(staff.username, [Counter(f"session {session_key}", ATTEMPTS_PER_SESSION)])


def attempts_with_passkeys(address: str) -> Attempts:
    """Attempts with a passkey, which works while a name is locked."""
    return Attempts("", [Counter(f"any passkey from {_networks(address)[0]}", ATTEMPTS_WITH_ANY_NAME)])


def attempts_with_codes(staff: Staff, method: str) -> Attempts:
    """Attempts with codes at the second step, after the right password."""
    limits, password_and_name = ATTEMPTS_WITH_CODES.items(), f"{staff.password}\n{staff.username}"
    return Attempts(
        staff.username,
        [Counter(f"{method} within {window}\n{password_and_name}", most, window) for window, most in limits],
    )


def _networks(address: str) -> list[str]:
    """The networks whose attempts count together, the smallest first.

    For IPv6: the /64 network, which every subscriber has, and the /48 network, which organizations have.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return [address]
    if not isinstance(ip, IPv6Address):
        return [address]
    return [str(ip.ipv4_mapped)] if ip.ipv4_mapped else [str(ip_network((ip, size), strict=False)) for size in (64, 48)]
