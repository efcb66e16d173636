"""Changes of a stack: asked for, looked at, carried out or dropped."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from eventsite.stack import StackError, progress
from eventsite.stack.aws import Clients, is_missing
from eventsite.stack.changes import Change, Template, check_indexes
from eventsite.stack.stage import Stage

Say = Callable[[str], None]

# A stack that is not one: only a change set was made for it, or its creation failed.
_PLANNED = "REVIEW_IN_PROGRESS"
FAILED_AT_BIRTH = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")
# CloudFormation has two ways of saying that there is nothing to do.
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True)
class ChangeSet:
    id: str
    stack_id: str
    creates: bool
    changes: list[Change]


def find_stack(clients: Clients, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = clients.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if is_missing(error):
            return None
        raise
    return found


def current_template(clients: Clients, name: str) -> Template:
    body = clients.cloudformation.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    template: Template = json.loads(body) if isinstance(body, str) else body
    return template


def make_change_set(clients: Clients, stage: Stage, template: Template, alarm_email: str | None) -> ChangeSet | None:
    """What would become of the stack; None if nothing. Raises StackError."""
    stack = find_stack(clients, stage.names.stack)
    creates = stack is None or stack["StackStatus"] == _PLANNED
    if stack and not creates:
        _check_state(stack)
        check_indexes(current_template(clients, stage.names.stack), template)
    made = clients.cloudformation.create_change_set(
        StackName=stage.names.stack,
        ChangeSetName=f"changes-{time.time_ns()}",
        ChangeSetType="CREATE" if creates else "UPDATE",
        TemplateBody=json.dumps(template, separators=(",", ":")),
        Parameters=_parameters(clients, None if creates else stack, alarm_email),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Tags=stage.tags,
        ImportExistingResources=True,  # the tables that an earlier stack left
    )
    answer = _finished(clients, made["Id"])
    change_set = ChangeSet(made["Id"], made["StackId"], creates, _changes(clients, made["Id"]))
    if answer["Status"] == "FAILED":
        drop(clients, change_set)
        reason = answer.get("StatusReason", "")
        if any(words in reason for words in _NO_CHANGES):
            return None
        raise StackError(f"CloudFormation does not take this template: {reason}")
    return change_set


def _check_state(stack: dict[str, Any]) -> None:
    name, status = stack["StackName"], stack["StackStatus"]
    if status in FAILED_AT_BIRTH:
        raise StackError(f"{name} is what is left of a stack ({status}): `manage.py stack deploy` makes it anew.")
    if status == "UPDATE_ROLLBACK_FAILED":
        raise StackError(
            f"{name} could not go back after an update that failed: when the cause is mended, "
            f"`aws cloudformation continue-update-rollback --stack-name {name}` goes on with that."
        )
    if status.endswith("_IN_PROGRESS"):
        raise StackError(f"{name} is being changed at this moment ({status}); try again when that is done.")


def _parameters(clients: Clients, stack: dict[str, Any] | None, alarm_email: str | None) -> list[dict[str, Any]]:
    """What is not said anew stays as it is."""
    before = {each["ParameterKey"]: each["ParameterValue"] for each in (stack or {}).get("Parameters", [])}
    email = before.get("AlarmEmail", "") if alarm_email is None else alarm_email
    role = "yes" if before.get("MakeGatewayLogsRole") == "yes" or not _has_gateway_logs_role(clients) else "no"
    return [
        {"ParameterKey": "AlarmEmail", "ParameterValue": email},
        {"ParameterKey": "MakeGatewayLogsRole", "ParameterValue": role},
    ]


def _has_gateway_logs_role(clients: Clients) -> bool:
    return bool(clients.of("apigateway").get_account().get("cloudwatchRoleArn"))


def _finished(clients: Clients, change_set: str) -> dict[str, Any]:
    while True:
        answer: dict[str, Any] = clients.cloudformation.describe_change_set(ChangeSetName=change_set)
        if answer["Status"] in ("CREATE_COMPLETE", "FAILED"):
            return answer
        time.sleep(progress.PAUSE_SECONDS)


def _changes(clients: Clients, change_set: str) -> list[Change]:
    changes: list[Change] = []
    more: dict[str, str] = {}
    while True:
        answer = clients.cloudformation.describe_change_set(
            ChangeSetName=change_set, IncludePropertyValues=True, **more
        )
        changes += answer.get("Changes", [])
        if not answer.get("NextToken"):
            return changes
        more = {"NextToken": answer["NextToken"]}


def drop(clients: Clients, change_set: ChangeSet) -> None:
    """And with it the stack, if there is none but for the change set."""
    clients.cloudformation.delete_change_set(ChangeSetName=change_set.id)
    if change_set.creates:
        clients.cloudformation.delete_stack(StackName=change_set.stack_id)


def execute(clients: Clients, change_set: ChangeSet, say: Say) -> None:
    """Raises StackError, with CloudFormation's reasons, if it could not be done."""
    seen = progress.past_events(clients, change_set.stack_id)
    clients.cloudformation.execute_change_set(ChangeSetName=change_set.id)
    progress.follow(clients, change_set.stack_id, seen, say)
