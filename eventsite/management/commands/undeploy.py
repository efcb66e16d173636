"""manage.py undeploy"""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from eventsite.deployment.steps import undeploy
from eventsite.stack import StackError
from eventsite.stack.stage import read_stage


class Command(BaseCommand):
    help = "Remove a stage's function and API from AWS. Keeps its data."
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
            f"The tables with their data, the log groups and the secret key are kept. `manage.py deploy {stage}` "
            f"deploys the site again, at another address. `manage.py stack destroy {stage}` removes the rest."
        )

    def _ask(self, stage: str) -> None:
        self.stdout.write(f"{stage} will be offline. Its data is kept.")
        try:
            typed = input(f"Type {stage} to continue: ")
        except EOFError:
            typed = ""
        if typed.strip() != stage:
            raise CommandError("Nothing was changed.")
