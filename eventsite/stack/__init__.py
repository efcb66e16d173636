"""What a stage has on AWS besides its function and its API: tables, role, logs, alarms, a dashboard, its secret key."""


class StackError(Exception):
    """Why it cannot be done, in a sentence for whoever asked for it."""
