"""What a stage has on AWS besides its function and API: tables, role, logs, alarms, a dashboard and its secret key."""

from collections.abc import Callable

Say = Callable[[str], None]  # tells the person who started a command what happens, a line at a time


class StackError(Exception):
    """The reason why a command failed, as a sentence for the person who started it."""
