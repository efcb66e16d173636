"""The shared connection to DynamoDB."""

from __future__ import annotations

from events.storage.connection import connection


def test_the_connection_is_shared() -> None:
    assert connection() is connection()
