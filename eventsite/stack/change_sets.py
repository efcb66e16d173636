"""CloudFormation change sets: create, read, execute, delete."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eventsite.stack import Say, StackError, progress
from eventsite.stack.aws import Clients, find
from eventsite.stack.changes import Change, Template
from eventsite.stack.stage import Stage

_REVIEW = "REVIEW_IN_PROGRESS"  # the state of a stack that has only a change set
# CloudFormation says in two ways that there are no changes.
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")


Parameters = Mapping[str, str | None]  # of the template; None: as it is now


@dataclass(frozen=True)
class ChangeSet:
    id: str
    stack_id: str
    creates: bool
    changes: list[Change]


def find_stack(clients: Clients, name: str) -> dict[str, Any] | None:
    found = find(clients.cloudformation.describe_stacks, StackName=name)
    return found["Stacks"][0] if found else None


def is_new(stack: dict[str, Any] | None) -> bool:
    return stack is None or stack["StackStatus"] == _REVIEW


def is_changing(stack: dict[str, Any] | None) -> bool:
    status: str = stack["StackStatus"] if stack else ""
    return status.endswith("_IN_PROGRESS") and status != _REVIEW


def create_change_set(
    clients: Clients, stage: Stage, stack: dict[str, Any] | None, template: Template, given: Parameters
) -> ChangeSet | None:
    """The changes that the template makes to the stack; None if there are none. Raises StackError."""
    creates = is_new(stack)
    return new_change_set(
        clients,
        creates,
        template,
        StackName=stage.names.stack,
        Parameters=_parameters(clients, None if creates else stack, given),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Tags=stage.tags,
        ImportExistingResources=True,  # the tables and log groups that an earlier stack left
    )


def new_change_set(clients: Clients, creates: bool, template: Template, **options: Any) -> ChangeSet | None:
    """The changes; None if there are none. Raises StackError."""
    created = clients.cloudformation.create_change_set(
        ChangeSetName=f"changes-{time.time_ns()}",
        ChangeSetType="CREATE" if creates else "UPDATE",
        TemplateBody=json.dumps(template, separators=(",", ":")),
        **options,
    )
    result = _finished(clients, created["Id"])
    change_set = ChangeSet(created["Id"], created["StackId"], creates, _changes(clients, created["Id"]))
    if result["Status"] == "FAILED":
        delete_change_set(clients, change_set)
        reason = result.get("StatusReason", "")
        if any(words in reason for words in _NO_CHANGES):
            return None
        raise StackError(f"CloudFormation rejected the template: {reason}")
    return change_set


def current_template(clients: Clients, name: str) -> Template:
    body = clients.cloudformation.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    template: Template = json.loads(body) if isinstance(body, str) else body
    return template


def _parameters(clients: Clients, stack: dict[str, Any] | None, given: Parameters) -> list[dict[str, Any]]:
    """Keeps the current values unless new ones are given. Raises StackError."""
    before = {each["ParameterKey"]: each["ParameterValue"] for each in (stack or {}).get("Parameters", [])}
    values = {"AlarmEmail": before.get("AlarmEmail", ""), "MonthlyBudget": before.get("MonthlyBudget", "0")}
    values |= {key: value for key, value in given.items() if value is not None}
    if values["MonthlyBudget"] != "0" and not values["AlarmEmail"]:
        raise StackError("A budget needs an address for its e-mails: add --alarm-email.")
    values["MakeGatewayLogsRole"] = "yes"
    if before.get("MakeGatewayLogsRole") != "yes" and clients.of("apigateway").get_account().get("cloudwatchRoleArn"):
        values["MakeGatewayLogsRole"] = "no"
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def _finished(clients: Clients, change_set: str) -> dict[str, Any]:
    while True:
        result: dict[str, Any] = clients.cloudformation.describe_change_set(ChangeSetName=change_set)
        if result["Status"] in ("CREATE_COMPLETE", "FAILED"):
            return result
        time.sleep(progress.PAUSE_SECONDS)


def _changes(clients: Clients, change_set: str) -> list[Change]:
    pages = clients.cloudformation.get_paginator("describe_change_set").paginate(ChangeSetName=change_set)
    return [change for page in pages for change in page.get("Changes", [])]


def delete_change_set(clients: Clients, change_set: ChangeSet) -> None:
    """Also deletes the stack if it has nothing but the change set."""
    clients.cloudformation.delete_change_set(ChangeSetName=change_set.id)
    if change_set.creates:
        clients.cloudformation.delete_stack(StackName=change_set.stack_id)


def execute(clients: Clients, change_set: ChangeSet, say: Say) -> None:
    """Raises StackError, with CloudFormation's reasons, if it failed."""
    clients.cloudformation.execute_change_set(ChangeSetName=change_set.id)
    progress.wait(clients, change_set.stack_id, say)
