"""Error messages of the account forms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from eventsite.accounts.errors import LockedOutError
from eventsite.accounts.forms import locked_out


@pytest.mark.parametrize(
    ("left", "said"), [(899, "in 15 minutes"), (61, "in 2 minutes"), (59, "in a minute"), (-5, "in a minute")]
)
def test_lockout_message_says_when_to_retry(left: int, said: str) -> None:
    error = locked_out(LockedOutError(datetime.now(UTC) + timedelta(seconds=left)))
    assert error.messages == [f"Too many attempts. Please try again {said}."]
