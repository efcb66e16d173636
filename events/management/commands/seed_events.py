"""manage.py seed_events"""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import CommandError

from events.samples import generated_events, load_samples, store
from events.storage.tables import create_tables
from eventsite.engine.command import StorageCommand


class Command(StorageCommand):
    help = "Store twelve sample events if there are none yet. With --count, always store that many generated events."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--count", type=int, metavar="N", help="how many events to generate")

    def handle(self, *args: Any, count: int | None, **options: Any) -> None:
        if count is not None and count < 1:
            raise CommandError("--count must be 1 or more.")
        create_tables()
        stored = load_samples() if count is None else store(generated_events(count))
        self.stdout.write(f"{stored:,} events stored." if stored else "There are already events. None were stored.")
