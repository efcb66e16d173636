"""A stage's stack from its first deploy to its end."""

from __future__ import annotations

from events.storage.models import TABLES
from eventsite.stack import StackError, progress
from eventsite.stack.aws import Clients
from eventsite.stack.change_sets import FAILED_AT_BIRTH, ChangeSet, Say, drop, execute, find_stack, make_change_set
from eventsite.stack.changes import describe, endangered_tables
from eventsite.stack.protection import protect
from eventsite.stack.stage import Stage
from eventsite.stack.table_resources import table_name
from eventsite.stack.template import make_template


def diff(clients: Clients, stage: Stage, say: Say, alarm_email: str | None = None) -> None:
    """What a deploy would do. Raises StackError."""
    change_set = make_change_set(clients, stage, make_template(stage), alarm_email)
    if change_set is None:
        say(f"{stage.names.stack} is as it should be.")
        return
    drop(clients, change_set)
    _say_changes(change_set, stage, say)
    if tables := endangered_tables(change_set.changes):
        say(_endangered(tables))


def deploy(
    clients: Clients, stage: Stage, say: Say, alarm_email: str | None = None, allow_replacement: bool = False
) -> None:
    """Makes the stack, or makes it as the template is now. Raises StackError."""
    _clear_away(clients, stage, say)
    change_set = make_change_set(clients, stage, make_template(stage), alarm_email)
    if change_set is None:
        say(f"{stage.names.stack} is as it should be.")
    else:
        _say_changes(change_set, stage, say)
        tables = endangered_tables(change_set.changes)
        if tables and not allow_replacement:
            drop(clients, change_set)
            raise StackError(_endangered(tables))
        execute(clients, change_set, say)
        say(f"{stage.names.stack} is as it should be now.")
    for sentence in protect(clients, stage):
        say(sentence)


def _say_changes(change_set: ChangeSet, stage: Stage, say: Say) -> None:
    say(f"{stage.names.stack}, to be {'made' if change_set.creates else 'changed'}:")
    for line in describe(change_set.changes):
        say(line)


def _endangered(tables: list[str]) -> str:
    return (
        f"This would replace or let go of {', '.join(tables)}: the site would be without what is in there. "
        "`deploy` does that only with --allow-replacement; nothing was changed."
    )


def _clear_away(clients: Clients, stage: Stage, say: Say) -> None:
    """A stack whose creation failed can only be deleted. Its tables stay, and the next one takes them over."""
    stack = find_stack(clients, stage.names.stack)
    if stack and stack["StackStatus"] in FAILED_AT_BIRTH:
        say(f"{stage.names.stack} is what is left of a stack ({stack['StackStatus']}), and is taken away first:")
        _delete(clients, stage, stack["StackId"], say)


def kept(stage: Stage) -> list[str]:
    """What `destroy` leaves."""
    return [*(table_name(table, stage.names) for table in TABLES), stage.names.secret_key]


def check_destroy(clients: Clients, stage: Stage) -> str:
    """The id of the stack that can be destroyed. Raises StackError if there is none, or the function needs it."""
    stack = find_stack(clients, stage.names.stack)
    if stack is None:
        raise StackError(f"There is no stack {stage.names.stack}.")
    if find_stack(clients, stage.names.function):
        raise StackError(
            f"The function {stage.names.function} needs this: `manage.py undeploy {stage.names.stage}` comes first."
        )
    stack_id: str = stack["StackId"]
    return stack_id


def destroy(clients: Clients, stage: Stage, stack_id: str, say: Say) -> None:
    """Raises StackError."""
    _delete(clients, stage, stack_id, say)
    say(f"{stage.names.stack} is gone; {', '.join(kept(stage))} are kept.")


def _delete(clients: Clients, stage: Stage, stack_id: str, say: Say) -> None:
    _empty_packages(clients, stack_id, say)
    seen = progress.past_events(clients, stack_id)
    clients.cloudformation.delete_stack(StackName=stack_id)
    progress.follow(clients, stack_id, seen, say)


def _empty_packages(clients: Clients, stack_id: str, say: Say) -> None:
    """CloudFormation removes only a bucket in which there is nothing."""
    resources = clients.cloudformation.describe_stack_resources(StackName=stack_id)["StackResources"]
    buckets = [
        resource["PhysicalResourceId"]
        for resource in resources
        if resource["LogicalResourceId"] == "Packages"
        and resource.get("PhysicalResourceId")
        and not resource["ResourceStatus"].startswith("DELETE_COMPLETE")
    ]
    s3 = clients.of("s3")
    for bucket in buckets:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            keys = [{"Key": found["Key"]} for found in page.get("Contents", [])]
            if keys:
                s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
                say(f"  {len(keys)} old packages are deleted from {bucket}")
