"""How commands read a password: typed twice at a terminal, or from standard input."""

from __future__ import annotations

import io
import sys
from getpass import getpass

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from eventsite.accounts.models import Staff


def ask_password(username: str) -> str:
    """A new password for this account that follows the rules. Raises CommandError."""
    password = _type_twice() if sys.stdin.isatty() else _read_line()
    try:
        validate_password(password, Staff(username=username))
    except ValidationError as error:
        raise CommandError(f"{' '.join(error.messages)} Nothing was changed.") from None
    return password


def _type_twice() -> str:
    password = getpass("Password: ")
    if getpass("Repeat password: ") != password:
        raise CommandError("The two passwords do not match. Nothing was changed.")
    return password


def _read_line() -> str:
    """Reads UTF-8, regardless of the locale."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="strict")
    try:
        return sys.stdin.readline().rstrip("\r\n")
    except UnicodeDecodeError:
        raise CommandError("The password is not valid UTF-8. Nothing was changed.") from None
