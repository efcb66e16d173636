"""Schemathesis with many examples: valid and invalid requests, alone and in chains of calls."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis.openapi.loaders import from_dict
from schemathesis.specs.openapi.checks import ensure_resource_availability, use_after_free

from eventsite.api import api as ninja_api
from tests.integration.api.test_openapi import apply_rules_beyond_json_schema
from tests.support.http_server import Server
from tests.support.tables import empty_tables

schema = from_dict(ninja_api.get_openapi_schema())
ANY_TIME = settings(
    deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate, Phase.shrink]
)


@pytest.mark.stress
@schema.parametrize()
@settings(ANY_TIME, max_examples=1_000)
def test_the_server_follows_the_document_with_many_examples(case: schemathesis.Case[Any], server: Server) -> None:
    """The short form is in tests/integration/api/test_openapi.py."""
    apply_rules_beyond_json_schema(case)
    case.call_and_validate(base_url=server.url)


@pytest.mark.parametrize("chains", [2, pytest.param(300, marks=pytest.mark.stress)])
def test_the_server_follows_the_document_in_chains_of_calls(
    server: Server, chains: int, record_property: Callable[[str, Any], None]
) -> None:
    """Each call uses the response of an earlier one: created events are read, changed, deleted and read again."""
    called: list[str] = []

    class Chain(schema.as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: schemathesis.Case[Any]) -> None:
            called.append(case.operation.label)
            apply_rules_beyond_json_schema(case)

        def validate_response(self, response: Any, case: schemathesis.Case[Any], *_: Any, **__: Any) -> None:
            excluded = []
            if case.path.endswith(("/restore", "/undo")):  # 404 also means that there is no such version
                excluded.append(ensure_resource_availability)
            # The history of a deleted event stays, and a restore or an undo can create the event again.
            if case.path.endswith("/history") or any(label.endswith(("/restore", "/undo")) for label in called):
                excluded.append(use_after_free)
            case.validate_response(response, excluded_checks=excluded, recorder=self.recorder)

        def get_call_kwargs(self, case: schemathesis.Case[Any]) -> dict[str, Any]:
            return {"base_url": server.url}

        def teardown(self) -> None:
            empty_tables()

    runs = 0
    while runs < max(1, chains // 10) or "POST /events" not in called:  # a short run may not have drawn it
        runs += 1
        # Generated event IDs differ each time. If hypothesis notices, it skips the rest of its ten chains.
        with suppress(FlakyStrategyDefinition):
            Chain.run(settings=settings(ANY_TIME, max_examples=min(chains, 10), stateful_step_count=8, database=None))
    record_property("calls", len(called))
    assert len(called) > chains * 2
