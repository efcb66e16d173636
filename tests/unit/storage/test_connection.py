"""The shared connection to DynamoDB."""

from __future__ import annotations

from events.storage.connection import connection


def test_one_connection_serves_all() -> None:
    assert connection() is connection()
