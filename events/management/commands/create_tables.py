"""manage.py create_tables"""

from __future__ import annotations

from typing import Any

from events.storage.models import TABLES
from events.storage.tables import create_tables
from eventsite.engine.command import StorageCommand


class Command(StorageCommand):
    help = "Create the DynamoDB tables that do not exist yet."

    def handle(self, *args: Any, **options: Any) -> None:
        created = create_tables()
        for table in TABLES:
            name = table.Meta.table_name
            self.stdout.write(f"{name}: {'created' if name in created else 'exists'}")
