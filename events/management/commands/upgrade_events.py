"""manage.py upgrade_events"""

from __future__ import annotations

from typing import Any

from django.conf import settings

from events.storage.tables import create_tables
from events.upgrades import upgrade_events
from eventsite.engine.command import StorageCommand


class Command(StorageCommand):
    help = "Convert stored events to the format of this version. You can interrupt it, and run it again at any time."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.ON_AWS:
            create_tables()  # adds the indexes of this version to the tables of an earlier one
        for progress in upgrade_events():
            self.stdout.write(f"{progress.read:,} events read, {progress.upgraded:,} upgraded.")
            self.stdout.flush()
        if progress.unfit:
            self.stdout.write(
                f"{progress.unfit:,} events of another program were not upgraded: they are too long for the search."
            )
