"""Runs manage.py in a copy of the project, with workarounds for what ministack lacks, and with shorter pauses."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

sys.path[0] = os.getcwd()  # noqa: PTH109  # the copy, not this file's folder
sys.path.append(str(Path(__file__).parents[3]))  # for `tests`, which the copy does not have
os.environ["DJANGO_SETTINGS_MODULE"] = "eventsite.settings"

import django  # noqa: E402

django.setup()

from django.core.management import execute_from_command_line  # noqa: E402

from eventsite.stack.gateway import complete  # noqa: E402
from eventsite.stack.template import make_template  # noqa: E402
from tests.deployment.shared import shared_parts  # noqa: E402


def with_known_resources(stage: Any) -> dict[str, Any]:
    """Its CloudFormation supports only alarms on one metric, and no budgets."""
    template = make_template(stage)
    resources = {
        name: resource
        for name, resource in template["Resources"].items()
        if "Metrics" not in resource["Properties"] and name != "Budget"
    }
    return {**template, "Resources": resources}


def with_binary(template: dict[str, Any], stage: Any) -> dict[str, Any]:
    """It does not decode `*~1*` in BinaryMediaTypes, and would send Base64 to browsers."""
    template = complete(template, stage)
    template["Resources"]["Api"]["Properties"]["BinaryMediaTypes"] = ["*/*"]
    return template


with (
    patch("eventsite.stack.lifecycle.make_template", with_known_resources),
    patch("eventsite.stack.gateway.complete", with_binary),
    patch("eventsite.stack.progress.PAUSE_SECONDS", 0.2),
    patch("eventsite.management.commands.deploy.SECONDS_TO_WATCH", 3),
    patch("eventsite.deployment.alarms.PAUSE_SECONDS", 1),
    shared_parts(Path(os.environ["SHARED_FOLDER"])),
):
    execute_from_command_line(sys.argv)
