"""manage.py undeploy"""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from eventsite.deployment.stages import read_stage
from eventsite.deployment.steps import undeploy
from eventsite.stack import StackError


class Command(BaseCommand):
    help = "Take a stage's function and API off AWS; its data is kept."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("stage", help="a stage of zappa_settings.json, such as dev")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, stage: str, yes: bool, **options: Any) -> None:
        try:
            described = read_stage(stage)
            if not yes:
                self._ask(stage)
            undeploy(described, self.stdout.write)
        except StackError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"The tables and what is in them, the log groups and the secret key are kept: `manage.py deploy {stage}` "
            f"brings the site back, with another address. `manage.py stack destroy {stage}` goes on from here."
        )

    def _ask(self, stage: str) -> None:
        self.stdout.write(f"Nobody will reach {stage} any more. Its data is kept.")
        try:
            typed = input(f"Type {stage} to go on: ")
        except EOFError:
            typed = ""
        if typed.strip() != stage:
            raise CommandError("Nothing was changed.")
