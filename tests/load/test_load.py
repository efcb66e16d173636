"""Applications and staff use the site at the same time, without a pause: no errors, and no growing memory."""

from __future__ import annotations

import csv
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from django.conf import settings as django_settings

from events.samples import generated_events, store
from events.storage.tables import create_tables
from eventsite.accounts import keys
from eventsite.accounts.domain import Scope
from eventsite.engine.process import Engine, free_port
from tests.load.production import ProductionSite
from tests.load.users import PASSWORD, ApiCaller, Editor, User
from tests.support.builders import ACTOR, make_staff

LOCUST = Path(sys.prefix) / "stress" / "bin" / "locust"
SECONDS = 300
CALLERS, EDITORS = 12, 6
STEPS = 16  # of each user, in the short form
OPERATIONS = 19
SAMPLED_EVERY = 1.0
MOST_GROWTH = 0.03  # of the workers' memory, from the middle third to the last third of the time


@pytest.fixture
def own_engine(engine: Engine) -> Iterator[Engine]:
    """A separate engine, because emptying the tables afterwards would take long."""
    with Engine(engine.directory, free_port(), data=None, home=engine.home, busy=True) as own:
        django_settings.DYNAMODB_ENDPOINT_URL = own.url
        create_tables()
        yield own
        django_settings.DYNAMODB_ENDPOINT_URL = engine.url


def prepare(events: int, editors: int) -> str:
    """Stores events and accounts. Returns the token of an API key."""
    store(generated_events(events))
    for number in range(editors):
        make_staff(f"load-{number}", "editor", PASSWORD)
    return keys.create_key("load", Scope.WRITE, ACTOR)[1]


@contextmanager
def sampled(measure: Callable[[], float]) -> Iterator[list[float]]:
    """Measures the site repeatedly during the test."""
    samples = [measure()]
    over = Event()

    def sample() -> None:
        while not over.wait(SAMPLED_EVERY):
            samples.append(measure())

    thread = Thread(target=sample)
    thread.start()
    yield samples
    over.set()
    thread.join()


def test_concurrent_users_get_no_errors(
    engine: Engine, settings: Any, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    settings.PASSWORD_HASHERS = ["eventsite.accounts.passwords.PasswordHasher"]
    token = prepare(150, editors=2)
    taken: dict[str, list[float]] = defaultdict(list)
    wrong: list[str] = []

    def note(name: str, milliseconds: float, length: int, error: Exception | None) -> None:
        taken[name].append(milliseconds)
        if error:
            wrong.append(f"{name}: {error!r}")

    def live(user: User) -> None:
        for _ in range(STEPS):
            user.step()
        user.browser.close()

    with ProductionSite(tmp_path, engine.url) as site:
        users: list[User] = [ApiCaller(site.url, note, number, token) for number in range(3)]
        users += [Editor(site.url, note, number) for number in range(2)]
        with ThreadPoolExecutor(len(users)) as threads:
            list(threads.map(live, users))
    assert wrong == []
    assert len(taken) == OPERATIONS
    assert "Traceback" not in site.output.read_text()
    record_property("requests", sum(map(len, taken.values())))


@pytest.mark.stress
def test_five_minutes_at_the_limit(
    own_engine: Engine, settings: Any, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    settings.PASSWORD_HASHERS = ["eventsite.accounts.passwords.PasswordHasher"]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(django_settings.BASE_DIR),
        "LOAD_TOKEN": prepare(2000, EDITORS),
        "LOAD_CALLERS": str(CALLERS),
        "LOAD_EDITORS": str(EDITORS),
    }
    command = [str(LOCUST), "--headless", "--locustfile", str(Path(__file__).with_name("locustfile.py"))]
    command += ["--users", str(CALLERS + EDITORS), "--spawn-rate", "5"]
    command += ["--run-time", f"{SECONDS}s", "--stop-timeout", "60", "--csv", str(tmp_path / "load"), "--only-summary"]
    with ProductionSite(tmp_path, own_engine.url) as site:
        command += ["--host", site.url]
        workers = site.worker_pids()
        with sampled(site.resident_megabytes) as memory:
            done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        assert site.worker_pids() == workers
    assert "Traceback" not in site.output.read_text()
    third = len(memory) // 3
    middle, last = statistics.median(memory[third:-third]), statistics.median(memory[-third:])
    with (tmp_path / "load_stats.csv").open() as file:
        rows = {row["Name"]: row for row in csv.DictReader(file)}
    for name, row in rows.items():
        times = "/".join(row[percentile] for percentile in ("50%", "95%", "99%"))
        record_property(name, f"{float(row['Requests/s']):.1f}/s, p50/p95/p99 {times} ms")
    record_property("requests", rows["Aggregated"]["Request Count"])
    record_property("errors", rows["Aggregated"]["Failure Count"])
    record_property(
        "workers' memory, MB: first, middle third, last third", f"{memory[0]:.0f}, {middle:.0f}, {last:.0f}"
    )
    assert len(rows) == OPERATIONS + 1  # plus the row for all
    assert rows["Aggregated"]["Failure Count"] == "0"
    assert last < middle * (1 + MOST_GROWTH)
