"""Waits for CloudFormation. Its console shows each step."""

from __future__ import annotations

import time
from collections.abc import Iterator

from eventsite.stack import Say, StackError
from eventsite.stack.aws import Clients

PAUSE_SECONDS = 2.0

_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "DELETE_COMPLETE")
_STARTS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")


def wait(clients: Clients, stack_id: str, say: Say) -> None:
    """Waits until the stack's current operation is done; says every minute that it waits. Raises StackError."""
    start = next_line = time.monotonic()
    while True:
        status: str = clients.cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
        if not status.endswith("_IN_PROGRESS"):
            break
        if time.monotonic() >= next_line + 60:
            next_line = time.monotonic()
            say(f"CloudFormation: {status} for {(next_line - start) / 60:.0f} minutes.")
        time.sleep(PAUSE_SECONDS)
    if status not in _DONE:
        raise StackError(f"CloudFormation failed ({status}). {' '.join(_reasons(clients, stack_id))}".strip())


def _reasons(clients: Clients, stack_id: str) -> Iterator[str]:
    """Why the last operation failed. Events come latest first, so its start ends the search."""
    for page in clients.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        for event in page["StackEvents"]:
            reason = event.get("ResourceStatusReason", "")
            # "Resource creation cancelled" says only that something else failed.
            if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in reason:
                yield f"{event['LogicalResourceId']}: {reason}"
            if event.get("PhysicalResourceId") == stack_id and event["ResourceStatus"] in _STARTS:
                return
