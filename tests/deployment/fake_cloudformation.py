"""A fake of CloudFormation and DynamoDB that keeps a stack and enforces AWS's limit of index changes.

It is not AWS: it knows only the calls of `stack deploy`, and only tables, with AWS's texts. The emulator of
ministack/ deploys everything, but allows any number of index changes.
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from tests.deployment.fake_stack import AT, ID, STACK

LIMIT = (
    'Resource handler returned message: "Cannot perform more than one GSI creation or deletion in a single update '
    '(Service: DynamoDb, Status Code: 400)" (RequestToken: 1, HandlerErrorCode: InvalidRequest)'
)
UNUSED_ATTRIBUTES = (
    "One or more parameter values were invalid: Some AttributeDefinitions are not used. AttributeDefinitions: {}, keys "
    "used: {}"
)


class ConnectionLostError(Exception):
    """The network failed in the middle of a deploy."""


class EnforcingAWS:
    """Replaces `eventsite.stack.aws.Clients`."""

    def __init__(self, template: dict[str, Any]) -> None:
        self.template = template
        self.status = "UPDATE_COMPLETE"
        self.pending: dict[str, Any] = {}
        self.updates: list[dict[str, list[str]]] = []  # the indexes of each table after each update
        self.events: list[dict[str, Any]] = []
        self.busy: list[str] = []  # states of the stack that the next calls show before the final one
        self.creating = 0  # how many times DynamoDB still shows a new index as CREATING
        self.interrupt_after: int | None = None

    def of(self, service: str) -> Any:
        return {"dynamodb": self, "apigateway": SimpleNamespace(get_account=lambda: {"cloudwatchRoleArn": "role"})}[
            service
        ]

    @property
    def cloudformation(self) -> Any:
        return self

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        status = self.busy.pop(0) if self.busy else self.status
        return {"Stacks": [{"StackId": ID, "StackName": STACK, "StackStatus": status, "CreationTime": AT}]}

    def get_template(self, **_: str) -> dict[str, Any]:
        return {"TemplateBody": json.dumps(self.template)}

    def create_change_set(self, **sent: Any) -> dict[str, str]:
        if self.busy:
            message = f"Stack:{ID} is in {self.busy[0]} state and can not be updated."
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "CreateChangeSet")
        self.pending = json.loads(sent["TemplateBody"])
        return {"Id": "changes", "StackId": ID}

    def describe_change_set(self, **_: str) -> dict[str, Any]:
        if self.pending == self.template:
            return {"Status": "FAILED", "StatusReason": "No updates are to be performed.", "Changes": []}
        before, after = self.template["Resources"], self.pending["Resources"]
        changes = [
            {"ResourceChange": {"Action": "Modify", "LogicalResourceId": name, "ResourceType": after[name]["Type"]}}
            for name in sorted(after)
            if before[name] != after[name]
        ]
        return {"Status": "CREATE_COMPLETE", "Changes": changes}

    def delete_change_set(self, **_: str) -> None:
        self.pending = {}

    def execute_change_set(self, **_: str) -> None:
        for name, table in tables(self.pending).items():
            old, new = index_names(tables(self.template)[name]), index_names(table)
            schemas = [table, *table["GlobalSecondaryIndexes"]]
            used = {key["AttributeName"] for schema in schemas for key in schema["KeySchema"]}
            defined = {each["AttributeName"] for each in table["AttributeDefinitions"]}
            reason = LIMIT if len(set(old) ^ set(new)) > 1 else ""
            if used != defined:
                reason = UNUSED_ATTRIBUTES.format(sorted(defined), sorted(used))
            if reason:
                self.status = "UPDATE_ROLLBACK_COMPLETE"
                event = {"ResourceStatus": "UPDATE_FAILED", "LogicalResourceId": name, "ResourceStatusReason": reason}
                self.events.append(event)
                return
        self.template, self.status = self.pending, "UPDATE_COMPLETE"
        self.updates.append({name: index_names(table) for name, table in tables(self.template).items()})
        if len(self.updates) == self.interrupt_after:
            raise ConnectionLostError

    def get_paginator(self, name: str) -> Any:
        pages = {
            "describe_change_set": self.describe_change_set(),
            "describe_stack_events": {"StackEvents": self.events},
        }
        return SimpleNamespace(paginate=lambda **_: [pages[name]])

    def describe_table(self, **sent: str) -> dict[str, Any]:
        [table] = [each for each in tables(self.template).values() if each["TableName"] == sent["TableName"]]
        self.creating, state = max(0, self.creating - 1), "CREATING" if self.creating else "ACTIVE"
        indexes = [{"IndexName": name, "IndexStatus": state} for name in index_names(table)]
        return {"Table": {**sent, "TableStatus": "ACTIVE", "GlobalSecondaryIndexes": indexes}}


def tables(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The properties of each table, by its logical id."""
    found = template["Resources"].items()
    return {name: each["Properties"] for name, each in found if each["Type"] == "AWS::DynamoDB::Table"}


def index_names(table: dict[str, Any]) -> list[str]:
    return [index["IndexName"] for index in table["GlobalSecondaryIndexes"]]
