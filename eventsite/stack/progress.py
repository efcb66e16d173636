"""What CloudFormation does, as it does it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from eventsite.stack import StackError
from eventsite.stack.aws import Clients

PAUSE_SECONDS = 2.0

_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "DELETE_COMPLETE")
# Said of what is stopped because something else failed.
_CANCELLED = "cancelled"


def past_events(clients: Clients, stack_id: str) -> set[str]:
    return {event["EventId"] for event in _events(clients, stack_id)}


def follow(clients: Clients, stack_id: str, seen: set[str], say: Callable[[str], None]) -> None:
    """Says each step until the last one is done; `seen` are the events from before. Raises StackError."""
    reasons: list[str] = []
    while True:
        status = clients.cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
        for event in reversed([event for event in _events(clients, stack_id) if event["EventId"] not in seen]):
            seen.add(event["EventId"])
            say(_line(event))
            reason = event.get("ResourceStatusReason", "")
            if event["ResourceStatus"].endswith("_FAILED") and _CANCELLED not in reason:
                reasons.append(f"{event['LogicalResourceId']}: {reason}")
        if not status.endswith("_IN_PROGRESS"):
            break
        time.sleep(PAUSE_SECONDS)
    if status not in _DONE:
        raise StackError(f"It could not be done ({status}). " + (" ".join(reasons) or "CloudFormation says no more."))


def _line(event: dict[str, Any]) -> str:
    at = event["Timestamp"].astimezone()
    reason = event.get("ResourceStatusReason", "")
    return f"  {at:%H:%M:%S} {event['ResourceStatus']:<28} {event['LogicalResourceId']}" + (
        f": {reason}" if reason else ""
    )


def _events(clients: Clients, stack_id: str) -> Iterator[dict[str, Any]]:
    """The latest first."""
    for page in clients.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        yield from page["StackEvents"]
