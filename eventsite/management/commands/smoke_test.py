"""manage.py smoke_test"""

from __future__ import annotations

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from events.domain import StorageError
from eventsite.deployment.http_client import Client
from eventsite.deployment.invocation import Invocation
from eventsite.deployment.smoke_test import run_smoke_test
from eventsite.engine.command import storage_failed
from eventsite.stack import StackError
from eventsite.stack.aws import Clients, aws_errors
from eventsite.stack.stage import read_stage


class Command(BaseCommand):
    help = "Check over HTTP that a site works: EVENTS_STAGE=dev manage.py smoke_test https://….amazonaws.com/dev"
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("address", help="the site's address, with its prefix")
        parser.add_argument("--connect-to", metavar="HOST:PORT", help="connect to this machine instead, as curl does")
        parser.add_argument("--invoke", metavar="VERSION", help="invoke this version of the function, without HTTP")

    def handle(self, *args: Any, address: str, connect_to: str | None, invoke: str | None, **options: Any) -> None:
        try:
            client: Client | Invocation = Client(address, connect_to)
        except ValueError as error:
            raise CommandError(str(error)) from error
        try:
            with aws_errors():
                if invoke:
                    stage = read_stage(settings.EVENTS_STAGE)
                    client = Invocation(Clients(stage), stage, invoke, address)
                run_smoke_test(client, settings.URL_PREFIX, self._say)
        except StackError as error:
            raise CommandError(str(error)) from error
        except StorageError as error:
            raise storage_failed(error) from error

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
