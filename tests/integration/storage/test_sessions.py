"""Sessions and lockouts in the very second in which they end: DynamoDB keeps whole seconds."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, tzinfo
from types import SimpleNamespace

import pytest

from events.storage import access_table, sessions
from events.storage.sessions import SessionUse
from eventsite.accounts.errors import LockedOutError

START = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
WINDOW = timedelta(minutes=15)


class Clock(datetime):
    moment = START

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return cls.moment

    @classmethod
    def seconds(cls) -> float:
        return cls.moment.timestamp()


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "datetime", Clock)
    monkeypatch.setattr(Clock, "moment", START)
    monkeypatch.setattr(access_table, "time", SimpleNamespace(time=Clock.seconds, sleep=time.sleep))


@pytest.mark.parametrize(("seconds", "over"), [(-1, False), (0, True), (1, True)])
def test_a_session_ends_in_its_last_second(monkeypatch: pytest.MonkeyPatch, seconds: int, over: bool) -> None:
    end = START + timedelta(hours=1)
    assert sessions.put_session("key", "old", SessionUse(end), new=True)
    monkeypatch.setattr(Clock, "moment", end + timedelta(seconds=seconds))
    assert (sessions.get_session("key") is None) is over
    assert sessions.put_session("key", "saved", SessionUse(end), new=False) is not over
    assert sessions.put_session("key", "new", SessionUse(end), new=True) is over


@pytest.mark.parametrize(("seconds", "over"), [(-1, False), (0, True), (1, True)])
def test_a_lockout_ends_in_its_last_second(monkeypatch: pytest.MonkeyPatch, seconds: int, over: bool) -> None:
    for _ in range(2):
        sessions.count_attempt("anna", 2, WINDOW)
    monkeypatch.setattr(Clock, "moment", START + WINDOW + timedelta(seconds=seconds))
    if over:
        sessions.count_attempt("anna", 2, WINDOW)
    else:
        with pytest.raises(LockedOutError) as raised:
            sessions.count_attempt("anna", 2, WINDOW)
        assert raised.value.until == START + WINDOW


def test_attempts_of_an_ended_window_are_not_added_to_those_of_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions.count_attempt("anna", 2, WINDOW)
    monkeypatch.setattr(Clock, "moment", START + WINDOW)
    for _ in range(2):
        sessions.count_attempt("anna", 2, WINDOW)
    with pytest.raises(LockedOutError):
        sessions.count_attempt("anna", 2, WINDOW)
