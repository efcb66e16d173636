"""manage.py migrate. Replaces Django's command, which needs a relational database."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate


class Command(migrate.Command):
    help = "Not available: use create_tables."

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError("There is no relational database to migrate. `manage.py create_tables` creates the tables.")
