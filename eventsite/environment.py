"""Reads settings from environment variables, and checks each: a wrong one stops the start with a sentence about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured


class Environment:
    """Environment variables. An empty one counts as not set. Every method raises ImproperlyConfigured."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str) -> str:
        return self._values.get(name, "")

    def flag(self, name: str, default: bool) -> bool:
        value = self._values.get(name, "").strip().lower()
        if value not in ("", "true", "false", "1", "0"):
            raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")
        return value in ("true", "1") if value else default

    def number(self, name: str, kind: str, most: int) -> int | None:
        value = self._values.get(name, "")
        if not value:
            return None
        if not (value.isascii() and value.isdecimal() and len(value) < 9 and 0 < int(value) <= most):
            raise ImproperlyConfigured(f"{name} must be a {kind} from 1 to {most}, not {value!r}.")
        return int(value)

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self._values.get(name, "") or default
        if value not in choices:
            raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
        return value

    def url(self, name: str) -> str | None:
        value = self._values.get(name, "").rstrip("/") or None
        try:
            address = urlsplit(value or "http://unset")
            valid = address.scheme in ("http", "https") and address.hostname and address.port != 0
        except ValueError:  # the port is not a number
            valid = False
        if not valid:
            raise ImproperlyConfigured(f"{name} must be an http or https address, not {value!r}.")
        return value

    def names(self, name: str) -> list[str]:
        return [value.strip() for value in self._values.get(name, "").split(",") if value.strip()]

    def origins(self, name: str) -> list[str]:
        origins = self.names(name)
        for origin in origins:
            if not re.fullmatch(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?", origin):
                raise ImproperlyConfigured(f"{name} must list origins such as https://app.example.org, not {origin!r}.")
        return origins

    def prefix(self, name: str) -> str:
        value = self._values.get(name, "").rstrip("/")
        other = r"(?!/(?:events|changes|staff|static|docs|healthz)(?:/|$))"  # these are addresses of the site
        if value and not re.fullmatch(rf"{other}(?:/[A-Za-z0-9_-]+)+", value):
            raise ImproperlyConfigured(
                f"{name} must be empty or like /production, and no page's address, not {value!r}."
            )
        return value

    def time_zone(self, name: str, default: str) -> str:
        value = self._values.get(name, "") or default
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):  # unknown, not a name, or a folder
            raise ImproperlyConfigured(f"{name} must be a time zone such as Europe/Berlin, not {value!r}.") from None
        return value
