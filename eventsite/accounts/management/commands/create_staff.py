"""manage.py create_staff"""

from __future__ import annotations

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from events.domain import Actor
from events.storage.tables import create_tables
from eventsite.accounts import people
from eventsite.accounts.domain import USERNAME_RULE, Role, fold_username, is_username
from eventsite.accounts.errors import StaffExistsError
from eventsite.accounts.management.asking import ask_password
from eventsite.engine.command import StorageCommand


class Command(StorageCommand):
    help = "Add a staff account. Asks for the password, or reads it from standard input if that is not a terminal."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--role", required=True, choices=[role.value for role in Role])

    def handle(self, *args: Any, username: str, role: str, **options: Any) -> None:
        username = fold_username(username)
        if not is_username(username):
            raise CommandError(f"{username!r} is not a valid username. {USERNAME_RULE}")
        if not settings.ON_AWS:
            create_tables()
        password = ask_password(username)
        try:
            people.create_staff(username, Role(role), password, Actor("manage.py"))
        except StaffExistsError:
            raise CommandError(f"An account with the username {username} already exists.") from None
        self.stdout.write(f"{username} can now sign in as {role}.")
