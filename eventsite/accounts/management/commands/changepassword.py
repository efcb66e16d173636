"""manage.py changepassword. Replaces Django's command, which needs a relational database."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import CommandError

from events.domain import Actor
from eventsite.accounts import people
from eventsite.accounts.domain import USERNAME_RULE, fold_username, is_username
from eventsite.accounts.errors import StaffNotFoundError
from eventsite.accounts.management.asking import ask_password
from eventsite.engine.command import StorageCommand


class Command(StorageCommand):
    help = "Set a new password for a staff account. Reads it from standard input if that is not a terminal."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument(
            "--remove-factors",
            action="store_true",
            help="also remove the person's authenticator apps, passkeys and recovery codes, if all of them are lost",
        )

    def handle(self, *args: Any, username: str, remove_factors: bool = False, **options: Any) -> None:
        username = fold_username(username)
        if not is_username(username):
            raise CommandError(f"{username!r} is not a valid username. {USERNAME_RULE}")
        try:
            has_factors = people.get_staff(username).has_factors
            people.set_password(username, ask_password(username), Actor("manage.py"))
            if remove_factors:
                people.remove_factors(username, Actor("manage.py"))
        except StaffNotFoundError:
            raise CommandError(f"There is no account with the username {username}.") from None
        self.stdout.write(f"{username} has a new password and was signed out everywhere.")
        if remove_factors:
            self.stdout.write("The password alone is enough for the next sign-in.")
        elif has_factors:
            self.stdout.write(
                "The sign-in also needs a second step. If the person has lost it, run this again with --remove-factors."
            )
