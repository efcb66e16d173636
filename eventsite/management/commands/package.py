"""manage.py package"""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from eventsite.deployment.package import make_package, package_path
from eventsite.deployment.target import target_of
from eventsite.stack import StackError
from eventsite.stack.stage import read_stage


class Command(BaseCommand):
    help = "Create dist/events-STAGE.zip, which contains everything that the function runs. Uploads nothing."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("stage", help="a stage of zappa_settings.json, such as dev")

    def handle(self, *args: Any, stage: str, **options: Any) -> None:
        try:
            described = read_stage(stage)
            self.stdout.write(str(make_package(package_path(described), target_of(described))))
        except StackError as error:
            raise CommandError(str(error)) from error
