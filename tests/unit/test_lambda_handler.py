"""What the Lambda function loads before its first request: each cold start pays for every module of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings as django_settings

# What the API answers without; the pages, the commands and the documents load it when they need it.
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
    "icalendar",
    "openpyxl",
    "whitenoise",
}
# Django, django-ninja and PynamoDB with botocore are some 780 of them by themselves.
MOST_MODULES = 900

_START = """
import json, sys
import eventsite.lambda_handler
from ninja import Schema
modules = list(sys.modules)
from django.template import engines
cached = engines["django"].engine.template_loaders[0].get_template_cache
models = sum(model.__name__ == "NinjaResponseSchema" for model in Schema.__subclasses__())
print(json.dumps({"modules": modules, "models_of_answers": models, "templates": len(cached)}))
"""


@pytest.fixture(scope="module")
def started() -> dict[str, Any]:
    return start()


def start(**settings: str) -> dict[str, Any]:
    """What is there once a new process has loaded the function. It starts without its DynamoDB, too."""
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


def test_the_api_starts_without_what_only_pages_need(started: dict[str, Any]) -> None:
    assert LATER.intersection(started["modules"]) == set()


def test_what_the_api_loads_does_not_grow_unnoticed(started: dict[str, Any]) -> None:
    assert len(started["modules"]) < MOST_MODULES


def test_the_deepest_imports_come_first(started: dict[str, Any]) -> None:
    modules = started["modules"]
    assert modules.index("botocore") < modules.index("django.urls")


def test_with_pages_preloaded_they_are_there_with_their_templates() -> None:
    loaded = start(PRELOAD_PAGES="true")
    assert {"events.pages.lists", "eventsite.staff_urls", "eventsite.accounts.roles"} <= set(loaded["modules"])
    assert loaded["templates"] > 50


def test_no_models_are_made_that_only_the_document_would_need(started: dict[str, Any]) -> None:
    assert started["models_of_answers"] == 0


def test_what_is_slow_to_load_is_not_loaded_at_the_start() -> None:
    code = "import sys, eventsite.wsgi, eventsite.urls; print({'openpyxl', 'icalendar'} & sys.modules.keys())"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, cwd=django_settings.BASE_DIR
    )
    assert told.stdout == "set()\n"
