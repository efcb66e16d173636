"""The engine and the server are killed with -9 while clients write. Every acknowledged write must survive."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from django.test import override_settings

from events.storage.tables import create_tables
from eventsite.engine.process import Engine
from tests.resilience.site import KillableSite
from tests.resilience.writers import SHARED, Load
from tests.support.builders import make_body
from tests.support.history import assert_history_replays, read_history

WRITERS = 6
SECONDS_FOR_SOME_WRITES = 120


def wait_for_writes(load: Load, more: int) -> None:
    """Waits until this many more writes are acknowledged. Other writes are then running."""
    wanted = len(load.promises) + more
    until = time.monotonic() + SECONDS_FOR_SOME_WRITES
    while len(load.promises) < wanted:
        assert time.monotonic() < until, "the site does not come back"
        assert all(writer.is_alive() for writer in load.writers), "a writer was told what cannot be"
        time.sleep(0.001)


def kill(site: KillableSite, load: Load, victims: str) -> None:
    load.site_is_up.clear()
    if "engine" in victims:
        site.engine.kill()
    if "server" in victims:
        site.kill_server()
    site.bring_back()
    load.site_is_up.set()


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.stress)])
def test_acknowledged_writes_survive(
    tmp_path: Path, engine: Engine, record_property: Callable[[str, object], None], kills: int
) -> None:
    seed = random.getrandbits(32)
    print("seed", seed)  # noqa: T201  # pytest prints it if the test fails
    chance = random.Random(seed)
    victims = ["engine", "server", "engine and server"] * (kills // 3 + 1)
    with KillableSite(tmp_path, engine) as site, override_settings(DYNAMODB_ENDPOINT_URL=site.engine.url):
        create_tables()
        site.bring_back()
        for event_id in SHARED:
            requests.post(f"{site.url}/events", json=make_body(eventId=event_id), timeout=60).raise_for_status()
        with Load(site.url, WRITERS, seed) as load:
            for number in range(kills):
                wait_for_writes(load, chance.randrange(5, 60))
                kill(site, load, victims[number])
            wait_for_writes(load, 20)
        assert_kept(load)
        assert_lists_agree(site.url)
    record_property("kills", kills)
    record_property("acknowledged writes", len(load.promises))
    record_property("failed writes", load.failed)
    record_property("of these done", done_of_the_failed(load))


def assert_kept(load: Load) -> None:
    present = assert_history_replays()
    history = read_history()
    revisions = {event_id: [row.revision for row in rows] for event_id, rows in history.items()}
    for promise in load.promises:
        assert revisions[promise.event_id].count(promise.revision) == 1, promise
    for writer in load.writers:
        for event_id, state in writer.states.items():
            assert present.get(event_id) == state
        for event_id, states in writer.doubtful.items():
            assert present.get(event_id) in states
    known = {event_id for writer in load.writers for event_id in (*writer.states, *writer.doubtful)}
    assert set(history) <= known | set(SHARED)


def done_of_the_failed(load: Load) -> int:
    present = assert_history_replays()
    return sum(
        present.get(event_id) == after for writer in load.writers for event_id, (_, after) in writer.doubtful.items()
    )


def assert_lists_agree(url: str) -> None:
    """Compares the table with its indexes."""
    present = assert_history_replays()
    everything = requests.get(f"{url}/events", timeout=60).json()
    assert {event["eventId"]: event for event in everything} == present
    paged, address = [], f"{url}/events?limit=200"
    while address:
        answer = requests.get(address, timeout=60)
        paged += answer.json()
        address = answer.links.get("next", {}).get("url", "")
    assert paged == requests.get(f"{url}/events?status=active", timeout=60).json() == everything
