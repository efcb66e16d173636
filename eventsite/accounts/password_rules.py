"""Which new passwords are refused, in addition to short ones. There are no rules about kinds of characters.

Passwords are hashed exactly as they are typed, so these rules never change one.
"""

from __future__ import annotations

import re
import unicodedata
from threading import Lock
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

# Attackers who share no secret get about a million guesses in a year (lockout.py).
MIN_GUESSES = 10**9
# The time of zxcvbn grows with the square of the length: 0.15 seconds for the worst 32 characters.
CHECKED_LENGTH = 32

_zxcvbn_is_in_use = Lock()  # it keeps the words of a call in a module's variable
# By zxcvbn's name of a pattern, or of the dictionary in which a part was found.
REASONS = {
    "user_inputs": "it contains your username or the name of this site",
    "passwords": "it contains a password that many people use",
    "male_names": "it contains a common name",
    "female_names": "it contains a common name",
    "surnames": "it contains a common name",
    "english_wikipedia": "it has too few words",
    "us_tv_and_film": "it has too few words",
    "spatial": "its keys are next to each other on the keyboard",
    "repeat": "it repeats the same characters",
    "sequence": "it contains a sequence such as abc or 123",
    "date": "it contains a date",
    "regex": "it contains a year",
    "bruteforce": "it has too few different characters",
}


class MaximumLengthValidator:
    def validate(self, password: str, user: Any = None) -> None:
        most = settings.MAX_PASSWORD_LENGTH
        if len(password) > most:
            raise ValidationError(f"This password is too long. It must contain at most {most} characters.")

    def get_help_text(self) -> str:
        return f"Your password must contain at most {settings.MAX_PASSWORD_LENGTH} characters."


class GuessablePasswordValidator(CommonPasswordValidator):
    """Refuses leaked passwords of Django's list, and others that zxcvbn would guess soon. It says why.

    Raises ValidationError.
    """

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) < settings.MIN_PASSWORD_LENGTH:  # another validator says so
            return
        super().validate(password, user)
        reason = _reason_to_refuse(password, user.get_username() if user else "")
        if reason:
            raise ValidationError(f"This password is easy to guess: {reason}.", code="password_guessable")

    def get_help_text(self) -> str:
        return "Your password can't be one that is easy to guess."


def _reason_to_refuse(password: str, username: str) -> str:
    """Why the password is easy to guess, or nothing. Letters of full width count as their usual forms."""
    from zxcvbn import zxcvbn  # noqa: PLC0415  # slow to load, and needed only here

    checked = unicodedata.normalize("NFKC", password)[:CHECKED_LENGTH]
    words = _words_of(username)
    with _zxcvbn_is_in_use:
        found = zxcvbn(checked, words)
    if found["guesses"] >= MIN_GUESSES:
        return ""
    parts = {part.get("dictionary_name", part["pattern"]): len(part["token"]) for part in found["sequence"]}
    if "user_inputs" in parts or any(word in username and word in checked.lower() for word in words):
        return REASONS["user_inputs"]
    return REASONS[max(parts, key=lambda name: (name != "bruteforce", parts[name]))]


def _words_of(username: str) -> list[str]:
    """What attackers try first here, whole and in parts: the username, the site's hosts, the product, the stage."""
    names = [username, *settings.ALLOWED_HOSTS, settings.EVENTS_STAGE, "events", "event desk"]
    parts = [part for name in names for part in (name, *re.split(r"[^a-z0-9]+", name.lower()))]
    return [part for part in dict.fromkeys(parts) if len(part) > 2]
