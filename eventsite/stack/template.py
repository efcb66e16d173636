"""The CloudFormation template of a stage's stack."""

from __future__ import annotations

import json
from typing import Any

from eventsite.stack.alarms import alarm_resources
from eventsite.stack.dashboard import dashboard_resource
from eventsite.stack.role import policy, role_resource
from eventsite.stack.stage import Stage
from eventsite.stack.table_resources import table_resources

# Lambda keeps its own copy of a deployed package.
_PACKAGES_EXPIRE_DAYS = 14
# The function's log has the lines of the security log. Storing one gigabyte of them costs about 0.03 USD a month.
_SECURITY_LOG_DAYS = 365


def make_template(stage: Stage) -> dict[str, Any]:
    names = stage.names
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Events, stage {names.stage}: tables, role, logs, alarms and dashboard (manage.py stack)",
        "Parameters": {
            "AlarmEmail": {
                "Type": "String",
                "Default": "",
                "Description": "The address that gets alarms; empty for none",
            },
            "MonthlyBudget": {"Type": "Number", "Default": "0", "Description": "USD for the account; 0 for none"},
            "MakeGatewayLogsRole": {
                "Type": "String",
                "Default": "no",
                "AllowedValues": ["yes", "no"],
                "Description": "Whether this stack creates API Gateway's role for writing logs (one per account)",
            },
        },
        "Conditions": {
            "HasAlarmEmail": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]},
            "HasBudget": {"Fn::Not": [{"Fn::Equals": [{"Ref": "MonthlyBudget"}, "0"]}]},
            "MakesGatewayLogsRole": {"Fn::Equals": [{"Ref": "MakeGatewayLogsRole"}, "yes"]},
        },
        "Resources": {
            **table_resources(stage),
            "FunctionRole": role_resource(stage),
            "FunctionLogs": _logs(names.function_logs, stage, max(stage.log_retention_days, _SECURITY_LOG_DAYS)),
            "AccessLogs": _logs(names.access_logs, stage, stage.log_retention_days),
            **_gateway_logs_role(),
            **_packages(stage),
            **alarm_resources(stage),
            "Dashboard": dashboard_resource(stage),
        },
    }


def as_json(template: dict[str, Any]) -> str:
    return json.dumps(template, indent=2)


def _logs(name: str, stage: Stage, days: int) -> dict[str, Any]:
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Retain",
        "Properties": {"LogGroupName": name, "RetentionInDays": days, "Tags": stage.tags},
    }


def _gateway_logs_role() -> dict[str, Any]:
    """API Gateway needs this role to write logs. All stages of the account share it, so it is kept."""
    kept = {"Condition": "MakesGatewayLogsRole", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    managed = "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    return {
        "GatewayLogsRole": {
            "Type": "AWS::IAM::Role",
            **kept,
            "Properties": {
                "AssumeRolePolicyDocument": policy(
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "apigateway.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ),
                "ManagedPolicyArns": [{"Fn::Sub": managed}],
            },
        },
        "GatewayAccount": {
            "Type": "AWS::ApiGateway::Account",
            **kept,
            "Properties": {"CloudWatchRoleArn": {"Fn::GetAtt": ["GatewayLogsRole", "Arn"]}},
        },
    }


def _packages(stage: Stage) -> dict[str, Any]:
    bucket = stage.names.packages_bucket("${AWS::AccountId}", "${AWS::Region}")
    return {
        "Packages": {
            "Type": "AWS::S3::Bucket",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "BucketName": {"Fn::Sub": bucket},
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
                },
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
                "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                "LifecycleConfiguration": {
                    "Rules": [
                        {
                            "Id": "expire",
                            "Status": "Enabled",
                            "ExpirationInDays": _PACKAGES_EXPIRE_DAYS,
                            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                        }
                    ]
                },
                "Tags": stage.tags,
            },
        },
        "PackagesPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "Packages"},
                "PolicyDocument": policy(
                    {
                        "Sid": "OnlyEncryptedConnections",
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": [
                            {"Fn::GetAtt": ["Packages", "Arn"]},
                            {"Fn::Sub": "${Packages.Arn}/*"},
                        ],
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ),
            },
        },
    }
