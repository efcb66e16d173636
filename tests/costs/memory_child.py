"""A process of its own that does one thing with all events of a table, and says what memory that took."""

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
    take(what, session, "status=postponed")  # loads all that is needed
    before = resident("VmRSS")
    length = take(what, session, "")
    grown = resident("VmHWM") - before
    tracemalloc.start()  # only now, as it takes memory itself
    take(what, session, "")
    objects = tracemalloc.get_traced_memory()[1]
    sys.stdout.write(json.dumps([length, objects, grown]))


def take(what: str, session: str, query: str) -> int:
    """The length of the list as the function answers it, or of an export, which is dropped as it comes."""
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
    """Bytes, now or at the most so far. Not `getrusage`: for that, a process begins with what its parent had."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition(f"{name}:")[2].split()[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
