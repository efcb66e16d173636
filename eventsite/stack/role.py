"""The function's role: it allows only what the site does, and only on resources of its stage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from events.storage.account_changes import PREFIX
from events.storage.models import TABLES, AccessItem
from eventsite.stack.names import ALIAS
from eventsite.stack.stage import Stage
from eventsite.stack.table_resources import USES, index_names, logical_id


def role_resource(stage: Stage) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::Role",
        "DeletionPolicy": "Delete",
        "Properties": {
            "RoleName": stage.names.role,
            "Description": f"For the function {stage.names.function}, and for API Gateway to invoke it",
            # Zappa lets API Gateway invoke the function with this role, too.
            "AssumeRolePolicyDocument": policy(
                {
                    "Effect": "Allow",
                    "Principal": {"Service": ["apigateway.amazonaws.com", "lambda.amazonaws.com"]},
                    "Action": "sts:AssumeRole",
                }
            ),
            "Policies": [{"PolicyName": "function", "PolicyDocument": policy(*_statements(stage))}],
            "Tags": stage.tags,
        },
    }


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _statements(stage: Stage) -> Iterator[dict[str, Any]]:
    for table in TABLES:
        name = logical_id(table, stage.names)
        actions = [f"dynamodb:{action}" for action in USES[table].actions]
        indexes = [{"Fn::Sub": f"${{{name}.Arn}}/index/{index}"} for index in index_names(table)]
        yield _allow(name, actions, {"Fn::GetAtt": [name, "Arn"]})
        yield _allow(f"{name}Indexes", ["dynamodb:Query"], *indexes)
    # The security log. The rows that the site deletes and updates in this table have other keys. PutItem must stay
    # allowed, because it also adds rows.
    access = {"Fn::GetAtt": [logical_id(AccessItem, stage.names), "Arn"]}
    yield {
        **_allow("SecurityLog", ["dynamodb:DeleteItem", "dynamodb:UpdateItem"], access),
        "Effect": "Deny",
        "Condition": {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": [f"{PREFIX}*"]}},
    }
    # The lines of the security log are in this group: nothing here can remove or change one.
    yield _allow("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], {"Fn::GetAtt": ["FunctionLogs", "Arn"]})
    yield _allow("Invoke", ["lambda:InvokeFunction"], _arn("lambda", f"function:{stage.names.function}:{ALIAS}"))
    # This is enough to decrypt it: AWS's own key allows everybody who may read the parameter.
    yield _allow("SecretKey", ["ssm:GetParameter"], _arn("ssm", f"parameter{stage.names.secret_key}"))
    if stage.tracing:
        # Neither action can be limited to a resource.
        yield _allow("Tracing", ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*")


def _allow(name: str, actions: list[str], *resources: Any) -> dict[str, Any]:
    return {
        "Sid": name,
        "Effect": "Allow",
        "Action": actions,
        "Resource": list(resources) if len(resources) > 1 else resources[0],
    }


def _arn(service: str, rest: str) -> dict[str, str]:
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}"}
