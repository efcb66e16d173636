"""manage.py create_tables."""

from __future__ import annotations

import pytest
from django.core.management import CommandError

from tests.support.commands import run_command
from tests.support.fault_proxy import FaultProxy, garbage


def test_create_tables_prints_existing_tables() -> None:
    assert run_command("create_tables") == "events: exists\nevents-history: exists\nevents-access: exists\n"


def test_another_server_instead_of_dynamodb_is_one_sentence(faults: FaultProxy) -> None:
    faults.set(garbage)
    with pytest.raises(CommandError, match="DynamoDB failed: dynamodb did not respond: 200, not JSON"):
        run_command("create_tables")
