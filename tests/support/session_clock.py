"""The clock of sessions, set by a test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from eventsite.accounts import sessions


class SessionClock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = datetime.now(UTC)
        monkeypatch.setattr(sessions, "_now", lambda: self.at)

    def move(self, time: timedelta) -> None:
        self.at += time
