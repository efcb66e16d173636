"""manage.py seed_events, and errors that several commands share."""

from __future__ import annotations

import pytest
from django.core.management import CommandError
from django.test import override_settings

from events import services
from events.domain import EventRange
from events.storage.models import EventItem, HistoryItem
from eventsite.engine.process import free_port
from tests.support.builders import ACTOR, make_fields
from tests.support.commands import run_command
from tests.support.tables import read_table


def test_seed_events_fills_empty_tables_only() -> None:
    assert run_command("seed_events") == "12 events stored.\n"
    assert run_command("seed_events") == "There are already events. None were stored.\n"
    assert len(read_table(EventItem)) == len(read_table(HistoryItem)) == 12
    assert {row["actor"]["S"] for row in read_table(HistoryItem)} == {"samples"}


def test_seed_events_generates_the_requested_number() -> None:
    services.create_event(make_fields(), ACTOR)
    assert run_command("seed_events", "--count", "30") == "30 events stored.\n"
    events, _ = services.list_events(EventRange())
    assert len(events) == 31
    assert len({event["title"] for event in events}) > 20


@pytest.mark.parametrize("command", [["runserver", "80530"], ["runserver", "0"], ["dynamodb_local", "--port", "99999"]])
def test_an_invalid_port_is_one_sentence(command: list[str]) -> None:
    with pytest.raises(CommandError, match=f"{command[-1]} is not a port number."):
        run_command(*command)


@pytest.mark.parametrize("count", ["0", "-3"])
def test_seed_events_refuses_an_invalid_count(count: str) -> None:
    with pytest.raises(CommandError, match=r"--count must be 1 or more\."):
        run_command("seed_events", "--count", count)


@pytest.mark.parametrize("command", [["create_tables"], ["seed_events"], ["seed_events", "--count", "2"]])
def test_an_unreachable_database_is_one_sentence(command: list[str]) -> None:
    with (
        override_settings(DYNAMODB_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}"),
        pytest.raises(CommandError, match=r"DynamoDB failed: dynamodb did not respond: .*refused"),
    ):
        run_command(*command)
