#!/usr/bin/env python
"""Django's command line. docs/settings.md lists the environment variables."""

import io
import os
import sys
from pathlib import Path


def main() -> None:
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        sys.exit(f"Events needs Python 3.11, 3.12 or 3.13; this is {sys.version.split()[0]} ({sys.executable}).")
    os.environ["DJANGO_SETTINGS_MODULE"] = "eventsite.settings"  # also if the shell has another one set
    sys.path.insert(0, str(Path(__file__).resolve().parent))  # Python leaves it out if PYTHONSAFEPATH is set
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may lack characters of an event
    try:
        from django.conf import settings
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError as error:
        sys.exit(f"{error.name} is not installed: run `make run` once, or `.venv/bin/python manage.py`.")
    try:
        _ = settings.DEBUG
    except ImproperlyConfigured as error:
        sys.exit(f"Settings: {error}")
    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
