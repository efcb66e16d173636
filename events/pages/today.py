"""The current day in the time zone of the settings."""

from __future__ import annotations

from datetime import date

from django.utils import timezone


def today() -> date:
    # The site has one time zone. `timezone.localdate` would look for another of this request at each call.
    return timezone.now().astimezone(timezone.get_default_timezone()).date()
