"""manage.py createsuperuser. Replaces the command of Django's auth."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.core.management.base import CommandError


class Command(createsuperuser.Command):
    help = "Not available: use create_staff."

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError("Use `manage.py create_staff USERNAME --role admin`.")
