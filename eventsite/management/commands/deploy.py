"""manage.py deploy"""

from __future__ import annotations

import argparse
import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from eventsite.deployment.alarms import SECONDS_TO_WATCH
from eventsite.deployment.steps import Deploy
from eventsite.stack import StackError
from eventsite.stack.stage import read_stage


class Command(BaseCommand):
    help = (
        "Deploy a stage to AWS: check, package, stack, function, API, test, switch, stored events. "
        "A new version serves the site only after its test, and no longer if an alarm goes off."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("stage", help="a stage of zappa_settings.json, such as dev")
        parser.add_argument("--no-watch", action="store_true", help="do not watch the alarms for a minute afterwards")

    def handle(self, *args: Any, stage: str, no_watch: bool, **options: Any) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that a stopped deploy rolls back, too
        try:
            address = Deploy(read_stage(stage), self._say, 0 if no_watch else SECONDS_TO_WATCH).run()
        except StackError as error:
            raise CommandError(str(error)) from error
        self._say(
            f"{stage} is deployed: {address}/staff/ (staff pages), {address}/events (API), {address}/docs (API docs)"
        )

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
