"""The connection: what it is made with, and what it does not stand in the way of."""

from __future__ import annotations

import pytest
from django.test import override_settings
from pynamodb.exceptions import TableError

from events.storage.connection import connect
from eventsite.engine.process import Engine, free_port


def test_the_embedded_engine_is_reached_past_a_proxy(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with override_settings(DYNAMODB_EMBEDDED=True):
        assert connect(engine.url).describe_table("events")
    elsewhere = connect(engine.url)
    with pytest.raises(TableError, match="proxy"):
        elsewhere.describe_table("events")
