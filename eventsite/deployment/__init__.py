"""Deploys a stage to AWS: the package, the stack, the function behind its API, and a smoke test."""

from eventsite.stack import StackError


class DeploymentError(StackError):
    """The reason why a deploy failed, as a sentence for the person who started it."""
