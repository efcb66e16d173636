"""A separate engine for a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import override_settings

from eventsite.engine.fetch import find_engine
from eventsite.engine.process import Engine, free_port


@pytest.fixture
def stopped_engine(tmp_path: Path, engine: Engine) -> Iterator[Engine]:
    """The site uses this engine, whose data is on disk, instead of the shared one. The test starts it."""
    home = find_engine(engine.directory, engine.home)
    own = Engine(tmp_path, free_port(), data=tmp_path / "data", home=str(home))
    with override_settings(DYNAMODB_LOCAL_DIRECTORY=tmp_path):
        django_settings.DYNAMODB_ENDPOINT_URL = own.url
        yield own
        django_settings.DYNAMODB_ENDPOINT_URL = engine.url
    own.stop()


@pytest.fixture
def own_engine(stopped_engine: Engine) -> Engine:
    """The same, already started."""
    stopped_engine.start()
    return stopped_engine
