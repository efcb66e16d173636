"""Loaded by the command-line program of schemathesis, which then follows the rules that JSON Schema cannot express."""

from __future__ import annotations

from typing import Any

import django
import schemathesis

django.setup()

from tests.integration.api.test_openapi import apply_rules_beyond_json_schema  # noqa: E402  # needs Django


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    apply_rules_beyond_json_schema(case)
