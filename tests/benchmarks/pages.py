"""What the staff pages take, with few events and with many. Run with `make bench-pages`; the engine is one of its own.

Wall time of the server's part through Django's test client, the engine's included; medians. The calls of DynamoDB and
the read capacity units are those of one request, whoever is signed in being two of the calls.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from tests.benchmarks.overhead import start_engine

ROUNDS = 7


def main(*counts: str) -> None:
    os.environ.update(
        DYNAMODB_ENDPOINT_URL=f"http://127.0.0.1:{start_engine()}",
        DJANGO_SETTINGS_MODULE="eventsite.settings",
        DEBUG="true",
    )
    import django

    django.setup()
    from django.conf import settings

    settings.ALLOWED_HOSTS.append("testserver")
    from events.samples import made_up_events
    from events.tables import create_tables

    create_tables()
    client, pages = _client(), _pages()
    measures: dict[str, list[str]] = {name: [] for name in pages}
    stored = 0
    for count in map(int, counts or ("50", "50000")):
        _store(list(made_up_events(count - stored, seed=count)))
        stored = count
        for name, (path, headers) in pages.items():
            measures[name].append(_measure(client, path, headers))
    columns = "".join(f"{int(count):>28,} events" for count in counts or ("50", "50000"))
    sys.stdout.write(f"{'':22}{columns}\n")
    for name, measured in measures.items():
        sys.stdout.write(f"{name:22}{''.join(f'{text:>35}' for text in measured)}\n")


def _store(events: list[Any]) -> None:
    """Without history rows: what is measured reads none of theirs."""
    from events.domain import Actor, Event
    from events.dynamodb import connection
    from events.models import EventItem

    for fields in events:
        fields["eventId"] = str(uuid4())
    items = [EventItem.from_event(Event.new(fields, Actor("bench"))).serialize() for fields in events]
    for start in range(0, len(items), 25):
        connection().batch_write_item(EventItem.Meta.table_name, put_items=items[start : start + 25])


def _client() -> Any:
    from django.test import Client

    from tests.builders import make_staff

    client = Client()
    client.force_login(make_staff("bench", "admin"))
    return client


def _pages() -> dict[str, tuple[str, dict[str, str]]]:
    from events.forms import today

    later = today() + timedelta(90)
    part = {"HX-Request": "true", "HX-Target": "results"}
    return {
        "home": ("/staff/", {}),
        "list": ("/staff/events/", {}),
        "list, latest first": ("/staff/events/?sort=latest", {}),
        "list, one status": ("/staff/events/?status=postponed", {}),
        "list, as one types": ("/staff/events/?q=jazz", part),
        "search, found": ("/staff/events/?q=jazz", {}),
        "search, not found": ("/staff/events/?q=no-such-text&ended=on", {}),
        "calendar": (f"/staff/calendar/?month={later:%Y-%m}", {}),
        "activity": ("/staff/activity/", {}),
        "API: page of 50": ("/events?limit=50", {}),
    }


def _measure(client: Any, path: str, headers: dict[str, str]) -> str:
    from events.dynamodb import DynamoDB
    from eventsite.aws_calls import Service

    units: list[float] = []

    def call(service: DynamoDB, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        answer = Service.call(service, operation, parameters)
        consumed = answer.get("ConsumedCapacity", {})
        consumed = consumed if isinstance(consumed, list) else [consumed]
        units.append(sum(part.get("CapacityUnits", 0) for part in consumed))
        return answer

    taken = []
    for _ in range(ROUNDS + 1):
        started = time.perf_counter()
        response = client.get(path, headers=headers)
        taken.append(1000 * (time.perf_counter() - started))
        if response.status_code != 200:
            sys.exit(f"{path}: {response.status_code}")
    with patch.object(DynamoDB, "call", call):
        client.get(path, headers=headers)
    return f"{statistics.median(taken[1:]):.0f} ms, {len(units)} calls, {sum(units):.0f} RCU"


if __name__ == "__main__":
    main(*sys.argv[1:])
