"""The staff pages beside Django's own admin, which shows the same eight fields out of SQLite.

usage, in a process of its own for each side: python -m tests.benchmarks.staff_pages admin|project EVENTS

CPU is the web process's own: the admin's holds SQLite, the project's does not hold DynamoDB Local. Wall time is what a
person waits for the server.
"""

from __future__ import annotations

import io
import json
import logging
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ROUNDS, TIMES = 9, 4
STATUSES = ["active", "active", "active", "draft", "cancelled", "postponed"]
CHANGED = 5  # the number of the event that is opened and saved

Request = Callable[[], None]


def make_fields(number: int) -> dict[str, Any]:
    return {
        "eventId": f"event-{number:06}",
        "title": f"Concert number {number} of the season",
        "description": "Doors at seven. " * 12,
        "date": f"{2027 + number % 3}-{number % 12 + 1:02}-{number % 28 + 1:02}",
        "location": f"Hall {number % 40}",
        "capacity": 50 + number % 400,
        "organizer": f"Team {number % 25}",
        "status": STATUSES[number % len(STATUSES)],
    }


def _get(client: Any, path: str) -> Request:
    def send() -> None:
        response = client.get(path)
        content = b"".join(response.streaming_content) if response.streaming else response.content
        if response.status_code != 200:
            sys.exit(f"{path}: {response.status_code} {content[:300]!r}")

    return send


def _post(client: Any, path: str, fields: Callable[[], dict[str, Any]]) -> Request:
    def send() -> None:
        response = client.post(path, fields())
        if response.status_code != 302:
            sys.exit(f"{path}: {response.status_code} {response.content[:300]!r}")

    return send


def admin_pages(count: int) -> dict[str, Request]:
    sys.path.insert(0, str(Path(__file__).parent / "peers" / "django_admin"))
    import desk  # type: ignore[import-not-found]  # noqa: F401  # it configures Django
    from deskapp.models import Event  # type: ignore[import-not-found]
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0, run_syncdb=True)
    Event.objects.bulk_create([Event(**make_fields(number)) for number in range(count)], batch_size=1000)
    client = Client()
    client.force_login(User.objects.create_superuser("bench", "", "x"))
    events = "/admin/deskapp/event/"
    event = f"{events}{Event.objects.get(eventId=make_fields(CHANGED)['eventId']).pk}/"
    capacities = iter(range(1000, 10**6))
    return {
        "home": _get(client, "/admin/"),
        "list": _get(client, events),
        "list of a status": _get(client, f"{events}?status__exact=draft"),
        "search, rare": _get(client, f"{events}?q=number+77+of"),
        "page 3": _get(client, f"{events}?p=3"),
        "form": _get(client, f"{event}change/"),
        "history": _get(client, f"{event}history/"),
        "save": _post(client, f"{event}change/", lambda: {**make_fields(CHANGED), "capacity": next(capacities)}),
    }


def project_pages(count: int) -> dict[str, Request]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client

    call_command("collectstatic", interactive=False, verbosity=0)
    logging.disable(logging.CRITICAL)
    call_command("create_tables", stdout=io.StringIO())
    api = Client()

    def create(number: int) -> None:
        response = api.post("/events", json.dumps(make_fields(number)), content_type="application/json")
        assert response.status_code == 201, response.content

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(create, range(count)))
    password = "bench mark pass phrase"
    command = [sys.executable, "manage.py", "create_staff", "bench", "--role", "admin"]
    subprocess.run(command, cwd=ROOT, input=password, text=True, check=True, stdout=subprocess.DEVNULL)
    client = Client(headers={"referer": "https://testserver/"})
    _post(client, "/staff/login/", lambda: {"username": "bench", "password": password})()
    event_id = make_fields(CHANGED)["eventId"]
    events, event, capacities = "/staff/events/", f"/staff/event/{event_id}/", iter(range(1000, 10**6))
    third = re.search(r"[?&](?:amp;)?after=([^&\"]+)", client.get(events).content.decode())
    assert third

    def changed() -> dict[str, Any]:
        revision = client.get(f"/events/{event_id}").headers["ETag"].strip('"')  # this read is in the figure
        return {**make_fields(CHANGED), "capacity": next(capacities), "revision": revision}

    return {
        "home": _get(client, "/staff/"),
        "list": _get(client, events),
        "list of a status": _get(client, f"{events}?status=draft"),
        "search, rare": _get(client, f"{events}?q=number+77+of"),
        "page 3": _get(client, f"{events}?after={third[1]}"),
        "form": _get(client, f"{event}edit/"),
        "history": _get(client, event),
        "save": _post(client, f"{event}edit/", changed),
    }


def measure(pages: dict[str, Request]) -> dict[str, dict[str, float]]:
    """CPU and wall time of each page in milliseconds: medians of rounds, each of some requests."""
    measured = {}
    for name, send in pages.items():
        for _ in range(3):
            send()
        cpu, wall = [], []
        for _ in range(ROUNDS):
            started = time.process_time(), time.perf_counter()
            for _ in range(TIMES):
                send()
            cpu.append(1000 * (time.process_time() - started[0]) / TIMES)
            wall.append(1000 * (time.perf_counter() - started[1]) / TIMES)
        measured[name] = {"cpu_ms": statistics.median(cpu), "wall_ms": statistics.median(wall)}
    return measured


def compare(endpoint_url: str, stamp: str, count: int) -> Iterator[tuple[str, str, float, float]]:
    """Yields the page, the unit, the admin's median and this project's."""
    given = {
        "DYNAMODB_ENDPOINT_URL": endpoint_url,
        "DYNAMODB_TABLE_NAME": f"pages-{count}-{stamp}",
        "DJANGO_SETTINGS_MODULE": "eventsite.settings",
        "DEBUG": "false",
        "SECRET_KEY": "benchmark" * 6,
        "ALLOWED_HOSTS": "*",
        "AWS_REGION": "us-east-1",
        "EVENTS_API_ACCESS": "open",
        "EVENTS_SECOND_FACTOR": "optional",
    }
    results = []
    for side in ("admin", "project"):
        command = [sys.executable, "-m", "tests.benchmarks.staff_pages", side, str(count)]
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **given}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"{side}: {done.stderr[-2000:]}")
        results.append(json.loads(done.stdout.splitlines()[-1]))
    admin, project = results
    for page, units in admin.items():
        for unit in units:
            yield page, unit, units[unit], project[page][unit]


if __name__ == "__main__":
    side, count = sys.argv[1:]
    pages = {"admin": admin_pages, "project": project_pages}[side](int(count))
    sys.stdout.write(json.dumps(measure(pages)))
