"""What people choose for themselves, stored in their account: `request.user.preferences` needs no call of DynamoDB."""

from __future__ import annotations

import json
from typing import Any

from eventsite.accounts.models import Staff

MAX_BYTES = 16_000


class PreferencesTooLongError(Exception):
    """The account has no room for this preference."""


def set_preference(staff: Staff, name: str, value: Any) -> None:
    """Stores a preference, any JSON value; None removes it. Raises PreferencesTooLongError, StorageError."""
    preferences = {key: kept for key, kept in staff.preferences.items() if key != name}
    if value is not None:
        preferences[name] = value
    if len(json.dumps(preferences)) > MAX_BYTES:
        raise PreferencesTooLongError
    staff.preferences = preferences
    staff.save(update_fields=["preferences"])
