"""One command puts a stage on AWS: the package, the stack, the function behind its API, and a look whether it works."""

from eventsite.stack import StackError


class DeploymentError(StackError):
    """Why it cannot go on, in a sentence for whoever started it."""
