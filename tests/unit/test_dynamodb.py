"""The connection: what it is made with, and what it does not stand in the way of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session
from django.test import override_settings
from pynamodb.exceptions import TableError

from events.dynamodb import DynamoDBLoader, connect, connection
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


def test_timeouts_and_retries_are_those_of_the_design() -> None:
    config: Any = connection().client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 2.5)
    assert config.retries == {"total_max_attempts": 3, "mode": "standard"}


def test_credentials_may_come_from_other_services(tmp_path: Path) -> None:
    """A role is assumed, a web identity shown, through botocore clients of the same session."""
    session = Session()
    session.register_component("data_loader", DynamoDBLoader())
    for service in ("sts", "sso", "sso-oidc"):
        client = session.create_client(service, "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
        assert client.meta.service_model.service_name == service
