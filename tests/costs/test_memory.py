"""A list and an export of all events: their memory, and the calls before the first byte."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, NamedTuple

import pytest
from django.conf import settings

from tests.costs.desk import Desk
from tests.support.builders import make_staff
from tests.support.clients import client_of

# Maximum megabytes of Python objects. A list is in memory completely, as fields and as JSON; an export by pages.
MOST = {
    5_000: {"list": 25, "csv": 7},
    20_000: {"list": 50, "csv": 8, "xlsx": 8},
}
# The session and the account; a page of the index, and the first hundred of its 500 events.
FIRST_BYTE = "BatchGetItem events-access, Query events/by-date, BatchGetItem events"


class Taken(NamedTuple):
    """Bytes of the response, of objects at the peak, and of the growth of the process."""

    answer: int
    objects: int
    grown: int


@pytest.mark.parametrize("events", [5_000, pytest.param(20_000, marks=pytest.mark.stress)])
@pytest.mark.usefixtures("own_engine")
def test_memory_for_all_events_is_limited(own_desk: Desk, record_property: Any, events: int) -> None:
    own_desk.grow(events)
    client = client_of(make_staff("ada", "viewer"))
    with own_desk.measured() as cost:
        response: Any = client.get("/staff/export/?format=csv&ended=on")
        begun = next(iter(response.streaming_content))
    assert begun.startswith(b'\xef\xbb\xbf"eventId"')
    assert str(cost).partition(":")[0] == FIRST_BYTE
    record_property(f"first byte of {events:,} as CSV", str(cost))
    response.close()
    for what, most in MOST[events].items():
        taken = in_a_process(own_desk, what, client.cookies[settings.SESSION_COOKIE_NAME].value)
        megabytes = [f"{number / 1e6:.2f} MB" for number in taken]
        said = "answer {}, objects {}, process grows by {}".format(*megabytes)
        record_property(f"\n  {what} of {events:,}:", said)
        assert taken.objects < most * 1e6, f"{what}: {said}"


def in_a_process(own_desk: Desk, what: str, session: str) -> Taken:
    """Runs the operation in a new process."""
    command = [sys.executable, "-m", "tests.costs.memory_child", what, session]
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "eventsite.settings",
        "DYNAMODB_ENDPOINT_URL": own_desk.engine.url,
        "DEBUG": "true",
        "ALLOWED_HOSTS": "testserver",
        "EVENTS_API_ACCESS": "open",
    }
    child = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert child.returncode == 0, child.stderr
    return Taken(*json.loads(child.stdout.splitlines()[-1]))
