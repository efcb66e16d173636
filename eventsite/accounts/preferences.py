"""What people choose for themselves, stored in their account: `request.user.preferences` needs no call of DynamoDB."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from eventsite.accounts.models import Staff
from eventsite.accounts.people import retry_change

MAX_BYTES = 16_000


class PreferencesTooLongError(Exception):
    """The account has no room for this preference."""


def set_preference(staff: Staff, name: str, value: Any) -> None:
    """Stores a preference, any JSON value. Raises PreferencesTooLongError, StorageError."""
    change_preference(staff, name, lambda _: value)


def change_preference(staff: Staff, name: str, change: Callable[[Any], Any]) -> None:
    """Stores the value that `change` returns, given the stored one (None: there is none).

    If another window of this user saves at the same time, `change` is called again, so that nothing is lost.
    Raises PreferencesTooLongError, StorageError.
    """

    def save(current: Staff) -> None:
        preferences = {**current.preferences, name: change(current.preferences.get(name))}
        if len(json.dumps(preferences)) > MAX_BYTES:
            raise PreferencesTooLongError
        current.preferences = preferences
        current.save(update_fields=["preferences"])

    retry_change(staff.username, save)
