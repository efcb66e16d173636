"""A desk with its own engine in memory. Starting one is faster than emptying tables of 50,000 events."""

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
def own_desk(engine: Engine) -> Iterator[Desk]:
    """The site uses this desk during the test. Then the fixture `database` switches back to the shared engine."""
    with (
        Engine(engine.directory, free_port(), data=None, home=engine.home) as own,
        FaultProxy(own.port) as proxy,
    ):
        django_settings.DYNAMODB_ENDPOINT_URL = proxy.url
        create_tables()
        yield Desk(own, Meter(proxy))
