"""The commands on a stage's stack: diff, deploy and destroy."""

from __future__ import annotations

from typing import Any

from events.storage.models import TABLES
from eventsite.stack import Say, StackError, progress
from eventsite.stack.aws import Clients
from eventsite.stack.change_sets import (
    ChangeSet,
    Parameters,
    create_change_set,
    current_template,
    delete_change_set,
    execute,
    find_stack,
    is_changing,
    is_new,
)
from eventsite.stack.changes import Template, describe, endangered_tables
from eventsite.stack.index_steps import next_template, wait_until_active
from eventsite.stack.leftovers import adopt_leftovers
from eventsite.stack.protection import protect
from eventsite.stack.stage import Stage
from eventsite.stack.table_resources import table_name
from eventsite.stack.template import make_template

_CREATION_FAILED = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")


def diff(clients: Clients, stage: Stage, say: Say, given: Parameters) -> None:
    """Says what `deploy` would change. Raises StackError."""
    stack = find_stack(clients, stage.names.stack)
    template, later = _next_template(clients, stage, stack)
    change_set = create_change_set(clients, stage, stack, template, given)
    if change_set is None:
        say(f"{stage.names.stack} has no changes.")
        return
    delete_change_set(clients, change_set)
    _say_changes(change_set, stage, say, later)
    if tables := endangered_tables(change_set.changes):
        say(_warning(tables))


def deploy(
    clients: Clients, stage: Stage, say: Say, given: Parameters | None = None, allow_replacement: bool = False
) -> None:
    """Creates or updates the stack, in as many steps as it takes, and protects its tables. Raises StackError.

    After an interruption, the next `deploy` continues: each step begins with the stack as it is.
    """
    stack = usable_stack(clients, stage.names.stack, say)
    later = [""]
    while later:
        template, later = _next_template(clients, stage, stack)
        change_set = create_change_set(clients, stage, stack, template, given or {})
        if change_set is None:
            say(f"{stage.names.stack} has no changes.")
        else:
            _say_changes(change_set, stage, say, later)
            tables = endangered_tables(change_set.changes)
            if tables and not allow_replacement:
                delete_change_set(clients, change_set)
                raise StackError(_warning(tables))
            execute(clients, change_set, say)
            say(f"{stage.names.stack} is {'created' if change_set.creates else 'updated'}.")
        if later:
            wait_until_active(clients, template)
            stack = find_stack(clients, stage.names.stack)
    for sentence in protect(clients, stage):
        say(sentence)


def _next_template(clients: Clients, stage: Stage, stack: dict[str, Any] | None) -> tuple[Template, list[str]]:
    """The template of the next step, and what the steps after it do."""
    target = make_template(stage)
    if is_new(stack):
        return adopt_leftovers(clients, stage, target)
    return next_template(current_template(clients, stage.names.stack), target)


def _say_changes(change_set: ChangeSet, stage: Stage, say: Say, later: list[str]) -> None:
    say(f"Changes of {stage.names.stack}{' (new)' if change_set.creates else ''}:")
    for line in describe(change_set.changes):
        say(line)
    for line in later:
        say(f"  In a later step: {line}")


def _warning(tables: list[str]) -> str:
    return (
        f"This would replace or remove {', '.join(tables)}: the site would lose the data in there. "
        "Nothing was changed. `deploy` does it only with --allow-replacement."
    )


def usable_stack(clients: Clients, name: str, say: Say) -> dict[str, Any] | None:
    """The stack when no change of it is running, or None if there is none.

    A stack whose creation failed can only be deleted. Its tables are kept, and the next stack imports them.
    """
    stack = find_stack(clients, name)
    if stack and is_changing(stack):
        say(f"An earlier change of {name} is not finished ({stack['StackStatus']}). Waiting for it.")
        progress.wait(clients, stack["StackId"], say)
        stack = find_stack(clients, name)
    if stack and stack["StackStatus"] in _CREATION_FAILED:
        say(f"The creation of {name} failed earlier ({stack['StackStatus']}). Deleting it first.")
        _delete(clients, stack["StackId"], say)
        stack = None
    return stack


def kept(stage: Stage) -> list[str]:
    """What `destroy` keeps."""
    return [*(table_name(table, stage.names) for table in TABLES), stage.names.secret_key]


def check_destroy(clients: Clients, stage: Stage) -> str:
    """The id of the stack. Raises StackError if there is none, or the function still needs it."""
    stack = find_stack(clients, stage.names.stack)
    if stack is None:
        raise StackError(f"There is no stack {stage.names.stack}.")
    if find_stack(clients, stage.names.function):
        raise StackError(
            f"The function {stage.names.function} needs this stack. Run `manage.py undeploy {stage.name}` first."
        )
    stack_id: str = stack["StackId"]
    return stack_id


def destroy(clients: Clients, stage: Stage, stack_id: str, say: Say) -> None:
    """Raises StackError."""
    _delete(clients, stack_id, say)
    say(f"{stage.names.stack} is deleted. Kept: {', '.join(kept(stage))}.")


def _delete(clients: Clients, stack_id: str, say: Say) -> None:
    _empty_packages(clients, stack_id)
    clients.cloudformation.delete_stack(StackName=stack_id)
    progress.wait(clients, stack_id, say)


def _empty_packages(clients: Clients, stack_id: str) -> None:
    """CloudFormation deletes only empty buckets."""
    resources = clients.cloudformation.describe_stack_resources(StackName=stack_id)["StackResources"]
    s3, found = clients.of("s3"), {each["LogicalResourceId"]: each for each in resources}.get("Packages", {})
    bucket = found.get("PhysicalResourceId")
    if bucket and found["ResourceStatus"] != "DELETE_COMPLETE":
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            if keys := [{"Key": item["Key"]} for item in page.get("Contents", [])]:
                s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
