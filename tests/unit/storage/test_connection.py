"""The shared connection to DynamoDB."""

from __future__ import annotations

from events.storage.connection import DynamoDB, connection


def test_the_connection_is_shared() -> None:
    assert connection() is connection()


def test_a_call_takes_as_long_as_all_its_attempts_and_pauses() -> None:
    assert DynamoDB.seconds_for_a_call() == 3 * (1 + 2.5) + 0.2 + 0.8
