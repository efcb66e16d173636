"""Fixtures for tests of costs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings as django_settings

from events.storage.tables import create_tables
from eventsite.engine.process import Engine, free_port
from tests.costs.counting import Meter
from tests.costs.desk import Desk
from tests.support.fault_proxy import FaultProxy


@pytest.fixture
def own_engine(engine: Engine) -> Iterator[Engine]:
    """Starting an engine is faster than emptying tables of 5,000 events."""
    with Engine(engine.directory, free_port(), data=None, home=engine.home) as own:
        yield own


@pytest.fixture
def own_desk(engine: Engine, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """A desk that the site uses during the test, on the shared engine. The long form of a test has its own engine."""
    if request.node.get_closest_marker("stress") or "own_engine" in request.fixturenames:
        engine = request.getfixturevalue("own_engine")
    with FaultProxy(engine.port) as proxy:
        django_settings.DYNAMODB_ENDPOINT_URL = proxy.url
        create_tables()
        yield Desk(engine, Meter(proxy))
