"""What a stage has on AWS besides its function and API: tables, role, logs, alarms, a dashboard and its secret key."""


class StackError(Exception):
    """The reason why a command failed, as a sentence for the person who started it."""
