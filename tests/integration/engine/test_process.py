"""Running the embedded engine: errors at start, a full disk, damaged data, kill -9."""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest
from django.conf import settings as django_settings
from django.test import override_settings
from rest_framework.test import APIClient

from events import services
from events.domain import StorageError
from events.storage.models import EventItem, HistoryItem
from events.storage.tables import create_tables
from eventsite.engine.fetch import EngineError, find_engine
from eventsite.engine.process import Engine, free_port, is_dynamodb, port_is_free
from tests.support.builders import ACTOR, make_fields
from tests.support.tables import read_table


def test_an_engine_that_ends_at_once_reports_the_reason(tmp_path: Path, engine: Engine) -> None:
    home = find_engine(engine.directory, engine.home)
    broken = tmp_path / "broken"
    shutil.copytree(home, broken, ignore=shutil.ignore_patterns("DynamoDBLocal_lib"))
    with pytest.raises(EngineError, match=r"DynamoDB Local stopped at once\. .* of .*engine-in-memory\.log: "):
        Engine(tmp_path, free_port(), data=None, home=str(broken)).start()


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Processes started inside the block cannot write larger files, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def create_until_it_fails() -> list[str]:
    """Stores events until one is refused. Returns the IDs of the acknowledged events."""
    acknowledged: list[str] = []
    with suppress(StorageError):
        for number in range(200):
            event = services.create_event(make_fields(eventId=str(number), description="x" * 12_000), ACTOR)
            acknowledged.append(event.fields["eventId"])
    assert len(acknowledged) < 200
    return acknowledged


@override_settings(DYNAMODB_EMBEDDED=True)
def test_every_acknowledged_event_is_stored_when_the_engine_cannot_write(
    stopped_engine: Engine, api: APIClient
) -> None:
    with file_size_limit(1_000_000):
        stopped_engine.start()
    create_tables()
    acknowledged = create_until_it_fails()
    assert len(acknowledged) > 10
    for _ in range(2):
        with pytest.raises(StorageError, match=r"could not read or write its data; see .*engine\.log for the reason"):
            services.create_event(make_fields(), ACTOR)
    assert api.get("/healthz").status_code == 503
    assert {row["eventId"]["S"] for row in read_table(EventItem)} == set(acknowledged)
    stopped_engine.stop()
    stopped_engine.start()
    assert {row["eventId"]["S"] for row in read_table(EventItem)} == set(acknowledged)
    services.create_event(make_fields(), ACTOR)
    assert api.get("/healthz").status_code == 200


@override_settings(DYNAMODB_EMBEDDED=True)
def test_writes_are_refused_while_the_disk_is_full_and_after_the_data_was_deleted(
    own_engine: Engine, api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_tables()
    with monkeypatch.context() as full:
        full.setattr("eventsite.engine.data.MIN_FREE_BYTES", 1 << 62)
        with pytest.raises(StorageError, match=r"The disk is full: .* KiB left, and needs"):
            services.create_event(make_fields(), ACTOR)
        assert api.get("/healthz").status_code == 503
        assert api.get("/events").json() == []
    services.create_event(make_fields(), ACTOR)
    assert api.get("/healthz").status_code == 200
    (own_engine.directory / "engine.log").unlink()
    with pytest.raises(StorageError, match="cannot be read"):
        services.create_event(make_fields(eventId="other"), ACTOR)


DAMAGED: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("it is empty", lambda good: b""),
    ("file is not a database", lambda good: b"hello world" * 1000),
    ("database disk image is malformed", lambda good: good[: len(good) // 2]),
    ("", lambda good: good[:16384] + b"\xff" * 8192 + good[24576:]),
]


def test_the_error_for_a_damaged_database_file_says_what_to_do(own_engine: Engine) -> None:
    create_tables()
    assert own_engine.data is not None
    database = own_engine.data / "shared-local-instance.db"
    own_engine.stop()
    good = database.read_bytes()
    others = {path.name for path in own_engine.data.iterdir()} - {database.name}
    for reason, content in DAMAGED:
        database.write_bytes(content(good))
        with pytest.raises(
            EngineError, match=rf"The database file {database} is damaged \(.*{reason}.*\)\. Restore a copy of it"
        ) as error:
            own_engine.start()
        [advice] = re.findall(r"mv \S+ \S+$", str(error.value))
        subprocess.run(advice.split(), check=True)
        assert {path.name for path in own_engine.data.iterdir()} == others | {f"{database.name}.damaged"}
    own_engine.start()
    assert create_tables()
    own_engine.stop()
    database.write_bytes(good)
    own_engine.start()
    assert create_tables() == []


@pytest.mark.parametrize("existing", [True, False])
def test_only_its_owner_can_read_the_engines_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine, existing: bool
) -> None:
    monkeypatch.setattr("eventsite.engine.process.find_java", lambda directory: "true")  # ends at once
    directory = tmp_path / ".dynamodb"
    if existing:
        directory.mkdir(mode=0o755)
    home = find_engine(engine.directory, engine.home)
    with pytest.raises(EngineError, match="stopped at once"):
        Engine(directory, free_port(), data=directory / "data", home=str(home)).start()
    assert directory.stat().st_mode & 0o777 == 0o700


@override_settings(DYNAMODB_EMBEDDED=True)
def test_acknowledged_writes_survive_kill_9_of_the_engine(own_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another engine can use its data only then. tests/resilience/test_kill.py kills an engine several times."""
    create_tables()
    acknowledged: list[str] = []

    def write(writer: int) -> None:
        with suppress(StorageError):
            for number in range(10_000):
                event = services.create_event(make_fields(eventId=f"{writer}-{number}"), ACTOR)
                acknowledged.append(event.fields["eventId"])

    monkeypatch.setattr("eventsite.engine.data.SECONDS_TO_LOCK", 0.2)
    other = Engine(own_engine.directory, free_port(), own_engine.data, own_engine.home)
    with pytest.raises(EngineError, match=f"Another DynamoDB Local uses the data in {own_engine.data}; stop it first"):
        other.start()
    writers = [Thread(target=write, args=(writer,)) for writer in range(2)]
    for writer in writers:
        writer.start()
    while len(acknowledged) < 30:
        writers[0].join(0.01)
    own_engine.kill()
    for writer in writers:
        writer.join()
    with other:  # the lock of a killed engine is free
        django_settings.DYNAMODB_ENDPOINT_URL = other.url
        stored = {row["eventId"]["S"] for row in read_table(EventItem)}
        assert stored >= set(acknowledged)
        assert stored == {row["eventId"]["S"] for row in read_table(HistoryItem)}


def test_an_engine_ends_with_the_process_that_started_it(tmp_path: Path, engine: Engine) -> None:
    home = find_engine(engine.directory, engine.home)
    port = free_port()
    script = (
        "import sys, time; from pathlib import Path; from eventsite.engine.process import Engine\n"
        f"Engine(Path({str(tmp_path)!r}), {port}, None, {str(home)!r}).start()\n"
        "print('started', flush=True); time.sleep(60)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", script], cwd=django_settings.BASE_DIR, stdout=subprocess.PIPE, text=True
    )
    with starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == "started\n"
        assert is_dynamodb(port)
        starter.kill()
    for _ in range(100):
        if port_is_free(port) and not is_dynamodb(port):
            return
        subprocess.run(["sleep", "0.1"], check=True)
    pytest.fail("the engine outlived its starter")
