"""What a deployer needs: calls on the emulator, AWS's schemas of resource types, and what AWS's documents say.

The emulator (ministack/) records every call of the commands and of Zappa. It does not check what CloudFormation
does with the deployer's rights. AWS publishes that in the schema of each resource type; cfn-lint has a copy of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cfnlint

# The emulator saw these calls of the commands of a stage's whole life. ministack/test_deploys.py compares them.
CALLS = {
    "apigateway": "GET",
    "cloudformation": "CreateChangeSet DeleteChangeSet DeleteStack DescribeChangeSet DescribeStackResource "
    "DescribeStackResources DescribeStacks ExecuteChangeSet GetTemplate",
    "cloudwatch": "DescribeAlarms",
    "dynamodb": "DeleteItem DescribeContinuousBackups DescribeTable DescribeTimeToLive GetItem ListTables PutItem Scan "
    "UpdateContinuousBackups UpdateItem UpdateTable UpdateTimeToLive",
    "events": "ListRuleNamesByTarget",
    "iam": "GetRole",
    "lambda": "CreateAlias CreateFunction DeleteFunction DeleteFunctionConcurrency GetAlias GetFunction "
    "GetFunctionConfiguration GetPolicy InvokeFunction ListAliases ListFunctionUrlConfigs ListVersionsByFunction "
    "PublishVersion TagResource UpdateFunctionCode UpdateFunctionConfiguration",
    "logs": "DescribeLogGroups",
    "s3": "ListBucket",
    "ssm": "GetParameter PutParameter",
}

# What the emulator does not check.
IMPLIED = {
    "cloudformation:DescribeStackEvents": "stack deploy shows why CloudFormation failed",
    "cloudformation:ListStackResources": "zappa waits for its stack; the emulator has it ready at once",
    "cloudformation:TagResource": "CreateChangeSet and CreateStack send tags",
    "lambda:DeleteAlias": "a first deploy that fails removes the alias",
    "lambda:UpdateAlias": "the second deploy, and a rollback, move the alias",
    "s3:DeleteObject": "stack destroy empties the bucket; the emulator has no packages left",
    "s3:PutObject": "zappa uploads the package; the emulator does not check it",
    "dynamodb:RestoreTableToPointInTime": "stack restore",
    "dynamodb:BatchWriteItem": "stack restore: DynamoDB writes the restored table with the caller's rights",
    "dynamodb:Query": "stack restore: DynamoDB reads the source with the caller's rights",
    "iam:PassRole": "CreateFunction, UpdateFunctionConfiguration and the API's methods name a role",
    "s3:GetObject": "CreateStack reads the template, CreateFunction the package, with the caller's rights",
    "ssm:AddTagsToResource": "PutParameter sends tags",
}

# The resource types of the stack of the API.
ZAPPAS_TYPES = {
    f"AWS::ApiGateway::{name}" for name in ("RestApi", "Resource", "Method", "GatewayResponse", "Deployment", "Stage")
}
# A first stack imports these, so CloudFormation reads them, too.
IMPORTED = {"AWS::DynamoDB::Table", "AWS::Logs::LogGroup"}

# The schemas list the rights for all properties of a type. These are for properties that our templates do not have.
UNUSED = {
    "tables in several regions": "dynamodb:AssociateTableReplica dynamodb:CreateTableReplica dynamodb:BatchWriteItem "
    "dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:Scan dynamodb:UpdateItem "
    "iam:CreateServiceLinkedRole",
    "streams to Kinesis": "dynamodb:DisableKinesisStreamingDestination dynamodb:EnableKinesisStreamingDestination "
    "dynamodb:UpdateKinesisStreamingDestination kinesis:DescribeStream kinesis:PutRecords",
    "imports of tables from S3": "dynamodb:DescribeImport dynamodb:ImportTable s3:GetObject s3:GetObjectMetadata "
    "logs:CreateLogStream logs:DescribeLogStreams logs:PutLogEvents",
    "own encryption keys": "kms:CreateGrant kms:Decrypt kms:DescribeKey kms:Encrypt kms:ListAliases kms:RevokeGrant "
    "logs:AssociateKmsKey logs:DisassociateKmsKey",
    "insights": "dynamodb:UpdateContributorInsights",
    "resource policies": "dynamodb:DeleteResourcePolicy dynamodb:PutResourcePolicy apigateway:UpdateRestApiPolicy "
    "logs:DeleteResourcePolicy logs:DescribeResourcePolicies logs:PutResourcePolicy",
    "data protection, indexes and deliveries of logs": "logs:CreateLogDelivery logs:DeleteDataProtectionPolicy "
    "logs:DeleteIndexPolicy logs:DescribeIndexPolicies logs:GetDataProtectionPolicy logs:PutBearerTokenAuthentication "
    "logs:PutDataProtectionPolicy logs:PutIndexPolicy logs:PutLogGroupDeletionProtection firehose:TagDeliveryStream "
    "s3:REST.PUT.OBJECT sns:GetDataProtectionPolicy sns:PutDataProtectionPolicy",
    "boundaries of roles": "iam:DeleteRolePermissionsBoundary iam:PutRolePermissionsBoundary",
    "other settings of buckets": "s3:CreateBucketMetadataTableConfiguration s3:DeleteBucketAnalyticsConfiguration "
    "s3:DeleteBucketCors s3:DeleteBucketEncryption s3:DeleteBucketLifecycle s3:DeleteBucketMetadataTableConfiguration "
    "s3:DeleteBucketMetricsConfiguration s3:DeleteBucketReplication s3:DeleteBucketWebsite s3:DeleteObject "
    "s3:GetBucketAcl s3:GetBucketMetadataTableConfiguration s3:PutAccelerateConfiguration s3:PutAnalyticsConfiguration "
    "s3:PutBucketAbac s3:PutBucketAcl s3:PutBucketCORS s3:PutBucketLogging s3:PutBucketNotification "
    "s3:PutBucketObjectLockConfiguration s3:PutBucketReplication s3:PutBucketVersioning s3:PutBucketWebsite "
    "s3:PutIntelligentTieringConfiguration s3:PutInventoryConfiguration s3:PutMetricsConfiguration s3:PutObjectAcl "
    "s3:PutObjectLockConfiguration s3:PutReplicationConfiguration s3:UpdateBucketMetadataAnnotationTableConfiguration "
    "s3:UpdateBucketMetadataInventoryTableConfiguration s3:UpdateBucketMetadataJournalTableConfiguration",
}


def calls() -> set[str]:
    return {f"{service}:{action}" for service, actions in CALLS.items() for action in actions.split()}


def of_cloudformation(types: set[str]) -> Iterator[tuple[str, str]]:
    """Each resource type with an action that CloudFormation needs for it."""
    unused = {action for actions in UNUSED.values() for action in actions.split()}
    for kind in sorted(types):
        handlers = ("create", "update", "delete", *(("read",) if kind in IMPORTED else ()))
        for action in sorted({action for name in handlers for action in _schemas()[kind].get(name, [])} - unused):
            imports_from_s3 = kind == "AWS::DynamoDB::Table" and action == "s3:ListBucket"
            if not imports_from_s3 and not action.startswith("s3tables:"):
                yield kind, action


@cache
def _schemas() -> dict[str, dict[str, list[str]]]:
    """The permissions of each resource type's handlers."""
    folder = Path(cfnlint.__file__).parent / "data/schemas/resources"
    found: dict[str, dict[str, list[str]]] = {}
    for file in folder.glob("*.json"):
        schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        found[schema["typeName"]] = {name: each["permissions"] for name, each in schema.get("handlers", {}).items()}
    return found
