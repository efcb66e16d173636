"""manage.py rollback"""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from eventsite.deployment.steps import rollback
from eventsite.stack import StackError
from eventsite.stack.stage import read_stage


class Command(BaseCommand):
    help = "Let an earlier version of the function serve a stage again, at once. It has its own code and settings."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("stage", help="a stage of zappa_settings.json, such as dev")
        parser.add_argument(
            "function_version", nargs="?", default="", metavar="VERSION", help="default: the previous one"
        )

    def handle(self, *args: Any, stage: str, function_version: str, **options: Any) -> None:
        try:
            rollback(read_stage(stage), self.stdout.write, function_version)
        except StackError as error:
            raise CommandError(str(error)) from error
