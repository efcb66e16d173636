"""How many passwords strangers can try, in figures. `-m stress` prints those of the long forms."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.test import Client

from events.storage import access_table, sessions
from eventsite.accounts import lockout
from tests.support.builders import PASSWORD, make_staff
from tests.support.sign_in import browser, is_in, sign_in

START = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
WINDOW = lockout.WINDOW


class Clock(datetime):
    moment = START

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return cls.moment

    @classmethod
    def seconds(cls) -> float:
        return cls.moment.timestamp()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    """The clock of the counters."""
    monkeypatch.setattr(Clock, "moment", START)
    monkeypatch.setattr(sessions, "datetime", Clock)
    monkeypatch.setattr(access_table, "time", SimpleNamespace(time=Clock.seconds, sleep=time.sleep))
    return Clock


def one_address() -> Iterator[tuple[str, str]]:
    """Names, each from the same address."""
    number = 0
    while True:
        yield f"name{number}", "198.51.100.7"
        number += 1


def one_name() -> Iterator[tuple[str, str]]:
    """The same name, each time from another address."""
    number = 0
    while True:
        yield "anna", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        number += 1


Source = Callable[[], Iterator[tuple[str, str]]]


def guess(source: Iterator[tuple[str, str]], count: int) -> None:
    for _ in range(count):
        username, address = next(source)
        sign_in(browser(address), username, "guess")


@pytest.mark.parametrize(
    ("source", "limit"),
    [(one_address, lockout.ATTEMPTS_WITH_ANY_NAME), (one_name, lockout.ATTEMPTS_FROM_ANYWHERE)],
)
def test_passwords_that_are_checked_in_15_minutes(
    clock: type[Clock], hashed: list[str], source: Source, limit: int
) -> None:
    """The first attempts are checked. Then none is, until 15 minutes after the last of these."""
    make_staff("anna")
    hashed.clear()
    attempts = source()
    guess(attempts, limit + 10)
    assert len(hashed) == limit
    clock.moment += WINDOW - timedelta(seconds=1)
    guess(attempts, 10)
    assert len(hashed) == limit
    clock.moment += timedelta(seconds=1)
    guess(attempts, 10)
    assert len(hashed) == limit + 10


@pytest.mark.stress
@pytest.mark.parametrize(
    ("source", "limit"),
    [(one_address, lockout.ATTEMPTS_WITH_ANY_NAME), (one_name, lockout.ATTEMPTS_FROM_ANYWHERE)],
)
def test_1000_attempts(
    clock: type[Clock],
    hashed: list[str],
    source: Source,
    limit: int,
    record_property: Callable[[str, object], None],
) -> None:
    """1,000 names from one address, or one name from 1,000 addresses, until each was checked. Nobody can be faster."""
    make_staff("anna")
    hashed.clear()
    attempts, made, in_first_window = source(), 0, 0
    while len(hashed) < 1000:
        guess(attempts, limit + 2)
        made += limit + 2
        in_first_window = in_first_window or len(hashed)
        clock.moment += WINDOW
    took = clock.moment - WINDOW - START
    record_property("checked at once", in_first_window)
    record_property("made until 1,000 were checked", made)
    record_property("which took", str(took))
    record_property("checked in a day", limit * int(timedelta(days=1) / WINDOW))
    assert in_first_window == limit
    assert took >= WINDOW * (1000 // limit - 1)


@pytest.mark.stress
def test_the_owner_during_1000_attempts_from_1000_addresses(
    hashed: list[str], record_property: Callable[[str, object], None]
) -> None:
    """In a session and in a known browser, the owner notices nothing. A new browser is refused for 15 minutes."""
    make_staff("anna")
    in_session, known = browser("192.0.2.1"), browser("192.0.2.1")
    for client in (in_session, known):
        sign_in(client)
    known.post("/staff/logout/")
    hashed.clear()
    attempts = one_name()
    answers: dict[str, set[int]] = {"in a session": set(), "in a known browser": set(), "in a new browser": set()}
    for _ in range(20):
        guess(attempts, 50)
        answers["in a session"].add(200 if is_in(in_session) else 302)
        answers["in a known browser"].add(sign_in(known).status_code)
        known.post("/staff/logout/")
        answers["in a new browser"].add(sign_in(browser("203.0.113.5")).status_code)
    typed = {
        "old_password": PASSWORD,
        "new_password1": "another battery horse",
        "new_password2": "another battery horse",
    }
    answers["changes the password"] = {in_session.post("/staff/account/password/", typed).status_code}
    for who, statuses in answers.items():
        record_property(who, sorted(statuses))
    assert answers == {
        "in a session": {200},
        "in a known browser": {302},
        "in a new browser": {429},
        "changes the password": {302},
    }
    assert hashed.count("guess") == lockout.ATTEMPTS_FROM_ANYWHERE


def test_a_copied_device_cookie_allows_five_more(hashed: list[str]) -> None:
    make_staff("anna")
    owner, attempts = browser(), one_name()
    sign_in(owner)
    guess(attempts, lockout.ATTEMPTS_FROM_ANYWHERE + 1)
    hashed.clear()
    thief = Client(headers={"Accept": "text/html"}, REMOTE_ADDR="198.51.100.7")
    thief.cookies[settings.DEVICE_COOKIE_NAME] = owner.cookies[settings.DEVICE_COOKIE_NAME].value
    for _ in range(12):
        sign_in(thief, password="guess")
    assert hashed == ["guess"] * lockout.ATTEMPTS_PER_DEVICE
