"""Management commands, called in this process."""

from __future__ import annotations

from io import StringIO

from django.core.management import call_command


def run_command(*arguments: object) -> str:
    """What the command writes to standard output."""
    output = StringIO()
    call_command(*map(str, arguments), stdout=output)
    return output.getvalue()
