"""The management commands, as they are typed."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from events import services
from events.domain import EventRange
from events.rules import RULES
from events.samples import made_up_events, sample_events, store
from events.storage.models import EventItem, HistoryItem
from eventsite.engine.process import free_port
from tests.support.builders import ACTOR, make_fields
from tests.support.fault_proxy import FaultProxy, garbage
from tests.support.tables import read_table


def call(*arguments: str) -> str:
    output = StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue()


def test_create_tables_says_what_was_there() -> None:
    assert call("create_tables") == "events: was there\nevents-history: was there\nevents-access: was there\n"


def test_seed_events_fills_empty_tables_only() -> None:
    assert call("seed_events") == "12 events stored.\n"
    assert call("seed_events") == "There are events already; none stored.\n"
    assert len(read_table(EventItem)) == len(read_table(HistoryItem)) == 12
    assert {row["actor"]["S"] for row in read_table(HistoryItem)} == {"samples"}


def test_seed_events_makes_up_as_many_as_asked_for() -> None:
    services.create_event(make_fields(), ACTOR)
    assert call("seed_events", "--count", "30") == "30 events stored.\n"
    events, _ = services.list_events(EventRange())
    assert len(events) == 31
    assert len({event["title"] for event in events}) > 20


def test_made_up_events_keep_the_rules_and_can_be_had_again() -> None:
    events = list(made_up_events(200))
    for event in events:
        for name, value in event.items():
            if name != "eventId":
                assert RULES[name](value) == value
    assert list(made_up_events(200)) == events
    assert len({event["status"] for event in events}) == 5


def test_two_first_runs_at_once_store_the_samples_once() -> None:
    assert store(sample_events()) == 12
    assert store(sample_events()) == 0
    assert len(read_table(EventItem)) == 12


@pytest.mark.parametrize("command", [["runserver", "80530"], ["runserver", "0"], ["dynamodb_local", "--port", "99999"]])
def test_what_is_no_port_is_one_sentence(command: list[str]) -> None:
    with pytest.raises(CommandError, match=f"{command[-1]} is no port number."):
        call(*command)


def test_what_is_no_dynamodb_is_one_sentence(faults: FaultProxy) -> None:
    faults.set(garbage)
    with pytest.raises(CommandError, match="DynamoDB does not do it: dynamodb did not answer: 200, not JSON"):
        call("create_tables")


@pytest.mark.parametrize("count", ["0", "-3"])
def test_seed_events_wants_a_sensible_count(count: str) -> None:
    with pytest.raises(CommandError, match=r"--count must be 1 or more\."):
        call("seed_events", "--count", count)


@pytest.mark.parametrize("command", [["create_tables"], ["seed_events"], ["seed_events", "--count", "2"]])
def test_storage_that_does_not_answer_is_one_sentence(command: list[str]) -> None:
    with (
        override_settings(DYNAMODB_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}"),
        pytest.raises(CommandError, match=r"DynamoDB does not do it: dynamodb did not answer: .*refused"),
    ):
        call(*command)
