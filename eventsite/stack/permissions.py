"""The least policy of a deployer, and a role with it for GitHub Actions, from the rows of permissions.toml."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from events.storage.models import TABLES
from eventsite.stack import StackError
from eventsite.stack.aws import Clients
from eventsite.stack.data import read_data
from eventsite.stack.role import policy
from eventsite.stack.stage import Stage
from eventsite.stack.table_resources import table_name

# With the IDs that GitHub adds to the names of repositories since July 2026: octo@123/events@456.
_REPOSITORY = re.compile(r"[\w-]+(@\d+)?/[\w.-]+(@\d+)?")


def rows() -> dict[str, dict[str, Any]]:
    """Each row by its name, with `actions` as a list: "lambda:GetFunction"."""
    found = read_data("permissions.toml")
    for row in found.values():
        service, *actions = row["actions"].replace(":", "").split()
        row["actions"] = [f"{service}:{action}" for action in actions]
    return found


def explain() -> Iterator[str]:
    """A Markdown table of the actions and the calls that need them."""
    yield "| actions | on | needed by |\n| --- | --- | --- |"
    for row in rows().values():
        resources = f"`*`: {row['why']}" if "why" in row else ", ".join(f"`{each}`" for each in row["resources"])
        yield f"| {', '.join(row['actions'])} | {resources} | {row['needed_by']} |"


def deployer_policy(clients: Clients, stage: Stage) -> dict[str, Any]:
    """For the account whose credentials are in use."""
    arn = clients.of("sts").get_caller_identity()["Arn"].split(":")
    partition, account = arn[1], arn[4]
    names = {name: getattr(stage.names, name) for name in ("stage", "stack", "function", "role", "secret_key")}
    names |= {"region": stage.region, "account": account, "topic": stage.names.alarms_topic}
    names["bucket"] = stage.names.packages_bucket(account, stage.region)
    tables = [f"dynamodb:{stage.region}:{account}:table/{table_name(table, stage.names)}" for table in TABLES]
    return policy(
        *(
            {
                "Sid": name,
                "Effect": "Allow",
                "Action": row["actions"],
                "Resource": [
                    each if each == "*" else f"arn:{partition}:{each.format_map(names)}"
                    for resource in row["resources"]
                    for each in (tables if resource == "{tables}" else [resource])
                ],
            }
            for name, row in rows().items()
        )
    )


def github_template(clients: Clients, stage: Stage, repository: str) -> dict[str, Any]:
    """CloudFormation's template of a role that only this repository's environment with the stage's name may use."""
    if not _REPOSITORY.fullmatch(repository):
        raise StackError(f"{repository} is not a repository of GitHub: OWNER/REPO, or OWNER@ID/REPO@ID.")
    template: dict[str, Any] = json.loads(Path(__file__).with_name("github_role.json").read_text(encoding="utf-8"))
    template["Parameters"]["Repository"]["Default"] = repository
    template["Parameters"]["Stage"]["Default"] = stage.name
    [only] = template["Resources"]["Deployer"]["Properties"]["Policies"]
    only["PolicyDocument"] = deployer_policy(clients, stage)
    return template
