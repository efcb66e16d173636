"""manage.py migrate, in place of Django's, which wants a relational database."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate


class Command(migrate.Command):
    help = "Not for this site: see create_tables."

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError("There is no relational database to migrate. `manage.py create_tables` makes the tables.")
