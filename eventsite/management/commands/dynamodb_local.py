"""manage.py dynamodb_local"""

from __future__ import annotations

import argparse
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from eventsite.engine.command import require_free_port
from eventsite.engine.data import DATA
from eventsite.engine.fetch import EngineError
from eventsite.engine.process import Engine


class Command(BaseCommand):
    help = "Run Amazon's DynamoDB Local until Ctrl-C. The first start downloads it."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.DYNAMODB_LOCAL_PORT or settings.DYNAMODB_DEFAULT_PORT)
        parser.add_argument("--in-memory", action="store_true", help="store no data on disk")

    def handle(self, *args: Any, port: int, in_memory: bool, **options: Any) -> None:
        require_free_port(port, "choose another one with --port")
        directory = settings.DYNAMODB_LOCAL_DIRECTORY
        engine = Engine(
            directory, port, None if in_memory else directory / DATA, settings.DYNAMODB_LOCAL_HOME, busy=True
        )
        try:
            with engine:
                # In memory, it is not this folder's own engine, so other commands use it only if the port is set.
                where = f"in memory; use it with DYNAMODB_LOCAL_PORT={port}" if in_memory else f"data in {engine.data}"
                self.stdout.write(f"DynamoDB Local runs at {engine.url} ({where}). Press Ctrl-C to stop.")
                self.stdout.flush()
                while engine.is_running():
                    time.sleep(0.5)
        except EngineError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            return
        raise CommandError(f"DynamoDB Local stopped; see {engine.log} for the reason.")
