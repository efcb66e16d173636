"""Deploys the API of a stage: a CloudFormation stack of its own, which Zappa's `undeploy` removes."""

from __future__ import annotations

import time
from typing import Any

from eventsite.stack import Say, StackError
from eventsite.stack.aws import Clients
from eventsite.stack.change_sets import execute, is_new, new_change_set
from eventsite.stack.lifecycle import usable_stack
from eventsite.stack.stage import Stage

SECONDS_BETWEEN_DEPLOYMENTS = 5  # API Gateway's quota of an account. AWS does not raise it.
_ATTEMPTS = 6
_TOO_OFTEN = ("TooManyRequests", "Too Many Requests", "Rate exceeded", "Status Code: 429")


def deploy_api(clients: Clients, stage: Stage, template: dict[str, Any], say: Say) -> None:
    """Creates or updates the API. Raises StackError."""
    name = stage.names.function
    for left in reversed(range(_ATTEMPTS)):
        creates = is_new(usable_stack(clients, name, say))
        # Zappa deletes only stacks with its own tag.
        tags = [*stage.tags, {"Key": "ZappaProject", "Value": name}]
        change_set = new_change_set(clients, creates, template, StackName=name, Tags=tags)
        if change_set is None:
            say(f"The API {name} has no changes.")
            return
        try:
            execute(clients, change_set, say)
        except StackError as error:
            if not left or not any(words in str(error) for words in _TOO_OFTEN):
                raise
            seconds = SECONDS_BETWEEN_DEPLOYMENTS
            say(f"API Gateway allows one deployment every {seconds} seconds in an account: waiting {seconds} s.")
            time.sleep(seconds)
        else:
            say(f"The API {name} is {'created' if creates else 'updated'}.")
            return
