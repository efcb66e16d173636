"""Which modules the Lambda function loads before its first request. Each makes a cold start slower."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings as django_settings

# The API does not need these. Pages, commands and the documentation load them on first use.
LATER = {
    "argon2",
    "bootstrap_wrapper",
    "boto3",
    "defusedxml",
    "django.contrib.auth.forms",
    "django.contrib.sessions",
    "events.batches",
    "events.pages.forms",
    "events.pages",
    "events.spreadsheets",
    "events.tasks",
    "eventsite.accounts.people",
    "eventsite.accounts.roles",
    "eventsite.accounts.views",
    "eventsite.deployment",
    "eventsite.engine",
    "eventsite.staff_urls",
    "eventsite.stack",
    "fido2",
    "icalendar",
    "jinja2",
    "openpyxl",
    "sqlparse.sql",
    "whitenoise",
}
# Django, django-ninja, PynamoDB and botocore alone are about 780.
MOST_MODULES = 900

_START = """
import json, sys
import eventsite.lambda_handler
from ninja import Schema
from ninja.params.models import ParamModel
modules = list(sys.modules)
cached = []
if "jinja2" in modules:
    from django.template import engines
    cached = engines["jinja2"].env.cache
models = sum(model.__name__ == "NinjaResponseSchema" for model in Schema.__subclasses__())
kinds = ParamModel.__subclasses__()
built = [model.__name__ for kind in kinds for model in kind.__subclasses__() if model.__pydantic_complete__]
print(json.dumps({"modules": modules, "response_models": models, "built": built, "templates": len(cached)}))
"""


@pytest.fixture(scope="module")
def started() -> dict[str, Any]:
    return start()


def start(**settings: str) -> dict[str, Any]:
    """What a new process has loaded once the function has started. The start needs no DynamoDB."""
    environment = {
        **os.environ,
        "ALLOWED_HOSTS": "testserver",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_LAMBDA_FUNCTION_NAME": "events",
        "AWS_SECRET_ACCESS_KEY": "local",
        "DEBUG": "false",
        "DYNAMODB_ENDPOINT_URL": "http://127.0.0.1:9",
        "SECRET_KEY": "x" * 50,
        **settings,
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _START],
        env=environment,
        cwd=django_settings.BASE_DIR,
        capture_output=True,
        check=True,
        text=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_the_api_starts_without_the_modules_of_pages(started: dict[str, Any]) -> None:
    assert LATER.intersection(started["modules"]) == set()


def test_the_number_of_modules_has_a_limit(started: dict[str, Any]) -> None:
    assert len(started["modules"]) < MOST_MODULES


def test_the_deepest_imports_come_first(started: dict[str, Any]) -> None:
    modules = started["modules"]
    assert modules.index("botocore") < modules.index("django.urls")


def test_preloaded_pages_include_their_templates() -> None:
    loaded = start(PRELOAD_PAGES="true")
    assert {"events.pages.lists", "eventsite.staff_urls", "eventsite.accounts.roles"} <= set(loaded["modules"])
    assert loaded["templates"] > 50


def test_no_response_models_are_created_at_start(started: dict[str, Any]) -> None:
    assert started["response_models"] == 0


def test_no_models_of_requests_are_built_at_start(started: dict[str, Any]) -> None:
    assert started["built"] == []


@pytest.mark.parametrize(
    ("loaded", "later"),
    [
        ("eventsite.urls", {"icalendar", "openpyxl"}),
        # The code that reads files takes as long to load as all other pages: the first import or export loads it.
        (
            "eventsite.staff_urls",
            {
                "events.imports",
                "events.mapping",
                "events.pages.imports",
                "events.spreadsheets",
                "fido2",
                "icalendar",
                "openpyxl",
                "cryptography",
                "pyotp",
                "segno",
                "zxcvbn",
            },
        ),
    ],
)
def test_slow_modules_are_loaded_on_use(loaded: str, later: set[str]) -> None:
    code = f"import sys, eventsite.wsgi, {loaded}; print(sorted({later} & sys.modules.keys()))"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, cwd=django_settings.BASE_DIR
    )
    assert told.stdout == "[]\n"
