"""Runs ministack, and writes each of its decisions about a request into a file, as JSON lines.

ministack's own Python runs this: it has another environment. Usage: python recorder.py FILE
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from ministack.core import iam_actions, iam_evaluator
from ministack.services.cloudformation import _change_sets as change_sets

decide, pin_origin = iam_evaluator.enforce, iam_evaluator.pin_request_origin
find_resource = iam_actions.extract_resource_arn
FILE = Path(sys.argv.pop(1))


def record(access_key_id: str, iam_action: str, *arguments: Any, resource_arn: str = "*", **more: Any) -> Any:
    denied = decide(access_key_id, iam_action, *arguments, resource_arn=resource_arn, **more)
    with FILE.open("a") as lines:
        lines.write(json.dumps([access_key_id, iam_action, resource_arn, denied is None]) + "\n")
    return denied


def lambda_action(method: str, path: str) -> str | None:
    """By botocore's model. ministack's own list calls reading and moving an alias "ListAliases"."""
    operation: str | None = iam_actions._match_rest_action("lambda", method, path, {})  # noqa: SLF001
    return "InvokeFunction" if operation == "Invoke" else operation


def resource_arn(
    service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
) -> str:
    """AWS knows these resources; ministack's own says "*"."""
    arn: str = find_resource(service, method, path, headers, body, query, region, account)
    here = f"{service}:{region}:{account}"
    if service == "lambda" and method == "POST" and path.rstrip("/").endswith("/functions"):
        return f"arn:aws:{here}:function:{json.loads(body)['FunctionName']}"
    if service == "logs" and arn == "*":
        return f"arn:aws:{here}:log-group:*"
    if service in ("cloudwatch", "monitoring") and arn == "*":
        return f"arn:aws:cloudwatch:{region}:{account}:alarm:*"
    if service == "dynamodb" and arn == "*":
        sent = json.loads(body)
        source = f"arn:aws:{here}:table/{sent['SourceTableName']}" if "SourceTableName" in sent else arn
        return str(sent.get("ResourceArn", source))
    fields = parse_qs(body.decode()) if service == "cloudformation" else {}
    for change_set in fields.get("ChangeSetName", []):
        if arn == "*" and change_set in change_sets:
            return str(change_sets[change_set]["StackId"])
    return arn


def pin_encrypted_origin(source_ip: str, secure_transport: bool) -> None:
    """As to AWS: the policy of the packages' bucket allows only encrypted connections."""
    pin_origin(source_ip, True)


iam_evaluator.enforce = record
iam_evaluator.pin_request_origin = pin_encrypted_origin
iam_actions.extract_resource_arn = resource_arn
iam_actions._BOTOCORE_SERVICE_MAP["lambda"] = ["lambda"]  # noqa: SLF001
iam_actions._lambda_action = lambda_action  # noqa: SLF001

from ministack.app import main  # noqa: E402

main()
