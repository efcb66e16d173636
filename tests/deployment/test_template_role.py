"""The function's role: each action, and a comparison with what the site does on a tour of all its features."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from pynamodb.connection import Connection

from events.storage import connection as dynamodb
from events.storage.models import TABLES
from eventsite.accounts import people
from eventsite.accounts.domain import Role
from eventsite.stack.names import Names
from eventsite.stack.stage import Stage
from eventsite.stack.table_resources import USES, table_name
from eventsite.stack.template import make_template
from tests.deployment.tour import take_tour
from tests.support.builders import ACTOR, PASSWORD
from tests.support.fault_proxy import FaultProxy, _Handler
from tests.support.sign_in import rows

STAGE = Stage(Names("production"))
# The action that each part of a transaction needs.
IN_TRANSACTIONS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}
# They create tables, or belong to the first start on a developer's machine. No request uses them.
NOT_FOR_REQUESTS = {"events/storage/tables.py", "has_events", "has_kind"}

Call = tuple[str, str, str]  # the table, "table" or the index, the action


def statements(stage: Stage) -> list[dict[str, Any]]:
    role = make_template(stage)["Resources"]["FunctionRole"]["Properties"]
    [policy] = role["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def table_statement(name: str, *actions: str) -> dict[str, Any]:
    return {
        "Sid": name,
        "Effect": "Allow",
        "Action": [f"dynamodb:{action}" for action in actions],
        "Resource": {"Fn::GetAtt": [name, "Arn"]},
    }


def index_statement(table: str, resource: Any) -> dict[str, Any]:
    return {"Sid": f"{table}Indexes", "Effect": "Allow", "Action": ["dynamodb:Query"], "Resource": resource}


def test_all_that_the_role_allows() -> None:
    assert statements(STAGE) == [
        table_statement("EventTable", "BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Scan", "UpdateItem"),
        index_statement(
            "EventTable",
            [
                {"Fn::Sub": "${EventTable.Arn}/index/by-date"},
                {"Fn::Sub": "${EventTable.Arn}/index/by-status"},
                {"Fn::Sub": "${EventTable.Arn}/index/by-status-name"},
                {"Fn::Sub": "${EventTable.Arn}/index/by-text"},
            ],
        ),
        table_statement("HistoryTable", "GetItem", "PutItem", "Query"),
        index_statement("HistoryTable", {"Fn::Sub": "${HistoryTable.Arn}/index/by-time"}),
        table_statement("AccessTable", "BatchGetItem", "DeleteItem", "GetItem", "PutItem", "UpdateItem"),
        index_statement("AccessTable", {"Fn::Sub": "${AccessTable.Arn}/index/by-kind"}),
        {
            "Sid": "SecurityLog",
            "Effect": "Deny",
            "Action": ["dynamodb:DeleteItem", "dynamodb:UpdateItem"],
            "Resource": {"Fn::GetAtt": ["AccessTable", "Arn"]},
            "Condition": {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": ["account-change#*"]}},
        },
        {
            "Sid": "Logs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"Fn::GetAtt": ["FunctionLogs", "Arn"]},
        },
        {
            "Sid": "Invoke",
            "Effect": "Allow",
            "Action": ["lambda:InvokeFunction"],
            "Resource": {
                "Fn::Sub": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:"
                "function:events-production:live"
            },
        },
        {
            "Sid": "SecretKey",
            "Effect": "Allow",
            "Action": ["ssm:GetParameter"],
            "Resource": {
                "Fn::Sub": "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:"
                "parameter/events/production/secret-key"
            },
        },
    ]


def test_tracing_needs_two_more_actions() -> None:
    [*others, tracing] = statements(Stage(Names("production"), {"xray_tracing": True}))
    assert others == statements(STAGE)
    assert tracing == {
        "Sid": "Tracing",
        "Effect": "Allow",
        "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
        "Resource": "*",
    }


def test_who_may_use_the_role() -> None:
    role = make_template(STAGE)["Resources"]["FunctionRole"]["Properties"]
    assert role["RoleName"] == "events-production-function"
    assert role["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["apigateway.amazonaws.com", "lambda.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
    ]
    assert set(role) == {"RoleName", "Description", "AssumeRolePolicyDocument", "Policies", "Tags"}


def allowed() -> set[Call]:
    """What the policy allows on tables, with the table names of the tests."""
    found: set[Call] = set()
    for statement in statements(STAGE):
        if statement["Effect"] == "Deny":
            continue
        for action in statement["Action"]:
            service, _, name = action.partition(":")
            if service == "dynamodb":
                resources = statement["Resource"]
                for resource in resources if isinstance(resources, list) else [resources]:
                    found.add((*_place(resource), name))
    return found


def _place(resource: dict[str, Any]) -> tuple[str, str]:
    logical = {f"{model.__name__.removesuffix('Item')}Table": model.Meta.table_name for model in TABLES}
    if "Fn::GetAtt" in resource:
        return logical[resource["Fn::GetAtt"][0]], "table"
    table, _, index = resource["Fn::Sub"].removeprefix("${").partition(".Arn}/index/")
    return logical[table], index


def needed(operation: str, body: dict[str, Any]) -> Iterator[Call]:
    """The permissions that a recorded call needs."""
    if operation == "TransactWriteItems":
        for item in body["TransactItems"]:
            [(kind, write)] = item.items()
            yield write["TableName"], "table", IN_TRANSACTIONS[kind]
    elif operation == "BatchGetItem":
        for table in body["RequestItems"]:
            yield table, "table", operation
    else:
        yield body["TableName"], body.get("IndexName", "table"), operation


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The functions that used the connection, named as in `callers_of_dynamodb`."""
    found: set[str] = set()

    def shared(endpoint_url: str | None, read: Callable[[bytes], Any]) -> Connection:
        caller = sys._getframe(2).f_code  # noqa: SLF001  # the one that called `connection`
        name = caller.co_qualname.partition(".<locals>")[0].rpartition(".")[2]  # of a lambda, the function around it
        found.add(f"{Path(caller.co_filename).relative_to(django_settings.BASE_DIR).as_posix()} {name}")
        return real(endpoint_url, read)

    real = dynamodb._shared  # noqa: SLF001
    monkeypatch.setattr(dynamodb, "_shared", shared)
    return found


