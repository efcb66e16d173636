"""Which engine the connection to the embedded DynamoDB Local uses."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import override_settings
from pynamodb.exceptions import TableError

from events.domain import StorageError
from events.storage.connection import connect
from eventsite.engine.process import Engine, free_port


def test_the_embedded_engine_is_called_without_a_proxy(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with override_settings(DYNAMODB_EMBEDDED=True):
        assert connect(engine.url).describe_table("events")
    elsewhere = connect(engine.url)
    with pytest.raises(TableError, match="proxy"):
        elsewhere.describe_table("events")


@override_settings(DYNAMODB_EMBEDDED=True, DYNAMODB_LOCAL_PORT=None)
def test_an_engine_of_another_folder_on_the_default_port_is_not_used(engine: Engine, tmp_path: Path) -> None:
    with (
        override_settings(DYNAMODB_DEFAULT_PORT=engine.port, DYNAMODB_LOCAL_DIRECTORY=tmp_path),
        pytest.raises(StorageError, match=f"No DynamoDB Local of this folder runs at {engine.url}: start it with"),
    ):
        connect(engine.url)
