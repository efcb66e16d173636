"""A separate process that lists or exports all events of a table, and prints how much memory that took."""

from __future__ import annotations

import json
import sys
import tracemalloc
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import Client

from eventsite.lambda_handler import handler
from tests.support.lambda_events import rest_event


def main(what: str, session: str) -> None:
    take(what, session, "status=postponed")  # loads every module
    before = resident("VmRSS")
    length = take(what, session, "")
    grown = resident("VmHWM") - before
    tracemalloc.start()  # started late because it uses memory itself
    take(what, session, "")
    objects = tracemalloc.get_traced_memory()[1]
    sys.stdout.write(json.dumps([length, objects, grown]))


def take(what: str, session: str, query: str) -> int:
    """The length of the list response, or of an export, whose parts are discarded."""
    if what == "list":
        answer = handler(rest_event("GET", f"/events?{query}".rstrip("?"), **{"Accept-Encoding": "gzip"}), None)
        assert answer["statusCode"] == 200, answer["body"]
        return len(answer["body"])
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    response: Any = client.get(f"/staff/export/?format={what}&ended=on&{query}")
    assert response.status_code == 200, response.status_code
    return sum(map(len, response.streaming_content))


def resident(name: str) -> int:
    """Bytes, now or at the peak. `getrusage` would include the peak of the parent process."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition(f"{name}:")[2].split()[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
