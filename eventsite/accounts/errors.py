"""What can go wrong with accounts, factors and API keys."""

from __future__ import annotations

from datetime import datetime


class StaffNotFoundError(Exception):
    """No account has this username."""


class StaffExistsError(Exception):
    """An account with this username already exists."""


class StaffChangedError(Exception):
    """The account has changed since it was read, or does not exist."""


class LastAdminError(Exception):
    """This is the last active admin, so the change is refused: nobody could manage staff."""


class OwnPasswordError(Exception):
    """An admin may reset the passwords of others. Changing one's own needs the current one."""


class OneTimePasswordExpiredError(Exception):
    """The password is right, but was valid for a limited time only."""


class LockedOutError(Exception):
    """Too many attempts to sign in. The next one is allowed at `until`."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__(f"until {until:%H:%M:%S}")


class FactorNotFoundError(Exception):
    """The person has no such factor any more."""


class FactorRequiredError(Exception):
    """This is the person's last factor, and the site requires one."""


class FactorNameTakenError(Exception):
    """Another factor of this person has this name."""


class TooManyFactorsError(Exception):
    """The person has as many factors as are allowed."""


class PasskeyRefusedError(Exception):
    """A passkey, or what a browser sent for one, is not accepted. `sentence` is what the user reads."""

    def __init__(
        self, reason: str, sentence: str = "This passkey was not accepted. Try again, or sign in another way."
    ) -> None:
        self.sentence = sentence
        super().__init__(reason)


class KeyNotFoundError(Exception):
    """The API key does not exist, or was revoked."""


class KeyChangedError(Exception):
    """Another request has rotated the API key since it was read."""


class KeyExpiredError(Exception):
    """The secret belongs to an API key, but has expired, or a rotation has ended it."""


class KeyNameTakenError(Exception):
    """Another active API key has this name."""
