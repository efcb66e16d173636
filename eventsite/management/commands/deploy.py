"""manage.py deploy"""

from __future__ import annotations

import argparse
import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from eventsite.deployment.stages import read_stage
from eventsite.deployment.steps import Deploy
from eventsite.stack import StackError


class Command(BaseCommand):
    help = (
        "Put a stage on AWS: check, package, stack, function, smoke test; back to the function from before if it fails."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("stage", help="a stage of zappa_settings.json, such as dev")

    def handle(self, *args: Any, stage: str, **options: Any) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever stops it: the function goes back first
        try:
            address = Deploy(read_stage(stage), self._say).run()
        except StackError as error:
            raise CommandError(str(error)) from error
        self._say(f"{stage} is at {address}/staff/ for staff, {address}/events for programs, {address}/docs to read.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
