"""Which database a management command uses, and what it prints about it."""

from __future__ import annotations

import re
import socket
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.test import override_settings

from events.storage.models import EventItem
from eventsite.engine.command import storage
from eventsite.engine.fetch import find_engine
from eventsite.engine.process import Engine, free_port, is_dynamodb, port_is_free
from tests.support.tables import read_table


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
        rf"^Port {engine.port} is in use by the DynamoDB of another folder, "
        r"so DynamoDB Local starts on port (\d+)\.\n"
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


def test_commands_print_their_database() -> None:
    notes = StringIO()
    call_command("seed_events", count=1, stdout=StringIO(), stderr=notes)
    assert notes.getvalue() == f"Storage: {django_settings.DYNAMODB_ENDPOINT_URL}, table events\n"
    call_command("seed_events", count=1, stdout=StringIO(), stderr=notes, verbosity=0)
    assert notes.getvalue().count("Storage") == 1


@override_settings(DYNAMODB_EMBEDDED=True)
def test_the_error_names_a_port_that_another_program_uses(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        other.settimeout(0)
        with (
            override_settings(DYNAMODB_LOCAL_PORT=port, DYNAMODB_LOCAL_DIRECTORY=tmp_path),
            pytest.raises(CommandError, match=f"Port {port} is in use by another program: set DYNAMODB_LOCAL_PORT"),
            storage(),
        ):
            pass
        with pytest.raises(CommandError, match=f"Port {port} is in use; choose another one with --port."):
            call_command("dynamodb_local", port=port)


@override_settings(DYNAMODB_EMBEDDED=True)
def test_a_missing_engine_is_one_sentence(tmp_path: Path) -> None:
    paths = {"DYNAMODB_LOCAL_HOME": str(tmp_path), "DYNAMODB_LOCAL_DIRECTORY": tmp_path}
    with (
        override_settings(DYNAMODB_LOCAL_PORT=free_port(), **paths),
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
    assert (first.getvalue(), second.getvalue()) == (
        ("3 events stored.\n", "There are already events. None were stored.\n")
    )
    assert (tmp_path / "data").is_dir()


@override_settings(DYNAMODB_EMBEDDED=False, DYNAMODB_ENDPOINT_URL=None)
def test_on_aws_nothing_local_starts() -> None:
    with storage() as where:
        assert where == f"AWS, {django_settings.AWS_REGION}"