def callers_of_dynamodb() -> set[str]:
    """The functions that call `connection`, such as "events/storage/history.py get_history"."""
    found = set()
    for package in ("events", "eventsite"):
        for path in (django_settings.BASE_DIR / package).rglob("*.py"):
            name, source = path.relative_to(django_settings.BASE_DIR).as_posix(), path.read_text()
            for node in ast.walk(ast.parse(source)) if "connection(" in source else ():
                if isinstance(node, ast.FunctionDef) and re.search(r"connection\(\w*\)[.)]", ast.unparse(node)):
                    found.add(f"{name} {node.name}")
    return {each for each in found if NOT_FOR_REQUESTS.isdisjoint(each.split())}


def test_the_site_uses_all_that_and_nothing_else(faults: FaultProxy, reached: set[str]) -> None:
    calls: list[tuple[str, dict[str, Any]]] = []

    def note(handler: _Handler, body: bytes) -> None:
        calls.append((handler.headers["X-Amz-Target"].partition(".")[2], json.loads(body)))
        handler.answer(*handler.forward(body))

    faults.set(note)
    take_tour()
    assert callers_of_dynamodb() - reached == set(), "the tour must use them, too"
    assert {call for operation, body in calls for call in needed(operation, body)} == allowed()
    counted = {(table, operation) for operation, body in calls for table, _, _ in needed(operation, body)}
    assert counted == {(table.Meta.table_name, call) for table, use in USES.items() for call in use.calls}


def may(action: str, resource: Any, key: str = "") -> bool:
    """IAM's decision: an explicit Deny wins. It knows only the condition that the template uses.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    effects = set()
    for statement in statements(STAGE):
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        patterns = statement.get("Condition", {}).get("ForAnyValue:StringLike", {}).get("dynamodb:LeadingKeys", ["*"])
        applies = any(fnmatchcase(action, each) for each in statement["Action"]) and resource in resources
        if applies and any(fnmatchcase(key, pattern) for pattern in patterns):
            effects.add(statement["Effect"])
    return effects == {"Allow"}


def test_the_security_log_can_only_grow() -> None:
    table = {"Fn::GetAtt": ["AccessTable", "Arn"]}
    people.create_staff("eva", Role.VIEWER, PASSWORD, ACTOR)
    [row] = rows("account-change")
    assert may("dynamodb:PutItem", table, row["key"]["S"])
    assert may("dynamodb:BatchGetItem", table, row["key"]["S"])
    for action in ("DeleteItem", "UpdateItem", "BatchWriteItem", "PartiQLDelete", "PartiQLUpdate", "UpdateTimeToLive"):
        assert not may(f"dynamodb:{action}", table, row["key"]["S"])
    for key in ("session#0a", "staff#eva", "account", ""):
        assert may("dynamodb:DeleteItem", table, key)
        assert may("dynamodb:UpdateItem", table, key)
    group = {"Fn::GetAtt": ["FunctionLogs", "Arn"]}
    assert may("logs:PutLogEvents", group)
    for action in (
        "DeleteLogGroup",
        "DeleteLogStream",
        "PutRetentionPolicy",
        "DeleteRetentionPolicy",
        "CreateLogGroup",
    ):
        assert not may(f"logs:{action}", group)


def test_the_tables_have_the_names_that_the_site_uses() -> None:
    names = [table_name(table, Names("production")) for table in TABLES]
    assert names == ["events-production", "events-production-history", "events-production-access"]
