"""manage.py package"""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from eventsite.deployment.package import make_package
from eventsite.deployment.stages import read_stage
from eventsite.stack import StackError


class Command(BaseCommand):
    help = "Make dist/events-STAGE.zip, all that the function runs; nothing is sent anywhere."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("stage", help="a stage of zappa_settings.json, such as dev")

    def handle(self, *args: Any, stage: str, **options: Any) -> None:
        try:
            self.stdout.write(str(make_package(read_stage(stage).package)))
        except StackError as error:
            raise CommandError(str(error)) from error
