"""manage.py create_tables"""

from __future__ import annotations

from typing import Any

from events.storage.models import TABLES
from events.storage.tables import create_tables
from eventsite.engine.command import StorageCommand


class Command(StorageCommand):
    help = "Make the DynamoDB tables that are missing."

    def handle(self, *args: Any, **options: Any) -> None:
        made = create_tables()
        for table in TABLES:
            name = table.Meta.table_name
            self.stdout.write(f"{name}: {'made' if name in made else 'was there'}")
